"""The ledger as a list: filters, pages, and what is done with several sessions at once."""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.orm import Session

from accounts.role import Role
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.input import Word, member
from api.ledger.corrections import corrections_of
from api.ledger.duplicates import beside
from api.ledger.event_details import provider_typed, subject_in_words, told_against
from api.ledger.staff import (
    CurrentStaff,
    deciding,
    masked_person,
    names_of,
    row_number,
    unit_name,
    units,
)
from api.ledger.words import NAMES
from api.problems import problem_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.counting.mentor_work import UNCOUNTED, UNDECIDED
from guidance.counting.qualification import REASONS
from guidance.ledger_filter import LedgerFilter
from guidance.ledger_list import count_page, list_sessions, session_within
from guidance.lifecycle import COUNTED, ServiceLine, SessionState, TransitionRefused
from guidance.message import Channel
from guidance.people.level import IdentityLevel
from guidance.periods.period import PeriodInvalid
from guidance.review.decisions import submit
from guidance.review.proposal import ReasonMissing
from guidance.review.queue import PAGE, quarters_of
from guidance.review.staff import DutiesNotSeparate, NotYourDuty
from guidance.review.two_reviewers import propose_approvals
from storage.database import LARGEST_ID, Database

router = APIRouter(include_in_schema=False)

NOBODY = "-"  # in the address: the district itself, where "" means any unit
COUNTING = "counting"  # with the adjustments in force
GROUPS = {"counted": COUNTED, "undecided": UNDECIDED, "uncounted": UNCOUNTED}
MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
REFUSALS = (TransitionRefused, DutiesNotSeparate, NotYourDuty, ReasonMissing)


class ListQuery(BaseModel):
    """What the list is narrowed down by, as it stands in the address."""

    state: Word = ""
    unit: Word = ""
    line: Word = ""
    channel: Word = ""
    level: Word = ""
    period: Word = ""
    upto: Word = ""
    month: Word = ""
    provider: Word = ""
    flagged: Word = ""
    appealed: Word = ""
    code: Word = ""
    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] = 0

    def wanted(self, account: SignedIn) -> LedgerFilter:
        """Return the filter within the account's scope; a value that is unknown filters nothing."""
        unit = "" if self.unit == NOBODY else self.unit or None
        state = member(SessionState, self.state)
        return LedgerFilter(
            counting=self.state == COUNTING,
            states=GROUPS.get(self.state, frozenset({state} if state else ())),
            org_unit=account.org_unit or unit,
            service_line=member(ServiceLine, self.line),
            channel=member(Channel, self.channel),
            identity_level=member(IdentityLevel, self.level),
            period=_period(self.period),
            upto=_period(self.upto),
            month=self.month if MONTH.fullmatch(self.month) else None,
            provider=provider_typed(self.provider) or None,
            flagged={"1": True, "0": False}.get(self.flagged),
            appealed=True if self.appealed == "1" else None,
            code=self.code if self.code in REASONS else None,
        )

    @property
    def inside(self) -> str:
        """What an address of one session carries along, so that it knows its list; "" for all."""
        chosen = self.model_dump(exclude={"after"}, exclude_defaults=True)
        return "?" + urlencode(chosen) if chosen else ""

    def address(self) -> str:
        """Return the address of the same list, to which the cursor is added."""
        chosen = self.model_dump(exclude={"after"}, exclude_defaults=True)
        return "/staff/sessions?" + urlencode({**chosen, "after": ""})


def list_behind(request: Request) -> ListQuery:
    """Return the list that a session was opened from, as its address says; else all of it."""
    try:
        return ListQuery.model_validate(dict(request.query_params))
    except ValidationError:
        return ListQuery()


