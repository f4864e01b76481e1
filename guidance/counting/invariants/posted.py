"""I1: what was corrected after a lock is what the log says was corrected, and no more."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from audit.log import AuditEvent, AuditPayload
from guidance.counting.invariants.violation import MOST
from guidance.periods.adjustment import Adjustment, AdjustmentStatus
from guidance.session import GuidanceSession

AMOUNTS = {"void": -1, "add": 1, "reclassify": 0}
TOLD = ("adjustment.posted", "period.adjusted")


class Posted(NamedTuple):
    """One correction as the log tells it."""

    session: int
    kind: str
    period: str
    amount: int
    unit: str
    to_unit: str
    by: str


def i1_adjustments(db: Session) -> Iterator[str]:
    """Every posted adjustment was posted by an event, and says what that event says."""
    told, erased, wordless = _told(db)
    for seq in wordless:
        yield f"第 {seq} 号事件没有说调整了什么"
    posted = select(Adjustment).where(Adjustment.status == AdjustmentStatus.POSTED)
    for row in db.scalars(posted.order_by(Adjustment.id)):
        now = Posted(
            row.session_id or 0, row.kind, row.period, row.amount, row.org_unit, row.to_unit,
            row.decided_by,
        )  # fmt: skip
        if row.amount != AMOUNTS[row.kind]:
            yield f"调整 {row.id} 的数额是 {row.amount}"
        logged = told.pop(row.id, None)
        if logged is None and erased[now.session]:
            erased[now.session] -= 1  # its words went with those of the session
        elif logged != now:
            yield f"调整 {row.id} 与日志不同"
    for number in sorted(told):
        yield f"调整 {number} 在日志里已生效，在表中没有"
    strays = (
        select(Adjustment.id)
        .join(GuidanceSession, GuidanceSession.id == Adjustment.session_id)
        .where(
            Adjustment.status == AdjustmentStatus.POSTED,
            or_(
                Adjustment.count_on != GuidanceSession.count_on,
                Adjustment.period != GuidanceSession.period,
            ),
        )
    )
    for number in db.scalars(strays.limit(MOST)):
        yield f"调整 {number} 的日期或季度与它的记录不同"


def _told(db: Session) -> tuple[dict[int, Posted], Counter[int], list[int]]:
    """Return the log's adjustments by number, the erased ones by session, events without words.

    The event on the session may be erased with it; the one on the quarter stays.
    """
    told: dict[int, Posted] = {}
    erased: Counter[int] = Counter()
    wordless: list[int] = []
    events = (
        select(AuditEvent.seq, AuditEvent.action, AuditEvent.subject, AuditEvent.actor_id,
               AuditPayload.payload)
        .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.action.in_(TOLD))
        .order_by(AuditEvent.seq)
    )  # fmt: skip
    for seq, action, subject, actor, payload in db.execute(events):
        of, _, name = subject.partition(":")
        if payload is not None:
            said: dict[str, Any] = json.loads(payload)["details"]
            session = int(name) if of == "session" else said["session"]
            told[said["adjustment"]] = Posted(
                session, said["kind"], said["period"], said["amount"], said["unit"],
                said["to_unit"], f"account:{actor}",
            )  # fmt: skip
            erased[session] -= action == "period.adjusted" and erased[session] > 0
        elif of == "session":
            erased[int(name)] += 1
        else:
            wordless.append(seq)
    return told, erased, wordless
