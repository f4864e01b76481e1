"""What mentors set themselves: how many, topics and times, a pause, the order of who asks."""

from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm
from api.input import Storable
from api.mentors.desk import own_code
from api.mentors.matching_work import after_change
from api.mentors.slot_grid import MOST_TEXT, SlotGrid, grid_of, slots_from
from api.mentors.telling import mentoring_step
from api.policies.validity import today
from api.projects.admin import editor_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.industry import division_name
from matching.mentoring.ranking import asking_for, rank_needs, ranking_of
from matching.mentors.mentor import MOST_TOPICS, MentorInvalid, find_mentor
from matching.mentors.own_terms import (
    OwnTerms,
    PauseRefused,
    end_pause,
    pause_until,
    paused_to,
    set_own_terms,
)
from matching.mentors.topics import topic_names
from matching.mentors.weekly_slots import SlotUnreadable, write_slots
from storage.database import Database

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.MENTORING))
USUAL_PAUSE = timedelta(days=14)


class TermsForm(BaseModel):
    """What a mentor may change."""

    cap: Annotated[int, Field(ge=0, le=1000)]
    topics: list[Annotated[str, Field(max_length=40), Storable]] = []
    taps: list[Annotated[str, Field(max_length=40), Storable]] = []
    others: Annotated[str, Field(max_length=MOST_TEXT), Storable] = ""


@router.get("/mentor/terms")
def show_terms(request: Request, account: CurrentAccount, database: OpenDatabase) -> Response:
    """Show what a mentor may set."""
    return _terms(request, account, database)


@router.post("/mentor/terms")
def post_terms(
    request: Request,
    account: CurrentAccount,
    database: OpenDatabase,
    form: Annotated[TermsForm, Form()],
) -> Response:
    """Take capacity, topics and weekly times; who waits is matched again."""
    try:
        slots = write_slots(slots_from(form.taps, form.others))
        with database.writing() as db:
            mentor = find_mentor(db, own_code(account))
            terms = OwnTerms(form.cap, form.topics, slots)
            set_own_terms(db, mentor, terms, editor_of(account))
    except (SlotUnreadable, MentorInvalid) as error:
        return _terms(request, account, database, form, str(error))
    after_change(database)
    return RedirectResponse("/mentor/terms?saved=1", HTTPStatus.SEE_OTHER)


@router.post("/mentor/pause")
def post_pause(
    request: Request,
    account: CurrentAccount,
    database: OpenDatabase,
    until: Annotated[str, Form(max_length=10)],
) -> Response:
    """Take nobody new until a day; open invitations go to others."""
    try:
        try:
            last = date.fromisoformat(until.strip())
        except ValueError as error:
            raise PauseRefused("请选暂停到哪一天。") from error
        with database.writing() as db:
            mentor = find_mentor(db, own_code(account))
            pause_until(db, mentor, today(), last, editor_of(account))
    except PauseRefused as error:
        return _terms(request, account, database, None, str(error))
    after_change(database)
    return RedirectResponse("/mentor?saved=1", HTTPStatus.SEE_OTHER)


@router.post("/mentor/resume")
def post_resume(account: CurrentAccount, database: OpenDatabase) -> Response:
    """Take people again."""
    with database.writing() as db:
        end_pause(db, find_mentor(db, own_code(account)), today(), editor_of(account))
    after_change(database)
    return RedirectResponse("/mentor?saved=1", HTTPStatus.SEE_OTHER)


@router.get("/mentor/ranking")
def show_ranking(request: Request, account: CurrentAccount, database: OpenDatabase) -> Response:
    """Show who asks for this very mentor, to be put in order; no name, no number."""
    code, now, day = own_code(account), datetime.now(UTC), today()
    with database.reading() as db:
        mentor = find_mentor(db, code)
        asking = asking_for(db, mentor.facts(), now, day)
        ranked = ranking_of(db, code)
    places = {one: place for place, one in enumerate(ranked, start=1)}
    rows = [(need, division_name(need.industry), places.get(need.code, 0)) for need in asking]
    rows.sort(key=lambda row: row[2] or len(rows) + 1)
    return render_staff(
        request,
        account,
        "mentors/ranking.html",
        rows=rows,
        submitted=bool(ranked),
        mentor_code=code,
    )


@router.post("/mentor/ranking")
def post_ranking(account: CurrentAccount, database: OpenDatabase, posted: PostedForm) -> Response:
    """Take the order: a place for each, the same place twice counts in the order shown."""
    code, now, day = own_code(account), datetime.now(UTC), today()
    with mentoring_step(database) as db:
        asking = asking_for(db, find_mentor(db, code).facts(), now, day)
        places = [(_place(posted.get(f"place-{need.code}")), need.code) for need in asking]
        chosen = [one for place, one in sorted(places, key=lambda row: row[0]) if place]
        rank_needs(db, code, chosen, account.actor, now)
    return RedirectResponse("/mentor/ranking?saved=1", HTTPStatus.SEE_OTHER)


def _place(text: object) -> int:
    plain = str(text or "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 5 else 0


def _terms(
    request: Request,
    account: SignedIn,
    database: Database,
    form: TermsForm | None = None,
    error: str = "",
) -> Response:
    with database.reading() as db:
        mentor = find_mentor(db, own_code(account))
    shown: SlotGrid = grid_of(mentor.weekly_slots)
    if form is not None:
        try:
            shown = SlotGrid(grid_of(slots_from(form.taps)).rows, form.others)
        except SlotUnreadable:
            shown = SlotGrid(shown.rows, form.others)
    day = today()
    return render_staff(
        request,
        account,
        "mentors/terms.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        mentor=mentor,
        cap=form.cap if form else mentor.seats,
        chosen=form.topics if form else mentor.topics,
        topics=topic_names(),
        most_topics=MOST_TOPICS,
        grid=shown,
        paused_to=paused_to(mentor, day),
        first=day,
        usual=day + USUAL_PAUSE,
        error=error,
    )
