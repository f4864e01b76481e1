"""The audit log for auditors: events, checkpoints, and whether all of it still holds."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from accounts.role import ROLE_NAMES
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.input import Word
from api.ledger.event_details import (
    details_in_words,
    proposers,
    subject_in_words,
    subject_typed,
)
from api.ledger.event_words import EVENT_GROUPS, event_name
from api.ledger.staff import names_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.checkpoint import Standing, compare_with_witness
from audit.log import AuditEvent, append_event
from audit.verify import Verification, verify
from audit.witness import Witness, open_witness
from guidance.ledger_audit import EventFilter, list_events
from guidance.periods.period import SHANGHAI
from storage.database import LARGEST_ID, Database

router = APIRouter(include_in_schema=False)


class EventQuery(BaseModel):
    """What the list of events is narrowed down by, as it stands in the address."""

    action: Word = ""
    subject: Word = ""
    actor: Word = ""
    since: Word = ""
    until: Word = ""
    before: Annotated[int, Field(ge=0, le=LARGEST_ID)] = 0

    def wanted(self) -> EventFilter:
        """Return the filter; a day that is none filters nothing."""
        return EventFilter(
            self.action.strip(),
            subject_typed(self.subject),
            self.actor.strip(),
            _moment(self.since, time.min),
            _moment(self.until, time.max),
        )

    def address(self) -> str:
        """Return the address of the same list, to which the cursor is added."""
        chosen = self.model_dump(exclude={"before"}, exclude_defaults=True)
        return "/staff/audit?" + urlencode({**chosen, "before": ""})


@router.get("/staff/audit", dependencies=allow(Permission.AUDITING))
def show_events(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    query: Annotated[EventQuery, Query()],
) -> Response:
    """List events, newest first, with how far the signed checkpoints reach."""
    return _page(request, database, account, query)


@router.post("/staff/audit", dependencies=allow(Permission.AUDITING))
def verify_now(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Check the whole log and every checkpoint, and say what was found."""
    result = verify(database, _witness(request))
    with database.writing() as db:
        said = {"events": result.events, "holds": result.holds, "root": result.root}
        append_event(db, "audit.verified", "audit:log", account.actor, said)
    return _page(request, database, account, EventQuery(), result)


def _page(
    request: Request,
    database: Database,
    account: SignedIn,
    query: EventQuery,
    result: Verification | None = None,
) -> Response:
    with database.reading() as db:
        page = list_events(db, query.wanted(), query.before)
        names = names_of(
            db, {_reference(event) for event, _ in page.events} | proposers(page.events)
        )
    standing = compare_with_witness(database, _witness(request))
    return render_staff(
        request,
        account,
        "ledger/audit.html",
        page=page,
        rows=[(event, *_told(event, details, names)) for event, details in page.events],
        chosen=query,
        address=query.address(),
        groups=EVENT_GROUPS,
        standing=standing,
        signed_at=_signed_at(standing),
        result=result,
    )  # fmt: skip


def _witness(request: Request) -> Witness:
    settings = request.app.state.settings
    return open_witness(settings.data_dir, settings.witness_dir)


def _reference(event: AuditEvent) -> str:
    known = {"account": f"account:{event.actor_id}", "person": "咨询人"}
    return known.get(event.actor_kind, event.actor_id)


def _told(event: AuditEvent, details: dict[str, Any], names: dict[str, str]) -> tuple[str, ...]:
    """Return an event's words: what, what it adds, who, about what, in which role, from where."""
    return (
        event_name(event.action), details_in_words(details, names), names[_reference(event)],
        subject_in_words(event.subject), _roles(event),
        details.get("origin", {}).get("client", ""),
    )  # fmt: skip


def _roles(event: AuditEvent) -> str:
    """Return the roles that an account had then, in Chinese."""
    known = {role.value: name for role, name in ROLE_NAMES.items()}
    return "、".join(known.get(role, role) for role in event.actor_role.split(",") if role)


def _signed_at(standing: Standing) -> datetime | None:
    """Return when the newest checkpoint was signed."""
    return datetime.fromisoformat(standing.checkpoint.at) if standing.checkpoint else None


def _moment(text: str, at: time) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text.strip()), at, SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
