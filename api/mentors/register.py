"""The staff's pages of the register of mentors: list, one mentor, and the appointment."""

from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from api.access import Permission, allow, may
from api.deps import CurrentSettings, OpenDatabase
from api.forms import PostedForm, typed
from api.input import Word, member
from api.mentors.duty import Duty, duties
from api.mentors.history import mentor_history
from api.mentors.matching_work import after_change
from api.policies.validity import today
from api.projects.admin import editor_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.industry import sections
from matching.mentors.admission import (
    FILE,
    AdmissionRulesInvalid,
    AdmissionWarning,
    admission_warnings,
    load_admission_rules,
)
from matching.mentors.columns import MENTOR_COLUMNS
from matching.mentors.editing import MentorRecord
from matching.mentors.facts import STATE_NAMES, MentorState
from matching.mentors.mentor import Mentor, find_mentor, mentors_whose_term_ends, term_end
from matching.mentors.search import (
    ATTENTION_NAMES,
    ENDING_SOON,
    IN_OFFICE,
    ORDER_NAMES,
    MentorAttention,
    MentorFilter,
    MentorOrder,
    mentor_counts,
    search_mentors,
    streets_served,
)
from matching.mentors.term import TermChangeRefused, dismiss, pause, renew, resume
from matching.mentors.topics import topic_names
from storage.database import Database, storable

router = APIRouter(include_in_schema=False)

TONES = {
    MentorState.ACTIVE: "good",
    MentorState.PAUSED: "warn",
    MentorState.CANDIDATE: "",
    MentorState.DISMISSED: "bad",
}
LONGEST_REASON = 200


class ListQuery(BaseModel):
    """What the list is narrowed down by, as it stands in the address."""

    q: Word = ""
    state: Word = ""
    topic: Word = ""
    section: Word = ""
    street: Word = ""
    attention: Word = ""
    order: Word = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1

    def wanted(self, behind: frozenset[str]) -> MentorFilter:
        """Return the filter; a value that is unknown filters nothing."""
        return MentorFilter(
            words=self.q,
            state=member(MentorState, self.state),
            topic=self.topic if self.topic in topic_names() else "",
            section=self.section,
            street=self.street,
            attention=member(MentorAttention, self.attention),
            order=member(MentorOrder, self.order) or MentorOrder.CODE,
            behind=behind,
        )

    def address(self) -> str:
        """Return the address of the same list, to which a page number is added."""
        chosen = self.model_dump(exclude={"page"}, exclude_defaults=True)
        return "/staff/mentors?" + urlencode({**chosen, "page": ""})


@router.get("/staff/mentors", dependencies=allow(Permission.STAFF))
def show_mentors(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    query: Annotated[ListQuery, Query()],
) -> Response:
    """List the mentors that the filters leave, with what needs doing above them."""
    day = today()
    with database.reading() as db:
        serving = db.scalars(select(Mentor).where(Mentor.state.in_(IN_OFFICE))).all()
        owed = duties(db, serving, day)
        behind = frozenset(code for code, duty in owed.items() if duty.is_behind)
        found = search_mentors(db, query.wanted(behind), query.page, day)
        counts, streets = mentor_counts(db), streets_served(db)
        ending = mentors_whose_term_ends(db, day, day + ENDING_SOON)
    return render_staff(
        request,
        account,
        "mentors/mentors_staff.html",
        found=found,
        chosen=query,
        address=query.address(),
        counts=counts,
        states=STATE_NAMES,
        topics=topic_names(),
        sections=sections(),
        streets=streets,
        attentions=ATTENTION_NAMES,
        orders=ORDER_NAMES,
        tones=TONES,
        day=day,
        soon=day + ENDING_SOON,
        ending=ending,
        duties=owed,
        behind=len(behind),
        fulfilled=sum(duty.held >= duty.owed for duty in owed.values()),
        may_edit=may_edit(account),
    )


