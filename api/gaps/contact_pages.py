"""The people who wait for an answer: their numbers, and that they were told."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.gaps.gap_page import gap_page, gap_seen_by, to_gap
from api.input import RecordId
from api.signed_in import CurrentAccount
from audit.log import append_event
from guidance.gaps.contact import GapContact
from guidance.gaps.gap import Gap, GapNotFound
from guidance.gaps.open_question import turns_of

router = APIRouter(
    prefix="/staff/gaps", include_in_schema=False, dependencies=allow(Permission.DRAFTING)
)


@router.post("/{gap_id}/contacts/{turn_id}/show")
def post_show_contact(
    request: Request,
    gap_id: RecordId,
    turn_id: RecordId,
    database: OpenDatabase,
    account: CurrentAccount,
) -> Response:
    """Show a whole number to whoever is going to call it; that they looked is on record."""
    with database.writing() as db:
        gap = gap_seen_by(db, gap_id, account)
        contact = _contact(db, gap, turn_id)
        phone = contact.phone
        details = {"turn": turn_id}
        append_event(db, "gap.contact_shown", gap.subject, account.actor, details)
    shown = {turn_id: phone}
    return gap_page(request, database, account, gap_id, phones=shown)


@router.post("/{gap_id}/contacts/{turn_id}/told")
def post_told(
    gap_id: RecordId, turn_id: RecordId, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Note that somebody was told the answer; the number is deleted with it."""
    with database.writing() as db:
        gap = gap_seen_by(db, gap_id, account)
        contact = _contact(db, gap, turn_id)
        if contact.told_at is None:
            contact.told_at, contact.told_by = datetime.now(UTC), f"account:{account.account_id}"
            contact.phone = ""
            append_event(db, "gap.contact_told", gap.subject, account.actor, {"turn": turn_id})
    return to_gap(gap_id)


def _contact(db: Session, gap: Gap, turn_id: int) -> GapContact:
    contact = db.get(GapContact, turn_id, with_for_update=True)
    if contact is None or turn_id not in turns_of(db, gap.id):
        raise GapNotFound(gap.id)
    return contact
