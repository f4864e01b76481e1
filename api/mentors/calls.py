"""Whom to telephone: what no channel could deliver and is still true."""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Permission, allow, may
from api.deps import OpenDatabase
from api.input import RecordId
from api.mentors.scope import seen_pairing
from api.mentors.telling import lost_causes
from api.refusals import PageNotFound
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.log import append_event
from matching.mentoring.need import MentoringContact, MentoringNeed
from matching.mentoring.news import NEWS_NAMES, MentoringNews, NewsState, calls_to_make
from matching.mentoring.pairing import Pairing, PairingNotFound
from matching.mentors.mentor import Mentor, find_mentor
from storage.database import Database

router = APIRouter(include_in_schema=False)
HOME = "/staff/mentoring/calls"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: whom, why, since when."""

    news: MentoringNews
    pairing: Pairing
    need: MentoringNeed
    mentor: str
    has_phone: bool


@router.get("/staff/mentoring/calls", dependencies=allow(Permission.STAFF))
def show_calls(request: Request, account: CurrentAccount, database: OpenDatabase) -> Response:
    """List the calls of the account's scope."""
    return _page(request, account, database)


@router.post("/staff/mentoring/calls/{news_id}/phone", dependencies=allow(Permission.HANDLING))
def show_phone(
    request: Request, news_id: RecordId, account: CurrentAccount, database: OpenDatabase
) -> Response:
    """Show the number for one call; that it was shown is put on record."""
    with database.writing() as db:
        news, pairing = _seen(db, account, news_id)
        phone = _phone(db, news, pairing)
        details = {"whose": "mentor" if news.to_mentor else "person"}
        append_event(db, "mentoring.contact_shown", pairing.subject, account.actor, details)
    return _page(request, account, database, (news_id, phone or "没有留电话"))


@router.post("/staff/mentoring/calls/{news_id}", dependencies=allow(Permission.HANDLING))
def post_called(news_id: RecordId, account: CurrentAccount, database: OpenDatabase) -> Response:
    """Note that somebody was told by telephone."""
    with database.writing() as db:
        news, pairing = _seen(db, account, news_id)
        news.state, news.handled_at = NewsState.HANDLED, datetime.now(UTC)
        news.handled_by = f"account:{account.account_id}"
        append_event(
            db, "mentoring.called", pairing.subject, account.actor, {"news": str(news.kind)}
        )
    return RedirectResponse(f"{HOME}?saved=1", HTTPStatus.SEE_OTHER)


def _seen(db: Session, account: SignedIn, news_id: int) -> tuple[MentoringNews, Pairing]:
    news = db.get(MentoringNews, news_id)
    missing = PageNotFound("没有这一项，可能已经办过。请回到列表。")
    if news is None:
        raise missing
    try:
        return news, seen_pairing(db, account, news.pairing_id)
    except PairingNotFound as error:
        raise missing from error  # another unit's is as good as missing


def _phone(db: Session, news: MentoringNews, pairing: Pairing) -> str:
    if news.to_mentor:
        return find_mentor(db, pairing.mentor_code).phone
    contact = db.get(MentoringContact, pairing.need_id)
    return contact.phone if contact else ""


def _page(
    request: Request,
    account: SignedIn,
    database: Database,
    shown: tuple[int, str] = (0, ""),
) -> Response:
    with database.reading() as db:
        names = {row[0]: row[1] for row in db.execute(select(Mentor.code, Mentor.name))}
        calls = []
        for news, pairing in calls_to_make(db, lost_causes(db)):
            need = db.get_one(MentoringNeed, pairing.need_id)
            if account.sees(need.org_unit):
                has_phone = bool(_phone(db, news, pairing))
                name = names.get(pairing.mentor_code, "")
                calls.append(Call(news, pairing, need, name, has_phone))
    return render_staff(
        request,
        account,
        "mentors/calls.html",
        HTTPStatus.OK,
        calls=calls,
        what=NEWS_NAMES,
        shown=shown,
        may_act=may(account.roles, Permission.HANDLING, "POST"),
    )
