"""How soon policies stand on the site after they were issued (M11 of the register)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import AuditEvent
from guidance.periods.period import shanghai_day
from knowledge.document import DocumentStatus, PolicyDocument

PUBLISHED = "document.published"


@dataclass(frozen=True, slots=True)
class Published:
    """One policy with the day it was issued on and the day it was on the site."""

    document_id: int
    title: str
    doc_number: str
    issued_on: date
    on_site_on: date

    @property
    def days(self) -> int:
        """How many days lie between; none where the site was not later."""
        return max(0, (self.on_site_on - self.issued_on).days)


def published_between(db: Session, first: date, last: date) -> list[Published]:
    """Return the policies issued in a span that stood on the site by its last day.

    Our own restatements are no publication; what was drafted first is on the site from the
    day on which it was published, everything else from the day it was loaded.
    """
    documents = db.scalars(
        select(PolicyDocument)
        .where(
            PolicyDocument.published_on >= first,
            PolicyDocument.published_on <= last,
            PolicyDocument.status != DocumentStatus.DRAFT,
            PolicyDocument.restated.is_(False),
        )
        .order_by(PolicyDocument.published_on, PolicyDocument.id)
    ).all()
    subjects = {f"document:{one.id}" for one in documents}
    events = db.scalars(
        select(AuditEvent)
        .where(AuditEvent.action == PUBLISHED, AuditEvent.subject.in_(subjects))
        .order_by(AuditEvent.seq.desc())
    )
    first_events = {event.subject: shanghai_day(event.at) for event in events}
    found = [
        Published(
            one.id,
            one.title,
            one.doc_number or "",
            one.published_on,
            first_events.get(f"document:{one.id}", shanghai_day(one.loaded_at)),
        )
        for one in documents
        if one.published_on is not None
    ]
    return [one for one in found if one.on_site_on <= last]
