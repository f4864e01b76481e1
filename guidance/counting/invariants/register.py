"""I8 of the whole register: every row that was frozen with a quarter stands as it was signed."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import AuditEvent, AuditPayload
from guidance.periods.frozen import FrozenIndicator


def i8_register(db: Session) -> Iterator[str]:
    """What was frozen is what the log says was signed; none is missing or added."""
    events = (
        select(AuditEvent.subject, AuditPayload.payload)
        .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.action == "period.locked")
    )
    signed: dict[tuple[str, str], list[Any]] = {}
    for subject, payload in db.execute(events):
        details = json.loads(payload)["details"]
        for name, said in details.get("indicators", {}).items():
            signed[subject.split(":")[1], name] = [*said, details["definitions"]]
    rows = db.scalars(select(FrozenIndicator))
    stored = {(row.period, row.indicator): [*row.said, row.definitions] for row in rows}
    for key in sorted(signed.keys() | stored.keys()):
        if signed.get(key) != stored.get(key):
            yield f"{key[0]} 锁定的指标 {key[1]} 与签发时不同"
