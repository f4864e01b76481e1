"""I7: the seed of a quarter's sample is the one whose digest the log published, and when."""

import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import AuditEvent, AuditPayload
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import PeriodRecord
from guidance.periods.seed import late_seeds
from guidance.review.sampling import seed_digest


def i7_seeds(db: Session) -> Iterator[str]:
    """Every seed was published before it was used; one that came late was signed by two."""
    published = dict(_published(db))
    late = late_seeds(db)
    for record in db.scalars(select(PeriodRecord).order_by(PeriodRecord.period)):
        if published.get(record.period) != record.seed_digest:
            yield f"{record.period} 的抽查种子摘要与日志公布的不同"
        if seed_digest(record.seed) != record.seed_digest:
            yield f"{record.period} 的抽查种子与它的摘要不符"
        last_day = Quarter.parse(record.period).last_day
        at = record.committed_at
        if at is not None and shanghai_day(at) > last_day and record.period not in late:
            yield f"{record.period} 的抽查种子摘要逾期公布，却没有两人签字"


def _published(db: Session) -> Iterator[tuple[str, str]]:
    events = (
        select(AuditEvent.subject, AuditPayload.payload)
        .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.action == "sample.committed")
        .order_by(AuditEvent.seq.desc())  # the first one of a quarter is told last and stays
    )
    for subject, payload in db.execute(events):
        yield subject.split(":")[1], json.loads(payload)["details"]["seed_digest"]
