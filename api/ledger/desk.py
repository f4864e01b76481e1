"""The desk: what waits today, for whom; every number leads to its rows."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.role import Role
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.ledger.periods import waiting_adjustments, waiting_checks
from api.ledger.proposals import visible_proposals
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.gaps.gap import OPEN_STATES, Gap
from guidance.handover.handover import Handover
from guidance.handover.lifecycle import UNANSWERED
from guidance.indicators.value import pending_values
from guidance.ledger_filter import LedgerFilter
from guidance.ledger_list import count_sessions
from guidance.lifecycle import SessionState
from guidance.periods.period import Quarter
from guidance.periods.seed import seeds_wanted
from guidance.review.proposal import ProposalKind

router = APIRouter(include_in_schema=False)

HANDLER, REVIEWER, SIGNER = Role.HANDLER, Role.REVIEWER, Role.SIGNER
FOR_HANDLERS = frozenset({"/staff/gaps", "/staff/handovers"})
FOR_SIGNERS = (
    ProposalKind.LOCK,
    ProposalKind.RULES,
    ProposalKind.DEFINITION,
    ProposalKind.LOCK_EXCEPTION,
    ProposalKind.LATE_SEED,
)


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of work: how much of it waits, where its rows are, whose it is."""

    title: str
    count: int
    more: bool  # there are more than were counted
    path: str
    role: Role


@router.get("/staff", dependencies=allow(Permission.STAFF))
def show_desk(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show what waits, the account's own work first."""
    with database.reading() as db:
        tasks = [
            *_of_handovers(db, account),
            *_of_sessions(db, account),
            *_of_others(db, account),
            *_of_quarters(db, account),
            *_of_gaps(db, account),
        ]
        seeds = seeds_wanted(db, today()) if _commits(account) else []
    quarter = Quarter.of(today()).preceding
    return render_staff(
        request,
        account,
        "ledger/desk.html",
        mine=[task for task in tasks if task.role in account.roles],
        # Only a handler may open the questions that nobody could answer.
        others=[
            task
            for task in tasks
            if task.role not in account.roles and task.path not in FOR_HANDLERS
        ],
        quarter=quarter,
        seeds=[(one, (one.last_day - today()).days) for one in seeds],
        entry_ends=(quarter.entry_closes_on - today()).days,
        review_ends=(quarter.review_closes_on - today()).days,
    )


def _commits(account: SignedIn) -> bool:
    """Whether publishing the seed of the samples is this account's work."""
    return not account.org_unit and bool({HANDLER, SIGNER} & set(account.roles))


def _of_sessions(db: Session, account: SignedIn) -> list[Task]:
    unit = account.org_unit or None
    states = SessionState

    def task(title: str, role: Role, query: str, **words: object) -> Task:
        wanted = LedgerFilter(org_unit=unit, **words)  # type: ignore[arg-type]
        count, more = count_sessions(db, wanted)
        return Task(title, count, more, f"/staff/sessions?{query}", role)

    def only(state: SessionState) -> frozenset[SessionState]:
        return frozenset({state})

    pending = only(states.PENDING)
    return [
        task("等确认或判定", HANDLER, "state=recorded", states=only(states.RECORDED)),
        task("待提交复核", HANDLER, "state=qualified", states=only(states.QUALIFIED)),
        task("退回待补充", HANDLER, "state=returned", states=only(states.RETURNED)),
        task("不予计数（可复议）", HANDLER, "state=rejected", states=only(states.REJECTED)),
        task(
            "同人同日重复", HANDLER, "state=unqualified&code=Q8",
            states=only(states.UNQUALIFIED), code="Q8",
        ),
        task("待复核", REVIEWER, "state=pending_review", states=pending),
        task(
            "待复核中需要留意的", REVIEWER, "state=pending_review&flagged=1",
            states=pending, flagged=True,
        ),
        task(
            "复议待复核", REVIEWER, "state=pending_review&appealed=1",
            states=pending, appealed=True,
        ),
    ]  # fmt: skip


def _of_others(db: Session, account: SignedIn) -> list[Task]:
    """Proposals and values, as many as the pages behind list for this account."""
    proposals = visible_proposals(db, account)
    for_signers = sum(one.kind in FOR_SIGNERS for one in proposals)
    values = len(pending_values(db))
    return [
        Task("待第二人确认", len(proposals) - for_signers, False, "/staff/proposals", REVIEWER),
        Task("待签发确认", for_signers, False, "/staff/proposals", SIGNER),
        Task("待审核的指标数值", values, False, "/staff/values", REVIEWER),
    ]


def _of_quarters(db: Session, account: SignedIn) -> list[Task]:
    """Second checks and adjustments, a number for each quarter: its page has the rows."""
    kinds = (
        ("待抽查", REVIEWER, "sample", waiting_checks(db, account)),
        ("待确认的调整", SIGNER, "restated", waiting_adjustments(db, account)),
    )
    tasks = []
    for title, role, place, counts in kinds:
        for period, count in counts.items():
            path = f"/staff/periods/{period}#{place}"
            tasks.append(Task(f"{title}（{period}）", count, False, path, role))
        if not counts:
            tasks.append(Task(title, 0, False, "/staff/periods", role))
    return tasks


def _of_handovers(db: Session, account: SignedIn) -> list[Task]:
    """People who wait for people, and those whose day is over."""
    mine = (account.within(Handover.org_unit), Handover.state.in_(UNANSWERED))
    waiting = select(func.count()).select_from(Handover).where(*mine)
    late = waiting.where(Handover.due_on < today())
    return [
        Task("等人工答复", db.scalar(waiting) or 0, False, "/staff/handovers", HANDLER),
        Task("人工答复已超期", db.scalar(late) or 0, False, "/staff/handovers", HANDLER),
    ]


def _of_gaps(db: Session, account: SignedIn) -> list[Task]:
    """Questions that nobody could answer, and those whose day is over."""
    waiting = select(func.count()).where(Gap.state.in_(OPEN_STATES))
    if account.org_unit:
        waiting = waiting.where(Gap.org_unit == account.org_unit)
    late = waiting.where(Gap.due_on < today())
    return [
        Task("没有答复的问题", db.scalar(waiting) or 0, False, "/staff/gaps", HANDLER),
        Task("其中已过期限的", db.scalar(late) or 0, False, "/staff/gaps", HANDLER),
    ]
