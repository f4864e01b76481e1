"""Logging a meeting on a phone: taps and one sentence; the ledger decides whether it counts."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.input import RecordId, Storable
from api.ledger.entry import site_of
from api.ledger.staff import CurrentStaff
from api.mentors.desk import own_code
from api.mentors.telling import mentoring_step
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.human_session import EntryHeld, EntryInvalid, HumanEntry, record_human_session
from guidance.lifecycle import ServiceLine
from guidance.periods.period import SHANGHAI
from matching.mentoring.guiding import note_meeting
from matching.mentoring.moves import MentoringRefused
from matching.mentoring.need import MentoringNeed
from matching.mentoring.pairing import RUNNING
from matching.mentoring.proposing import find_own_pairing, own_pairing
from matching.mentors.mentor import find_mentor
from storage.database import Database

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.MENTORING))
LENGTHS = (20, 30, 45, 60, 90, 120)
WAYS = ("见面", "电话", "微信或视频")
LEAST_OUTCOME = 10
NOW = "now"  # the meeting has just ended


class MeetingForm(BaseModel):
    """A meeting that took place: when, how long, how, about what, with what result."""

    when: Annotated[str, Field(max_length=10), Storable] = NOW
    started: Annotated[str, Field(max_length=20), Storable] = ""  # as a browser writes a local time
    minutes: Annotated[str, Field(max_length=4), Storable] = "30"
    way: Annotated[str, Field(max_length=20), Storable] = WAYS[0]
    place: Annotated[str, Field(max_length=80), Storable] = ""
    topics: list[Annotated[str, Field(max_length=40), Storable]] = []
    outcome: Annotated[str, Field(max_length=1000), Storable] = ""
    next_step: Annotated[str, Field(max_length=200), Storable] = ""
    despite: Annotated[str, Field(max_length=200), Storable] = ""  # why it is another meeting

    def entry(self, person: str, org_unit: str, code: str, at: datetime) -> HumanEntry:
        """Return the entry for the ledger. Raises EntryInvalid with what to correct."""
        if not (self.minutes.isascii() and self.minutes.isdigit()):
            raise EntryInvalid("请选谈了多少分钟。")
        length = timedelta(minutes=int(self.minutes))
        if len(self.outcome.strip()) < LEAST_OUTCOME:
            raise EntryInvalid(f"请用一两句话写谈了什么、定了什么，至少 {LEAST_OUTCOME} 个字。")
        if not self.topics:
            raise EntryInvalid("请至少点一个主题。")
        started = at - length if self.when == NOW else _moment(self.started)
        place = self.place.strip()
        more = f"\n下一步：{self.next_step.strip()}" if self.next_step.strip() else ""
        return HumanEntry(
            service_line=ServiceLine.MENTOR,
            person=person,
            provider=f"mentor:{code}",
            started_at=started,
            ended_at=started + length,
            place=f"{self.way}：{place}" if place else self.way,
            topic="、".join(self.topics),
            summary=self.outcome.strip() + more,
            org_unit=org_unit,
        )


@router.get("/mentor/pairings/{pairing_id}/meetings")
def show_meeting(
    request: Request, pairing_id: RecordId, account: CurrentAccount, database: OpenDatabase
) -> Response:
    """Ask for a meeting, with the usual already tapped."""
    return _page(request, account, database, pairing_id, None)


@router.post("/mentor/pairings/{pairing_id}/meetings")
def post_meeting(
    request: Request,
    pairing_id: RecordId,
    account: CurrentAccount,
    staff: CurrentStaff,
    database: OpenDatabase,
    form: Annotated[MeetingForm, Form()],
) -> Response:
    """Record a meeting and show the code with which the mentee may confirm it."""
    code, now = own_code(account), datetime.now(UTC)
    try:
        with mentoring_step(database) as db:
            pairing = own_pairing(db, pairing_id, code)
            need = db.get_one(MentoringNeed, pairing.need_id)
            entry = form.entry(need.person, need.org_unit, code, now)
            note_meeting(db, pairing_id, code, now)
            session, secret = record_human_session(db, entry, staff, now, form.despite.strip())
    except EntryHeld as error:
        return _page(request, account, database, pairing_id, form, (str(error), error.session_id))
    except (EntryInvalid, MentoringRefused) as error:
        return _page(request, account, database, pairing_id, form, (str(error), 0))
    doubted = "D10" in session.flags.split()
    return render_staff(
        request, account, "mentors/met.html", number=session.id, code=secret, doubted=doubted,
        site=site_of(request),
    )  # fmt: skip


def _page(
    request: Request,
    account: SignedIn,
    database: Database,
    pairing_id: int,
    form: MeetingForm | None,
    told: tuple[str, int] = ("", 0),  # what is wrong, and the record that it looks like
) -> Response:
    error, twin = told
    code = own_code(account)
    with database.reading() as db:
        pairing = find_own_pairing(db, pairing_id, code)
        need = db.get_one(MentoringNeed, pairing.need_id)
        topics = list(dict.fromkeys((*need.topics, *find_mentor(db, code).topics)))
    if pairing.state not in RUNNING and not error:
        error = "这个结对不在进行中，不能登记见面。请回到列表查看。"
    return render_staff(
        request,
        account,
        "mentors/meeting.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        pairing=pairing,
        need=need,
        topics=topics,
        form=form or MeetingForm(topics=need.topics[:1]),
        lengths=LENGTHS,
        ways=WAYS,
        least=LEAST_OUTCOME,
        error=error,
        twin=twin,
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise EntryInvalid("请填开始的日期和时间。") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
