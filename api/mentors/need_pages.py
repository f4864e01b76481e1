"""One request as staff see it: why this mentor, why not another, and pairing by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Permission, allow, may
from api.deps import OpenDatabase
from api.input import RecordId, Storable
from api.mentors.matching_work import AT_ONCE_PAIRS, resolve
from api.mentors.scope import seen_need
from api.mentors.telling import mentoring_step
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.assignment.pair_reasons import PairVerdict, PairVerdictKind, explain_pair
from matching.assignment.rules import (
    EDGE_RULES,
    SEAT_RULES,
    WITH_REASON,
    Pair,
    broken_rules,
)
from matching.assignment.run import AssignmentRun
from matching.assignment.scoring import MentorWeights, score_one
from matching.industry import division_name
from matching.learning.weight_version import mentor_weights
from matching.mentoring.moves import MentoringRefused, Proposer
from matching.mentoring.need import NEED_NAMES, MentoringNeed, NeedState
from matching.mentoring.pairing import DECLINE_NAMES, PAIRING_NAMES, pairings_of_needs
from matching.mentoring.proposing import propose
from matching.mentoring.run import gather, mentors_now, needs_now, pair_of, reasons_for
from matching.mentors.facts import MentorFacts, MentorNeed, RuleFinding
from matching.mentors.mentor import Mentor, MentorNotFound
from storage.database import Database

router = APIRouter(include_in_schema=False)
VERDICT_NAMES = {
    PairVerdictKind.MATCHED: ("安排", "good"),
    PairVerdictKind.RULE: ("不能", "bad"),
    PairVerdictKind.BANNED: ("不能", "bad"),
    PairVerdictKind.NO_SEAT: ("没有名额", "warn"),
    PairVerdictKind.LOWER: ("不如现在的", ""),
    PairVerdictKind.EQUAL: ("一样合适", ""),
    PairVerdictKind.WISHED: ("让位于志愿", ""),
    PairVerdictKind.KEPT: ("不再改动", ""),
    PairVerdictKind.NEEDED_ELSEWHERE: ("别处更需要", "warn"),
    PairVerdictKind.UNSERVED: ("名额不够", "warn"),
}
_ORDER = list(VERDICT_NAMES)


class ByHand(BaseModel):
    """A mentor named by a colleague, with the reason."""

    mentor: Annotated[str, Field(max_length=32), Storable]
    reason: Annotated[str, Field(max_length=200), Storable] = ""
    despite: bool = False  # known to break rules that a reason may set aside


@dataclass(frozen=True, slots=True)
class Row:
    """One mentor held against the request."""

    mentor: MentorFacts
    kind: PairVerdictKind | None  # None where the whole matching was too large to ask
    text: str
    value: float | None
    broken: tuple[RuleFinding, ...]

    @property
    def barred(self) -> bool:
        """Whether not even a reason lets staff pair the two."""
        return any(one.code not in WITH_REASON for one in self.broken)


@router.get("/staff/mentoring/needs/{need_id}", dependencies=allow(Permission.STAFF))
def show_need(
    request: Request, need_id: RecordId, account: CurrentAccount, database: OpenDatabase
) -> Response:
    """Show a request, what came of it, and every mentor with why or why not."""
    return _page(request, account, database, need_id)


@router.post("/staff/mentoring/needs/{need_id}", dependencies=allow(Permission.HANDLING))
def assign_by_hand(
    request: Request,
    need_id: RecordId,
    account: CurrentAccount,
    database: OpenDatabase,
    form: Annotated[ByHand, Form()],
) -> Response:
    """Ask one mentor by hand, with a reason; what it breaks is named and put on record."""
    now, by = datetime.now(UTC), Proposer(account.actor, form.reason.strip())
    mentor = form.mentor
    try:
        with mentoring_step(database) as db:
            need = seen_need(db, account, need_id)
            if not by.reason:
                raise MentoringRefused("请写明指定这位导师的理由，理由会记入审计日志。")
            broken = broken_rules(pair_of(db, need.id, mentor, now, today()))
            _check(broken, form.despite)
            why = reasons_for(db, need.id, mentor, now, today())
            why["broken_rules"] = [one.code for one in broken]
            propose(db, need.id, mentor, by, now, why)
    except (MentoringRefused, MentorNotFound) as error:
        return _page(request, account, database, need_id, str(error))
    resolve(database, now)
    return RedirectResponse(f"/staff/mentoring/needs/{need_id}?saved=1", HTTPStatus.SEE_OTHER)


def _check(broken: tuple[RuleFinding, ...], despite: bool) -> None:
    """Raise MentoringRefused for what no reason overrides, or was not knowingly overridden."""
    never = [one for one in broken if one.code not in WITH_REASON]
    if never:
        said = "".join(f"{_of_staff(one.message)}（{one.code}）" for one in never)
        raise MentoringRefused(f"不能指定：{said}")
    if broken and not despite:
        said = "".join(f"{_of_staff(one.message)}（{one.code}）" for one in broken)
        raise MentoringRefused(f"{said}仍要指定，请勾选“我知道，仍要指定”。")


def _page(
    request: Request, account: SignedIn, database: Database, need_id: int, error: str = ""
) -> Response:
    now, day = datetime.now(UTC), today()
    with database.reading() as db:
        need = seen_need(db, account, need_id)
        pairings = pairings_of_needs(db, [need.id])[need.id]
        names = {row[0]: row[1] for row in db.execute(select(Mentor.code, Mentor.name))}
        rows, complete = _rows(db, need, now)
    return render_staff(
        request,
        account,
        "mentors/need_staff.html",
        HTTPStatus.CONFLICT if error else HTTPStatus.OK,
        need=need,
        industry=division_name(need.industry),
        pairings=pairings,
        names=names,
        rows=rows,
        complete=complete,
        verdicts=VERDICT_NAMES,
        need_names=NEED_NAMES,
        pairing_names=PAIRING_NAMES,
        decline_names=DECLINE_NAMES,
        waits=need.state is NeedState.WAITING,
        may_act=may(account.roles, Permission.HANDLING, "POST"),
        error=error,
        now=now,
        day=day,
    )


def _rows(db: Session, need: MentoringNeed, at: datetime) -> tuple[list[Row], bool]:
    """Return every serving mentor against an open need, and whether prices were asked too."""
    if need.state not in (NeedState.WAITING, NeedState.PROPOSED):
        return [], True
    day, weights = today(), mentor_weights(db)
    (facts,) = needs_now(db, at, [need])
    round_ = gather(db, at, day)
    if len(round_.needs) * len(round_.mentors) > AT_ONCE_PAIRS:
        rows = [_alone(Pair(facts, one, day), weights) for one in mentors_now(db, at, day)]
        return sorted(rows, key=lambda row: (len(row.broken), -(row.value or 0.0))), False
    run = round_.solve().run
    rows = [_explained(run, facts, one, weights) for one in run.mentors]
    rows.sort(key=lambda row: (_ORDER.index(row.kind) if row.kind else 0, -(row.value or 0.0)))
    rows.sort(key=lambda row: row.kind in (PairVerdictKind.RULE, PairVerdictKind.BANNED))
    return rows, True


def _explained(
    run: AssignmentRun, need: MentorNeed, mentor: MentorFacts, weights: MentorWeights
) -> Row:
    verdict: PairVerdict = explain_pair(run, need.code, mentor.code)
    broken = broken_rules(Pair(need, mentor, run.day))
    text = _of_staff(verdict.text)
    if len(broken) > 1:
        text = "".join(_of_staff(one.message) for one in broken)
    value = verdict.value
    if value is None and not broken:
        value = score_one(need, mentor, weights)[1]
    return Row(mentor, verdict.kind, text, value, broken)


def _alone(pair: Pair, weights: MentorWeights) -> Row:
    broken = broken_rules(pair, EDGE_RULES + SEAT_RULES)
    text = "".join(_of_staff(one.message) for one in broken) or "可以安排。"
    hard = tuple(one for one in broken if one.code not in {"full_now", "full_this_year"})
    return Row(pair.mentor, None, text, score_one(pair.need, pair.mentor, weights)[1], hard)


def _of_staff(text: str) -> str:
    """Say to staff what is worded for the person who asks."""
    return text.replace("您自己", "申请人自己").replace("您", "申请人")
