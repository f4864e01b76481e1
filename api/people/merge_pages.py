"""“合并身份”: two people who are one, found, compared, proposed, and confirmed by another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from accounts.role import Role
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.entry import identity_key
from api.ledger.staff import CurrentStaff, deciding, require_district, row_number
from api.people.look_up import (
    CLUE_NAMES,
    Clue,
    Found,
    Secrets,
    Sought,
    describe,
    find_person,
)
from api.problems import problem_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from api.visitor import load_secret
from audit.log import AuditEvent, append_event, events_of
from guidance.people.attempt import Limit, TooManyAttempts, check_attempts, count_attempt
from guidance.people.identity import digest_of
from guidance.people.merging import SamePersonAlready, propose_merge
from guidance.review.proposal import (
    Proposal,
    ProposalKind,
    ProposalNotFound,
    ReasonMissing,
    required_reason,
)
from guidance.review.staff import NotYourDuty
from storage.database import LARGEST_ID, Database

router = APIRouter(include_in_schema=False)

LISTED = 20
LONGEST_CLUE = 40
MISSED = Limit(20, timedelta(hours=1))  # look-ups that found nobody, of one account
EVIDENCE = {
    "papers": "本人到场，核对了证件",
    "phone": "两边用的是同一个手机号，已回拨核实",
    "devices": "本人当面操作了两边的设备",
    "other": "其他（写在理由里）",
}
PROOFS = {
    "phone": "同一手机号",
    "code": "微信绑定码",
    "login": "微信登录",
    "unionid": "两个公众号里的同一微信",
}
NOBODY = "没有找到{which}：请检查“{clue}”是否正确；六位数字只有 10 分钟有效。"
SAME = "这两条线索指向同一个人，不需要合并。"


@dataclass(frozen=True, slots=True)
class MergePage:
    """What the page shows besides its form."""

    told: str = ""
    status: int = HTTPStatus.OK
    pair: tuple[Found, Found] | None = None
    proposal: Proposal | None = None  # that is being looked at


@router.get("/staff/people/merge", dependencies=allow(Permission.STAFF))
def show_merge(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    proposal: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
) -> Response:
    """Show the form, the last merges, and the two people of a proposal side by side."""
    if not proposal:
        return _page(request, database, account, MergePage(), {})
    require_district(account)
    staff.require(Role.HANDLER, Role.REVIEWER)
    with database.writing() as db:
        found = db.get(Proposal, proposal)
        if found is None or found.kind is not ProposalKind.MERGE_PEOPLE:
            raise ProposalNotFound("没有找到这项提议，请从列表重新选择。")
        pair = describe(db, found.details["kept"]), describe(db, found.details["absorbed"])
        for one in pair:
            _note_look_up(db, one.reference, "proposal", account)
    return _page(request, database, account, MergePage(pair=pair, proposal=found), {})


@router.post("/staff/people/merge/find", dependencies=allow(Permission.HANDLING))
def find(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Show the two people behind what was typed; that they were looked up is an event."""
    try:
        require_district(account)
        page = _look_up(request, database, account, posted)
    except (NotYourDuty, TooManyAttempts) as error:
        page = MergePage(str(error), problem_of(error).status)
    return _page(request, database, account, page, dict(posted))


