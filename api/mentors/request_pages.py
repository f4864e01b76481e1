"""A person looks for a mentor and asks: in three taps, with what is known filled in."""

from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.chat.pages import render
from api.deps import CurrentSnapshot, CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.input import Storable
from api.mentors.matching_work import resolve
from api.mentors.scope import street_names, unit_of
from api.mentors.slot_grid import grid_of, slots_from
from api.mentors.telling import mentoring_step
from api.policies.validity import today
from api.snapshot import Snapshot
from api.visitor import remember
from guidance.gaps.contact import PhoneInvalid, check_phone
from guidance.people.identity import references_of
from matching.assignment.rules import Pair, broken_rules
from matching.industry import division_name, sections
from matching.mentoring.asking import request_mentor
from matching.mentoring.moves import MentoringRefused
from matching.mentoring.need import MOST_CHARACTERS, Wish, new_need, open_need_of
from matching.mentors.facts import CATEGORY_NAMES, MentorFacts
from matching.mentors.mentor import MentorNotFound, find_mentor, mentors_serving
from matching.mentors.topics import topic_names
from matching.mentors.weekly_slots import SlotUnreadable
from matching.profile.entrepreneur import known_facts
from matching.profile.profile import profile_of
from matching.recommending.suitable import need_of
from storage.database import Database, storable

router = APIRouter(include_in_schema=False)
FORM = allow(Permission.PUBLIC, refuse_foreign_forms)


class WishForm(BaseModel):
    """What a person fills in; everything but the topics may stay empty."""

    topics: list[Annotated[str, Field(max_length=40), Storable]] = []
    industry: Annotated[str, Field(max_length=4), Storable] = ""
    words: Annotated[str, Field(max_length=MOST_CHARACTERS), Storable] = ""
    street: Annotated[str, Field(max_length=60), Storable] = ""
    taps: list[Annotated[str, Field(max_length=40), Storable]] = []
    phone: Annotated[str, Field(max_length=40), Storable] = ""
    consent: bool = False
    anyway: bool = False  # the mentor will hardly be possible: look for another one
    project: Annotated[str, Field(max_length=32), Storable] = ""

    def wish(self, code: str, unit: str) -> Wish:
        """Return what is asked for; `unit` is the street as the district writes it.

        Raises MentoringRefused, PhoneInvalid, SlotUnreadable.
        """
        topics = tuple(topic for topic in topic_names() if topic in self.topics)
        if not topics:
            raise MentoringRefused("请至少点一个想请教的主题。")
        if self.phone and not self.consent:
            raise MentoringRefused("请先勾选同意，我们才能保存您的电话。不想留电话就把号码删掉。")
        return Wish(
            topics=topics,
            industry=self.industry if division_name(self.industry) else "",
            street=unit,
            slots=tuple(map(str, slots_from(self.taps))),
            words=self.words,
            wishes=(code,),
            org_unit=unit,
            project_code=self.project,
            phone=check_phone(self.phone) if self.phone else "",
        )


@router.get("/mentors", dependencies=allow(Permission.PUBLIC))
def list_mentors(
    request: Request,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    topic: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """List the mentors in office, those with a free seat first."""
    with database.reading() as db:
        serving = [mentor.facts() for mentor in mentors_serving(db, today())]
        asked = open_need_of(db, *references_of(db, visitor.reference)) is not None
    offered = [name for name in topic_names() if any(name in one.topics for one in serving)]
    chosen = topic if topic in offered else ""
    shown = [one for one in serving if not chosen or chosen in one.topics]
    shown.sort(key=lambda one: (one.free_seats == 0, one.code))
    return render(
        request,
        "mentors/list.html",
        mentors=shown,
        topics=offered,
        chosen=chosen,
        asked=asked,
        categories=CATEGORY_NAMES,
    )


@router.get("/mentors/{code}/request", dependencies=allow(Permission.PUBLIC))
def show_form(
    request: Request,
    code: str,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    snapshot: CurrentSnapshot,
    project: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """Show the request, filled in with what is known where the person lets it be used."""
    with database.reading() as db:
        known = profile_of(known_facts(db, visitor.reference))
        mentor = _serving(db, code)
    need = need_of(known)
    industry = _industry_of(snapshot, project) or need.industry
    shared = [topic for topic in need.topics if topic in mentor.topics]
    form = WishForm(
        topics=shared or list(mentor.topics[:1]),
        street=known.street[:60],
        industry=industry[:2],
        project=storable(project),
    )
    return _form(request, database, mentor, form)


@router.post("/mentors/{code}/request", dependencies=FORM)
def post_form(
    request: Request,
    code: str,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    form: Annotated[WishForm, Form()],
) -> Response:
    """Open the request for this very mentor."""
    now = datetime.now(UTC)
    with database.reading() as db:
        mentor, unit = _serving(db, code), unit_of(db, form.street)
        groups = profile_of(known_facts(db, visitor.reference)).groups
    try:
        wish = replace(form.wish(mentor.code, unit), groups=groups)
        if not form.anyway and (why := _hardly(visitor.reference, wish, mentor, now)):
            return _form(request, database, mentor, form, why, ask_anyway=True)
        with mentoring_step(database) as db:
            also = references_of(db, visitor.reference)
            request_mentor(db, visitor.reference, wish, now, also)
    except (PhoneInvalid, MentoringRefused, SlotUnreadable) as error:
        return _form(request, database, mentor, form, str(error))
    resolve(database, now)
    reply = RedirectResponse("/mentoring?sent=1", HTTPStatus.SEE_OTHER)
    remember(request, reply, visitor)
    return reply


def _serving(db: Session, code: str) -> MentorFacts:
    mentor = find_mentor(db, storable(code))
    if not mentor.serves_on(today()):
        raise MentorNotFound("这位导师现在不接受申请，请换一位。")
    return mentor.facts()


def _hardly(person: str, wish: Wish, mentor: MentorFacts, at: datetime) -> str:
    """Return why this mentor cannot be proposed for the wish, "" when nothing speaks against."""
    need = replace(new_need(person, wish, at).facts(frozenset(), at), code="")
    broken = broken_rules(Pair(need, mentor, today()))
    return "".join(finding.message for finding in broken)


def _industry_of(snapshot: Snapshot, project: str) -> str:
    row = snapshot.offers.table.rows.get(project)
    return "" if row is None else snapshot.offers.table.projects[row].industry_code


def _form(
    request: Request,
    database: Database,
    mentor: MentorFacts,
    form: WishForm,
    error: str = "",
    *,
    ask_anyway: bool = False,
) -> Response:
    with database.reading() as db:
        streets = street_names(db)
    try:
        grid = grid_of(slots_from(form.taps))
    except SlotUnreadable:
        grid = grid_of(())
    return render(
        request,
        "mentors/request.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        mentor=mentor,
        form=form,
        own=list(mentor.topics),
        others=[topic for topic in topic_names() if topic not in mentor.topics],
        sections=sections(),
        streets=streets,
        grid=grid,
        error=error,
        ask_anyway=ask_anyway,
        most=MOST_CHARACTERS,
    )
