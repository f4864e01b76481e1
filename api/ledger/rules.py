"""口径: which rules count in which quarter, what others would have changed, and switching."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.role import Role
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.staff import CurrentStaff, deciding, names_of, require_district
from api.policies.validity import today
from api.problems import problem_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.counting.impact import impact_of
from guidance.counting.qualification import REASONS
from guidance.counting.rules import (
    CountingRules,
    RulesInvalid,
    RuleVersion,
    propose_rules,
    read_rules,
    rules_in_force,
    shipped_rules,
)
from guidance.lifecycle import LINE_NAMES
from guidance.people.level import LEVEL_NAMES
from guidance.periods.period import PeriodInvalid, Quarter
from guidance.review.proposal import Proposal, ProposalKind, ReasonMissing
from guidance.review.staff import NotYourDuty
from storage.database import LARGEST_ID, Database

router = APIRouter(include_in_schema=False)

TEXTS = {
    "min_level": "最低身份核验程度",
    "not_counted_lines": "不计的服务方式",
    "needs_topic": "须谈到创业问题",
    "needs_situation": "须结合本人情况",
    "min_messages": "在线问答最少消息数",
    "min_substantive": "其中有实质内容的最少消息数",
    "min_han": "实质消息最少汉字数",
    "min_span_s": "在线问答最短时间（秒）",
    "min_minutes": "人工咨询最短时间（分钟）",
    "min_summary": "人工咨询摘要最少字数",
    "needs_answer": "须有依据的答复或人工答复",
    "confirmed_lines": "须咨询人确认或有材料的方式",
    "confirm_hours": "确认期限（小时）",
    "max_days_late": "最迟几天内录入",
    "continuation_hours": "同一话题多少小时内算延续",
    "provider_per_day": "服务人员每天上限（超过须两人复核）",
    "provider_per_hour": "服务人员每小时达到几次须留意",
    "fast_messages_s": "两条消息间隔少于几秒须留意",
    "alike": "内容相似到什么程度须留意",
    "alike_sessions": "几位咨询人内容相似须留意",
}
VALUE_NAMES = {str(key): name for names in (LEVEL_NAMES, LINE_NAMES) for key, name in names.items()}
ProposalId = Annotated[int, Query(ge=0, le=LARGEST_ID)]


@router.get("/staff/counting-rules", dependencies=allow(Permission.STAFF))
def show_rules(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    proposal: ProposalId = 0,
    impact: bool = False,
) -> Response:
    """Show the rules in force beside those that ship or are proposed.

    Judging a quarter again takes a while, so its impact is shown when it is asked for.
    """
    return _page(request, database, account, proposal, impact=impact or bool(proposal))


@router.post("/staff/counting-rules", dependencies=allow(Permission.STAFF))
def propose_switch(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Propose other rules from a quarter on that has not begun; a signer signs them."""
    try:
        shipped = shipped_rules().get(typed(posted, "profile", 40))
        if shipped is None:
            raise RulesInvalid("请选择要改用的口径。")
        quarter = Quarter.parse(typed(posted, "from", 10))
        name = typed(posted, "name", 40) or f"{shipped.name}（{quarter} 起）"
        with deciding(database, account, f"rules:{quarter}") as db:
            staff.require(Role.ADMINISTRATOR, Role.SIGNER, Role.HANDLER)
            require_district(account)
            rules = replace(shipped, name=name)
            now = datetime.now(UTC)
            propose_rules(db, rules, quarter, staff, now, typed(posted, "reason"))
    except (RulesInvalid, PeriodInvalid, ReasonMissing, NotYourDuty) as error:
        told = (str(error), int(problem_of(error).status))
        return _page(request, database, account, 0, told)
    return RedirectResponse("/staff/counting-rules?saved=1", HTTPStatus.SEE_OTHER)


def shown(value: Any) -> str:
    """Return a value of a rule set in words."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(shown(one) for one in value) or "无"
    return VALUE_NAMES.get(str(value), str(value))


def _page(
    request: Request,
    database: Database,
    account: SignedIn,
    proposal_id: int,
    told: tuple[str, int] = ("", 200),
    *,
    impact: bool = False,
) -> Response:
    current = Quarter.of(today())
    with database.reading() as db:
        in_force = rules_in_force(db, str(current))
        versions = db.scalars(select(RuleVersion).order_by(RuleVersion.effective_from)).all()
        signers = _signers(db, [one.proposal_id for one in versions])
        people = names_of(db, {name for pair in signers.values() for name in pair})
        compared = [in_force, *_others(db, in_force, proposal_id)]
        last = str(current.preceding)
        impacts = [impact_of(db, rules, last) for rules in compared] if impact else []
    rows = [
        (text, [shown(getattr(rules, key)) for rules in compared]) for key, text in TEXTS.items()
    ]
    return render_staff(
        request,
        account,
        "ledger/rules.html",
        told[1],
        told=told[0],
        compared=compared,
        rows=rows,
        impacts=impacts,
        last=last,
        versions=versions,
        signers=signers,
        people=people,
        profiles=shipped_rules(),
        next_quarter=current.following,
        reasons=REASONS,
        may_propose=not account.org_unit
        and bool(account.roles & {Role.ADMINISTRATOR, Role.SIGNER, Role.HANDLER}),
    )


def _others(db: Session, in_force: CountingRules, proposal_id: int) -> list[CountingRules]:
    """Return the proposed rules, or those that ship and differ from the ones in force."""
    proposal = db.get(Proposal, proposal_id) if proposal_id else None
    if proposal is not None and proposal.kind is ProposalKind.RULES:
        return [read_rules(proposal.details["rules"])]
    content = {**asdict(in_force), "name": "", "title": ""}
    return [
        rules
        for rules in shipped_rules().values()
        if {**asdict(rules), "name": "", "title": ""} != content
    ]


def _signers(db: Session, proposals: list[int]) -> dict[int, tuple[str, str]]:
    found = db.scalars(select(Proposal).where(Proposal.id.in_(proposals)))
    return {one.id: (one.proposed_by, one.decided_by) for one in found}
