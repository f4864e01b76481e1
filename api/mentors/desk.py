"""The mentor's own page: invitations, own mentees and nobody else's, what is still owed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.input import RecordId, Storable
from api.mentors.duty import duties
from api.mentors.matching_work import resolve
from api.mentors.telling import mentoring_step
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.industry import division_name
from matching.mentoring.guiding import (
    ENDING_NAMES,
    Ending,
    agree_time_as_mentor,
    end_pairing,
    suggest_time,
)
from matching.mentoring.moves import MentoringRefused, Proposer
from matching.mentoring.need import MentoringContact, MentoringNeed
from matching.mentoring.pairing import (
    DECLINE_NAMES,
    PAIRING_NAMES,
    RUNNING,
    SEATED,
    DeclineReason,
    Pairing,
    PairingNotFound,
    PairingState,
    pairings_of_mentor,
)
from matching.mentoring.proposing import accept, decline, own_pairing
from matching.mentoring.ranking import asking_for
from matching.mentors.mentor import find_mentor
from matching.mentors.own_terms import paused_to
from storage.database import Database

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.MENTORING))
Short = Annotated[str, Field(max_length=200), Storable]
HOURS_LEFT_SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Seat:
    """One invitation or mentee as the mentor may see it; a phone only after acceptance."""

    pairing: Pairing
    need: MentoringNeed
    phone: str
    industry: str

    @property
    def why(self) -> str:
        """Why this mentor was asked, said to the mentor."""
        given = self.pairing.reasons
        said = ["；".join(given.get("reasons", ())), given.get("mutual", "")]
        return _to_mentor("".join(f"{one}。" for one in said if one))

    @property
    def weakness(self) -> str:
        """What speaks against it, said to the mentor."""
        return _to_mentor(self.pairing.reasons.get("weakness", ""))

    @property
    def waits_for_mentor(self) -> bool:
        """Whether the person proposed a time that nobody answered."""
        one = self.pairing
        return bool(one.other_time) and one.time_from == "person" and one.time_agreed_at is None


@router.get("/mentor")
def show_desk(request: Request, account: CurrentAccount, database: OpenDatabase) -> Response:
    """Show a mentor's own invitations and mentees, and nothing else."""
    return _desk(request, account, database)


@router.post("/mentor/pairings/{pairing_id}/accept")
def post_accept(
    request: Request, pairing_id: RecordId, account: CurrentAccount, database: OpenDatabase
) -> Response:
    """Say yes."""
    code, now = own_code(account), datetime.now(UTC)
    return _do(
        request,
        account,
        database,
        lambda db: accept(db, pairing_id, code, account.actor, now),
    )


@router.post("/mentor/pairings/{pairing_id}/decline")
def post_decline(
    request: Request,
    pairing_id: RecordId,
    account: CurrentAccount,
    database: OpenDatabase,
    reason: Annotated[DeclineReason, Form()],
    words: Annotated[Short, Form()] = "",
) -> Response:
    """Say no, with a chip; the rest is matched again at once."""
    code, now = own_code(account), datetime.now(UTC)
    return _do(
        request,
        account,
        database,
        lambda db: decline(db, pairing_id, code, (reason, words), account.actor, now),
    )


@router.post("/mentor/pairings/{pairing_id}/time")
def post_time(
    request: Request,
    pairing_id: RecordId,
    account: CurrentAccount,
    database: OpenDatabase,
    words: Annotated[Short, Form()],
) -> Response:
    """Propose when to meet."""
    code, now = own_code(account), datetime.now(UTC)
    return _do(
        request,
        account,
        database,
        lambda db: suggest_time(db, pairing_id, code, words, account.actor, now),
    )


@router.post("/mentor/pairings/{pairing_id}/time/agree")
def post_agreed(
    request: Request, pairing_id: RecordId, account: CurrentAccount, database: OpenDatabase
) -> Response:
    """Agree to the time that the mentee proposed."""
    code, now = own_code(account), datetime.now(UTC)
    return _do(
        request,
        account,
        database,
        lambda db: agree_time_as_mentor(db, pairing_id, code, account.actor, now),
    )


@router.post("/mentor/pairings/{pairing_id}/end")
def post_end(
    request: Request,
    pairing_id: RecordId,
    account: CurrentAccount,
    database: OpenDatabase,
    ending: Annotated[Ending, Form()],
    words: Annotated[Short, Form()] = "",
) -> Response:
    """Complete a pairing, or end it with a reason; the seat is free again."""
    code, now = own_code(account), datetime.now(UTC)

    def step(db: Session) -> None:
        own_pairing(db, pairing_id, code)
        end_pairing(db, pairing_id, Proposer(account.actor, words), now, ending)

    return _do(request, account, database, step)


def own_code(account: SignedIn) -> str:
    """Return the code of the mentor whose account this is. Raises PairingNotFound."""
    if not account.mentor_code:
        raise PairingNotFound("您的账号还没有关联导师资料，请联系管理员。")
    return account.mentor_code


def _do(
    request: Request, account: SignedIn, database: Database, step: Callable[[Session], None]
) -> Response:
    try:
        with mentoring_step(database) as db:
            step(db)
    except MentoringRefused as error:
        return _desk(request, account, database, str(error))
    resolve(database, datetime.now(UTC))
    return RedirectResponse("/mentor?saved=1", HTTPStatus.SEE_OTHER)


def _desk(request: Request, account: SignedIn, database: Database, error: str = "") -> Response:
    code, now, day = own_code(account), datetime.now(UTC), today()
    with database.reading() as db:
        mentor = find_mentor(db, code)
        seats = [_seat(db, pairing) for pairing in pairings_of_mentor(db, code, SEATED)]
        duty = duties(db, [mentor], day)[code]
        asking = len(asking_for(db, mentor.facts(), now, day))
    invited = [one for one in seats if one.pairing.state is PairingState.PROPOSED]
    return render_staff(
        request,
        account,
        "mentors/desk.html",
        HTTPStatus.CONFLICT if error else HTTPStatus.OK,
        mentor=mentor,
        invited=invited,
        mentees=[one for one in seats if one.pairing.state in RUNNING],
        duty=duty,
        asking=asking,
        paused_to=paused_to(mentor, day),
        chips=DECLINE_NAMES,
        endings=ENDING_NAMES,
        states=PAIRING_NAMES,
        soon=now + HOURS_LEFT_SOON,
        error=error,
        day=day,
    )


def _to_mentor(text: str) -> str:
    """Say to a mentor what is worded for the person who asks."""
    return text.replace("您", "对方").replace("这位导师", "您")


def _seat(db: Session, pairing: Pairing) -> Seat:
    need = db.get_one(MentoringNeed, pairing.need_id)
    contact = db.get(MentoringContact, need.id) if pairing.state in RUNNING else None
    return Seat(pairing, need, contact.phone if contact else "", division_name(need.industry))
