"""Locking a quarter: values and members are frozen, and nothing changes them again."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import append_event, last_seq
from audit.merkle import MerkleTree
from guidance.counting.rules import rules_in_force
from guidance.counting.tally import counted, counted_by
from guidance.indicators.standing import Given, definitions_now, standing_at
from guidance.lifecycle import SessionState, check_transition
from guidance.periods.adjustment import Adjustment, AdjustmentKind, posted_of
from guidance.periods.carrying import carry_over
from guidance.periods.closing import PeriodNotReady
from guidance.periods.frozen import freeze
from guidance.periods.members import LEAF, counted_members, leaf_of, sample_root
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import WHOLE, PeriodRecord, PeriodState, PeriodValue
from guidance.periods.sample import add_late, sample_left, unconfirmed
from guidance.review.proposal import Proposal, ProposalKind, decide, propose
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from guidance.transition import take_ledger

SESSIONS = "M3c"
PERSONS = "B3"


def prepare_lock(db: Session, quarter: Quarter, by: Staff, at: datetime) -> Proposal:
    """Draw up a closed quarter for signing (制表). Raises PeriodNotReady naming what is left."""
    by.require(Role.HANDLER, Role.REVIEWER, Role.SIGNER)
    take_ledger(db)
    _ready(db, quarter, by, at)
    content = {"sessions": counted(db, str(quarter)), "reason": f"{quarter} 结算表"}
    return propose(db, ProposalKind.LOCK, f"period:{quarter}", by, at, content)


def sign_lock(
    db: Session, proposal_id: int, by: Staff, at: datetime, given: Given | None = None
) -> PeriodRecord:
    """Lock the quarter as the second person (签发): freeze values and members (T12).

    Every row of the register is frozen with them; `given` as in `progress`.
    """
    by.require(Role.SIGNER)
    proposal = decide(db, proposal_id, by, at, confirm=True)
    quarter = Quarter.parse(proposal.subject.split(":")[1])
    record = _ready(db, quarter, by, at)
    if counted(db, str(quarter)) != proposal.details["sessions"]:
        raise PeriodNotReady("制表以后数字有变化，请重新制表再签发。")
    row = check_transition("period.locked", SessionState.APPROVED)
    root, sessions, persons = _members(db, str(quarter))
    if sessions[WHOLE] != counted(db, str(quarter)):
        raise PeriodNotReady("汇总数与明细不一致，请先运行 qichuang audit invariants 查明原因。")
    db.execute(
        update(GuidanceSession)
        .where(
            GuidanceSession.period == str(quarter),
            GuidanceSession.state == SessionState.APPROVED,
        )
        .values(state=row.target)
        .execution_options(synchronize_session=False)
    )
    db.expire_all()
    prepared_by, as_of = proposal.proposed_by, last_seq(db)
    rules, definitions = rules_in_force(db, str(quarter)).name, definitions_now(db)
    # All in one statement: the database lets nobody change the row of a locked quarter.
    record.state, record.locked_at = PeriodState.LOCKED, at
    record.prepared_by, record.signed_by = prepared_by, by.reference
    record.members_root, record.as_of_seq = root, as_of
    common = {
        "period": str(quarter), "definition_version": definitions, "rule_version": rules,
        "members_root": root, "as_of_seq": as_of,
    }  # fmt: skip
    for indicator, values in ((SESSIONS, sessions), (PERSONS, persons)):
        for unit, value in values.items():
            db.add(PeriodValue(indicator=indicator, org_unit=unit, value=value, **common))
    db.flush()
    rows = freeze(db, str(quarter), standing_at(db, quarter.last_day, given or {}), definitions)
    said = {
        "root": root, "leaf": LEAF, SESSIONS: sessions, PERSONS: persons, "rules": rules,
        "indicators": {row.indicator: row.said for row in rows}, "definitions": definitions,
        "as_of": as_of, "sample": sample_root(db, str(quarter)),
    }  # fmt: skip
    append_event(db, row.action, f"period:{quarter}", by.actor, said)
    return record


def locked_values(db: Session, period: str, indicator: str = SESSIONS) -> dict[str, int]:
    """Return the frozen values by unit, WHOLE for the district; empty before locking."""
    rows = db.execute(
        select(PeriodValue.org_unit, PeriodValue.value).where(
            PeriodValue.period == period, PeriodValue.indicator == indicator
        )
    )
    return dict(iter(rows))


def restated(db: Session, period: str) -> dict[str, Any]:
    """Return 原公布值, 修订值, 差额 and 依据 of a quarter's 人次 (统计法实施条例 §26)."""
    original = locked_values(db, period).get(WHOLE)
    if original is None:
        original = counted(db, period)
    changes: list[Adjustment] = posted_of(db, period)
    difference = sum(change.amount for change in changes)
    return {
        "original": original,
        "revised": original + difference,
        "difference": difference,
        "basis": changes,
    }


def units_restated(db: Session, period: str) -> dict[str, int]:
    """Return every unit's 人次 of a quarter with its adjustments; they sum to the district's."""
    locked = {unit: value for unit, value in locked_values(db, period).items() if unit != WHOLE}
    values = defaultdict(int, locked or counted_by(db, "org_unit", period))
    for change in posted_of(db, period):
        if change.kind is AdjustmentKind.RECLASSIFY:
            values[change.org_unit] -= 1
            values[change.to_unit] += 1
        else:
            values[change.org_unit] += change.amount
    return dict(values)


def _ready(db: Session, quarter: Quarter, by: Staff, at: datetime) -> PeriodRecord:
    record = db.get(PeriodRecord, str(quarter), populate_existing=True)
    if record is None or record.state is not PeriodState.CLOSED:
        raise PeriodNotReady(f"{quarter} 还没有结算，或者已经锁定。")
    if shanghai_day(at) <= quarter.review_closes_on:
        raise PeriodNotReady(
            f"{quarter} 的复核到 {quarter.review_closes_on} 截止，截止以后才能制表和锁定。"
        )
    carry_over(db, quarter, by)
    add_late(db, str(quarter))
    if left := sample_left(db, str(quarter)):
        raise PeriodNotReady(f"还有 {left} 条抽查没有完成，完成后才能锁定。")
    if failed := unconfirmed(db, str(quarter)):
        numbers = "、".join(map(str, failed[:5]))
        raise PeriodNotReady(f"抽查未证实的记录要先撤销通过：{numbers} 等 {len(failed)} 条。")
    return record


def _members(db: Session, period: str) -> tuple[str, dict[str, int], dict[str, int]]:
    """Read a quarter's counted sessions once: their root, and 人次 and 人 by unit."""
    tree = MerkleTree()
    sessions: dict[str, int] = defaultdict(int, {WHOLE: 0})
    persons: dict[str, set[str]] = defaultdict(set, {WHOLE: set()})
    for row in counted_members(db, period):
        tree.append(leaf_of(row))
        for key in (WHOLE, row.org_unit):
            sessions[key] += 1
            persons[key].add(row.counts_for)
    return tree.root(), dict(sessions), {unit: len(found) for unit, found in persons.items()}
