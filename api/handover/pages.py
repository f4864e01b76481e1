"""Staff pages of hand-overs: what waits until when, one with its thread, every step."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.chat.thread import show_turn
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.handover.promise import unit_said
from api.handover.work import answer_handover, delivery_of
from api.ledger.staff import Number, names_of, units
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.foreign import OfAnother
from audit.log import append_event
from guidance.handover.answering import MOST_REPLY, close_handover, matter_of, waiting_words
from guidance.handover.handover import Handover, get_handover, handovers_in, pass_on, take
from guidance.handover.lifecycle import (
    REASON_NAMES,
    STATE_NAMES,
    UNANSWERED,
    HandoverNotFound,
    HandoverRefused,
    HandoverState,
)
from guidance.message import CHANNEL_NAMES
from guidance.periods.working_days import working_days
from guidance.session import Turn, recent_turns
from knowledge.department import load_departments
from storage.database import Database

router = APIRouter(prefix="/staff/handovers", include_in_schema=False)

PAGE_SIZE = 50
SHOWN_TURNS = 30
HANDLING = allow(Permission.HANDLING)
# What the list shows by each of its tabs.
TABS = {
    "waiting": ("待答复", sorted(UNANSWERED)),
    "mine": ("我接手的", sorted({*UNANSWERED, HandoverState.ANSWERED})),
    "answered": ("已答复", [HandoverState.ANSWERED]),
    "closed": ("已结束", [HandoverState.CLOSED]),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One hand-over in the list."""

    one: Handover
    question: str
    days_left: int  # working days, negative when late
    overdue: bool


def scope_of(account: SignedIn) -> ColumnElement[bool]:
    """Return the condition that keeps to the account's unit."""
    return account.within(Handover.org_unit)


def _seen(db: Session, number: int, account: SignedIn, *, lock: bool = True) -> Handover:
    """Return a hand-over of the account's unit; another's is as unknown as none."""
    handover = get_handover(db, number, lock=lock)
    if not account.sees(handover.org_unit):
        raise HandoverNotFound(number) from OfAnother(handover.subject)
    return handover


@router.get("", dependencies=HANDLING)
def show_handovers(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    tab: Annotated[str, Query(max_length=20)] = "waiting",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the hand-overs of the account's unit, those due first before others."""
    tab = tab if tab in TABS else "waiting"
    scope = scope_of(account)
    if tab == "mine":
        scope = and_(scope, Handover.taken_by == account.account_id)
    with database.reading() as db:
        found, total = handovers_in(db, scope, TABS[tab][1], page, PAGE_SIZE)
        rows = _rows(db, found)
        people = names_of(db, [f"account:{one.taken_by}" for one in found if one.taken_by])
    return render_staff(
        request,
        account,
        "handover/handovers.html",
        rows=rows,
        tab=tab,
        tabs={name: words for name, (words, _) in TABS.items()},
        people=people,
        page=page,
        pages=max(1, -(-total // PAGE_SIZE)),
        total=total,
        **_words(),
    )


@router.get("/{number}", dependencies=HANDLING)
def show_handover(
    request: Request, number: Number, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show one hand-over with its thread."""
    return _page(request, database, account, number)


@router.post("/{number}/take", dependencies=HANDLING)
def post_take(
    request: Request, number: Number, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Make it one's own."""

    def step(db: Session, handover: Handover) -> None:
        take(db, handover, account.account_id, account.actor, datetime.now(UTC))

    return _step(request, database, account, number, step)


@router.post("/{number}/reply", dependencies=HANDLING)
def post_reply(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Answer the person."""
    text = typed(posted, "text", 4 * MOST_REPLY)
    key = typed(posted, "key", 64) or secrets.token_hex(8)

    def step(db: Session, handover: Handover) -> None:
        answer_handover(db, handover, account, (text, key), datetime.now(UTC))

    return _step(request, database, account, number, step, text)


@router.post("/{number}/pass", dependencies=HANDLING)
def post_pass(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Give it to another unit."""
    unit = typed(posted, "org_unit", 60)

    def step(db: Session, handover: Handover) -> None:
        if unit not in _units(db) and unit:
            raise HandoverRefused("没有这个单位，请从列表里选。")
        pass_on(db, handover, unit, account.actor, datetime.now(UTC))

    done = _step(request, database, account, number, step)
    if done.status_code != HTTPStatus.SEE_OTHER or account.sees(unit):
        return done
    return RedirectResponse("/staff/handovers?saved=1", HTTPStatus.SEE_OTHER)


@router.post("/{number}/close", dependencies=HANDLING)
def post_close(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """End it, with the reason that the person is told."""
    reason = typed(posted, "reason", 200)

    def step(db: Session, handover: Handover) -> None:
        close_handover(db, handover, reason, account.actor, datetime.now(UTC))

    return _step(request, database, account, number, step)


def _step(
    request: Request,
    database: Database,
    account: SignedIn,
    number: int,
    step: Callable[[Session, Handover], None],
    draft: str = "",
) -> Response:
    """Take a step in one transaction; a refusal shows the page again with what was typed."""
    try:
        with database.writing() as db:
            step(db, _seen(db, number, account))
    except HandoverRefused as refused:
        return _page(request, database, account, number, (str(refused), draft))
    return RedirectResponse(f"/staff/handovers/{number}?saved=1", HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    database: Database,
    account: SignedIn,
    number: int,
    told: tuple[str, str] = ("", ""),
) -> Response:
    """Show one hand-over with its thread; that it was read is on record."""
    with database.writing() as db:
        handover = _seen(db, number, account, lock=False)
        turns = recent_turns(db, handover.conversation_id, SHOWN_TURNS)
        context = {
            "row": _rows(db, [handover])[0],
            "thread": [show_turn(one) for one in turns if "sentences" in one.reply],
            "added": waiting_words(db, handover.id),
            "delivery": _delivery(db, handover, turns),
            "people": names_of(db, [f"account:{handover.taken_by}"]),
            "units": [unit for unit in _units(db) if unit != handover.org_unit],
        }
        append_event(db, "handover.read", handover.subject, account.actor)
    status = HTTPStatus.CONFLICT if told[0] else HTTPStatus.OK
    return render_staff(
        request,
        account,
        "handover/handover.html",
        status,
        refused=told[0],
        draft=told[1],
        key=secrets.token_urlsafe(12),
        most=MOST_REPLY,
        **context,
        **_words(),
    )


def _rows(db: Session, found: Sequence[Handover]) -> list[Row]:
    days, now = working_days(db), today()
    return [
        Row(one, matter_of(db, one).question, days.between(now, one.due_on), one.is_overdue(now))
        for one in found
    ]


def _delivery(db: Session, handover: Handover, turns: Sequence[Turn]) -> str:
    """Say whether the last answer went out to the person by itself."""
    human = [turn for turn in turns if turn.reply.get("human")]
    return handover.undelivered or (delivery_of(db, handover, human[-1]) if human else "")


def _units(db: Session) -> list[str]:
    """Return the units that something may be passed on to."""
    return ["", *sorted({*(one.name for one in load_departments()), *units(db)})]


def _words() -> dict[str, Any]:
    return {
        "states": STATE_NAMES,
        "reasons": REASON_NAMES,
        "channels": CHANNEL_NAMES,
        "unit_said": unit_said,
    }