def neighbours(
    db: Session, wanted: LedgerFilter, account: SignedIn, number: int
) -> tuple[int | None, int | None]:
    """Return the sessions before and behind one in a list, in the list's own order.

    What was moved to a unit counts in its lists, but the unit that has the record opens it.
    """
    newest = not is_queue(wanted)
    limit = PAGE if wanted.counting and account.org_unit else 1

    def next_one(*, newest: bool) -> int | None:
        found = list_sessions(db, wanted, number, newest=newest, limit=limit).sessions
        return next((one.id for one in found if account.sees(one.org_unit)), None)

    return next_one(newest=not newest), next_one(newest=newest)


@router.get("/staff/sessions", dependencies=allow(Permission.STAFF))
def show_sessions(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    query: Annotated[ListQuery, Query()],
) -> Response:
    """List the sessions that the filters leave: queues oldest first, the rest newest first."""
    return _list_page(request, database, account, query)


@router.post("/staff/sessions", dependencies=allow(Permission.STAFF))
def decide_many(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Submit what was ticked, or propose to approve it: a second reviewer confirms."""
    numbers = [row_number(one) for one in posted.getlist("session")[:PAGE]]
    action = typed(posted, "action")
    query = ListQuery(state=SessionState.PENDING if action == "approve" else SessionState.QUALIFIED)
    if not numbers or action not in {"submit", "approve"}:
        told = "请先勾选记录，再选择要做的事。"
        return _list_page(request, database, account, query, told, 422)
    try:
        with deciding(database, account, f"sessions:{len(numbers)}") as db:
            for number in numbers:
                session_within(db, number, account.org_unit)
            now = datetime.now(UTC)
            if action == "approve":
                propose_approvals(db, numbers, staff, now, typed(posted, "reason"))
            else:
                for number in numbers:
                    submit(db, number, staff, now)
    except REFUSALS as error:
        status = problem_of(error).status
        told = f"{error}一条也没有改动。"
        return _list_page(request, database, account, query, told, status)
    target = "/staff/proposals" if action == "approve" else "/staff/sessions?state=qualified"
    joint = "&" if "?" in target else "?"
    return RedirectResponse(f"{target}{joint}saved=1", HTTPStatus.SEE_OTHER)


def _list_page(
    request: Request,
    database: Database,
    account: SignedIn,
    query: ListQuery,
    told: str = "",
    status: int = 200,
) -> Response:
    wanted = query.wanted(account)
    with database.reading() as db:
        newest = not is_queue(wanted)
        page = count_page(db, wanted, query.after, newest=newest)
        names = names_of(db, {one.provider for one in page.sessions})
        known_units = units(db)
        corrections = corrections_of(db, page.sessions)
        reviewed = wanted.states == {SessionState.PENDING}
        near = beside(db, page.sessions, account) if reviewed else {}
        against = told_against(db, page.sessions)
    many = ""
    if wanted.states == {SessionState.PENDING} and Role.REVIEWER in account.roles:
        many = "approve"
    elif wanted.states == {SessionState.QUALIFIED} and Role.HANDLER in account.roles:
        many = "submit"
    return render_staff(
        request,
        account,
        "ledger/sessions.html",
        status,
        page=page,
        count=f"{page.count}{' 条以上' if page.more else ' 条'}",
        chosen=query,
        provider=subject_in_words(query.provider),
        address=query.address(),
        narrowed=query.model_dump(exclude={"state", "after"}, exclude_defaults=True),
        people={one.id: masked_person(one) for one in page.sessions},
        providers=names,
        corrections=corrections,
        near=near,
        against=against,
        units=known_units,
        unit_name=unit_name,
        many=many,
        told=told,
        codes=REASONS,
        nobody=NOBODY,
        **NAMES,
    )


def is_queue(wanted: LedgerFilter) -> bool:
    """Whether a list is a queue, of which the oldest comes first."""
    queues = {SessionState.PENDING, SessionState.QUALIFIED, SessionState.RETURNED}
    return bool(wanted.states) and wanted.states <= queues


def _period(text: str) -> str | None:
    try:
        quarters_of(text)
    except PeriodInvalid:
        return None
    return text.strip().upper()