@router.get("/staff/mentors/{code}", dependencies=allow(Permission.STAFF))
def show_mentor(
    request: Request,
    code: str,
    database: OpenDatabase,
    account: CurrentAccount,
    settings: CurrentSettings,
) -> Response:
    """Show a mentor with appointment, duty, what the admission rules say, and the history."""
    return _mentor_page(request, code, database, account, settings.data_dir)


@router.post("/staff/mentors/{code}/term", dependencies=allow(Permission.CATALOGUE))
def change_term(
    request: Request,
    code: str,
    database: OpenDatabase,
    account: CurrentAccount,
    settings: CurrentSettings,
    posted: PostedForm,
) -> Response:
    """Appoint, renew, pause, resume or dismiss a mentor."""
    try:
        with database.writing() as db:
            mentor = find_mentor(db, storable(code))
            db.refresh(mentor, with_for_update=True)
            _take_step(db, mentor, posted, account)
    except TermChangeRefused as error:
        return _mentor_page(request, code, database, account, settings.data_dir, str(error))
    after_change(database)  # who was with a mentor that left waits for another one
    return RedirectResponse(f"/staff/mentors/{mentor.code}?saved=1", HTTPStatus.SEE_OTHER)


def _take_step(db: Session, mentor: Mentor, posted: FormData, account: SignedIn) -> None:
    editor = editor_of(account)
    reason = typed(posted, "reason", LONGEST_REASON)
    match typed(posted, "action"):
        case "renew":
            renew(db, mentor, _day(typed(posted, "until")), editor, reason)
        case "pause":
            pause(db, mentor, editor, reason)
        case "resume":
            resume(db, mentor, editor, reason)
        case "dismiss":
            dismiss(db, mentor, reason, editor, today())
        case _:
            raise TermChangeRefused("请选择要做的操作。")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise TermChangeRefused("请把新的结束日期写成“2028-12-31”这样。") from error


def may_edit(account: SignedIn) -> bool:
    """Whether an account may change mentors."""
    return may(account.roles, Permission.CATALOGUE)


def _mentor_page(
    request: Request,
    code: str,
    database: Database,
    account: SignedIn,
    data_dir: Path,
    told: str = "",
) -> Response:
    day = today()
    with database.reading() as db:
        mentor = find_mentor(db, storable(code))
        duty: Duty = duties(db, [mentor], day)[mentor.code]
        history = mentor_history(db, mentor.code)
    return render_staff(
        request,
        account,
        "mentors/staff.html",
        HTTPStatus.CONFLICT if told else HTTPStatus.OK,
        mentor=mentor,
        duty=duty,
        history=history,
        warnings=_warnings(mentor, data_dir),
        rows=_rows(mentor, may_edit(account)),
        states=STATE_NAMES,
        tones=TONES,
        may_edit=may_edit(account),
        told=told,
        day=day,
        soon=day + ENDING_SOON,
        next_end=term_end(max(mentor.term_end_on, day) + timedelta(days=1)),
    )


def _warnings(mentor: Mentor, data_dir: Path) -> tuple[AdmissionWarning, ...]:
    """Return what the admission rules say; a file that cannot be read is a warning as well."""
    try:
        return admission_warnings(mentor, load_admission_rules(data_dir))
    except AdmissionRulesInvalid as error:
        return (AdmissionWarning(f"聘任条件没有核对。{error}", FILE),)


def _rows(mentor: Mentor, with_personal: bool) -> dict[str, list[tuple[str, str]]]:
    """Return the fields that are filled in, by section; personal ones only to editors."""
    record = MentorRecord(mentor)
    rows: dict[str, list[tuple[str, str]]] = {}
    for column in MENTOR_COLUMNS:
        text = column.write(getattr(record, column.name))
        if column.personal and text and not with_personal:
            text = "（只对管理员显示）"
        if text and column.name not in {"code", "name", "state"}:
            rows.setdefault(column.section, []).append((column.label, text))
    return rows