@router.post("/staff/people/merge", dependencies=allow(Permission.HANDLING))
def propose(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Propose that the two are one; another account confirms."""
    evidence = EVIDENCE.get(typed(posted, "evidence", 20), "")
    reason = typed(posted, "reason", 200)
    try:
        require_district(account)
        page = _look_up(request, database, account, posted)
        if page.pair is None:
            return _page(request, database, account, page, dict(posted))
        if not evidence:
            raise ReasonMissing("请选择依据。")
        words = f"依据：{evidence}。理由：{required_reason(reason)}"
        first, second = page.pair
        with deciding(database, account, f"person:{digest_of(first.reference)}") as db:
            propose_merge(db, first.reference, second.reference, staff, datetime.now(UTC), words)
    except (NotYourDuty, TooManyAttempts, ReasonMissing, SamePersonAlready) as error:
        told = MergePage(str(error), problem_of(error).status)
        return _page(request, database, account, told, dict(posted))
    return RedirectResponse("/staff/proposals?saved=1", HTTPStatus.SEE_OTHER)


@router.post("/staff/people/merge/note", dependencies=allow(Permission.HANDLING))
def note_wrong(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Note that a merge was wrong. It is not undone: sessions are corrected by adjustments."""
    try:
        require_district(account)
        reason = required_reason(typed(posted, "reason", 200))
        with database.writing() as db:
            merged = db.get(AuditEvent, row_number(typed(posted, "event", 20)))
            if merged is None or merged.action != "person.merged":
                raise ProposalNotFound("没有找到这次合并，请从列表重新选择。")
            said = {"event": merged.seq}
            append_event(db, "person.merge_noted", merged.subject, account.actor, said, reason)
    except (NotYourDuty, ReasonMissing) as error:
        told = MergePage(str(error), problem_of(error).status)
        return _page(request, database, account, told, {})
    return RedirectResponse("/staff/people/merge?saved=1", HTTPStatus.SEE_OTHER)


def _look_up(
    request: Request, database: Database, account: SignedIn, posted: FormData
) -> MergePage:
    now = datetime.now(UTC)
    key, secret = identity_key(request), load_secret(request.app.state.settings.data_dir)
    missed = [(f"look-up by {account.account_id}", MISSED)]
    people: list[str] = []
    with database.writing() as db:
        check_attempts(db, key, missed, now)
        for name, which in (("first", "第一位"), ("second", "第二位")):
            sought = _sought(posted, name)
            person = find_person(db, sought, Secrets(key, secret), now)
            if person is None:
                count_attempt(db, key, missed, now)
                told = NOBODY.format(which=which, clue=CLUE_NAMES[sought.clue])
                return MergePage(told, HTTPStatus.NOT_FOUND)
            _note_look_up(db, person, sought.clue, account)
            people.append(person)
        pair = describe(db, people[0]), describe(db, people[1])
    if pair[0].reference == pair[1].reference:
        return MergePage(SAME, HTTPStatus.CONFLICT)
    return MergePage(pair=pair)


def _sought(posted: FormData, name: str) -> Sought:
    clue = typed(posted, f"{name}_clue", 20)
    known = Clue(clue) if clue in set(Clue) else Clue.SESSION
    return Sought(known, typed(posted, f"{name}_value", LONGEST_CLUE))


def _note_look_up(db: Session, person: str, clue: str, account: SignedIn) -> None:
    subject = f"person:{digest_of(person)}"
    append_event(db, "person.looked_up", subject, account.actor, {"clue": clue})


def _last_merges(db: Session) -> Sequence[tuple[AuditEvent, str, dict[str, Any], list[str]]]:
    """Return the last merges with their proof, what they did, and what was noted since."""
    last = select(AuditEvent).where(AuditEvent.action == "person.merged")
    lines = []
    for event in db.scalars(last.order_by(AuditEvent.seq.desc()).limit(LISTED)).all():
        history = events_of(db, event.subject)
        said = next(words for one, words in history if one.seq == event.seq)
        details = said.get("details", {})
        notes = [
            str(words.get("reason", ""))
            for one, words in history
            if one.action == "person.merge_noted"
            and words.get("details", {}).get("event") == event.seq
        ]
        lines.append((event, _proof(str(details.get("why", ""))), details, notes))
    return lines


def _proof(why: str) -> str:
    kind, _, number = why.partition(" ")
    return f"两人确认（第 {number} 号提议）" if kind == "proposal" else PROOFS.get(why, "—")


def _page(
    request: Request,
    database: Database,
    account: SignedIn,
    page: MergePage,
    given: dict[str, Any],
) -> Response:
    with database.reading() as db:
        merges = _last_merges(db)
    return render_staff(
        request,
        account,
        "people/merge.html",
        page.status,
        page=page,
        given=given,
        clues=CLUE_NAMES,
        evidence=EVIDENCE,
        merges=merges,
        may_propose=Role.HANDLER in account.roles and not account.org_unit,
    )
