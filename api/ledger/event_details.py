"""What an event of the audit log is about and what it adds, in Chinese words."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import AuditEvent, AuditPayload
from guidance.counting.qualification import FLAGS, REASONS
from guidance.lifecycle import SessionState
from guidance.periods.adjustment import ADJUSTMENT_NAMES, AdjustmentKind
from guidance.periods.record import DISTRICT
from guidance.review.decisions import REJECT_REASONS, RETURN_REASONS
from guidance.session import GuidanceSession

DIGEST_SHOWN = 12
# What the part of a subject before the colon stands for; others are shown as they are.
SUBJECTS = {
    "account": "账号", "adjustment": "调整", "assignment_run": "配对方案", "channel": "公众号",
    "definition": "口径解释", "document": "文件", "evidence": "材料", "gap": "待解答问题",
    "handover": "转交", "indicator": "指标", "ledger": "台账", "letter": "消息",
    "mentor": "导师", "mentor_work": "导师服务量", "mentoring_need": "导师申请",
    "office": "办事地点", "pairing": "配对", "period": "季度", "person": "咨询人",
    "persons": "人数", "project": "项目", "proposal": "提议", "report": "报表",
    "retention": "保存期限", "returns": "季度报送", "rules": "口径", "session": "咨询记录",
    "unit": "单位", "value": "指标数值", "weights": "推荐权重",
}  # fmt: skip
LOG = "audit:log"
# What a detail says, by its name; of the second kind one thing or the other.
PLAIN = {
    "into": "并入编号 {}",
    "instead_of": "编号 {} 不再计数",
    "rules": "口径“{}”",
}
EITHER = {
    "confirmed": {True: "情况属实", False: "未能证实"},
    "happened": {True: "咨询人表示有此事", False: "咨询人表示没有此事"},
}
# Where a reviewer decided against a session, the event that says why.
AGAINST = {
    SessionState.REJECTED: "review.rejected",
    SessionState.RETURNED: "review.returned",
}


def subject_in_words(subject: str) -> str:
    """Return what an event is about: 咨询记录 12; what has no name here stays as it is."""
    kind, _, rest = subject.partition(":")
    if subject == LOG:
        return "审计日志"
    if kind == "sessions":
        return f"咨询记录 {rest} 条"
    rest = rest[:DIGEST_SHOWN] if len(rest) > 2 * DIGEST_SHOWN else rest
    return f"{SUBJECTS[kind]} {rest}" if kind in SUBJECTS else subject


def subject_typed(text: str, alone: str = "session") -> str:
    """Return the subject that somebody means: 咨询记录 12, session:12 itself, or 12 `alone`."""
    text = text.strip()
    if text.isdecimal():
        return f"{alone}:{text}"
    for kind, name in sorted(SUBJECTS.items(), key=lambda one: -len(one[1])):
        if text.startswith(name):
            return f"{kind}:{text.removeprefix(name).strip()}"
    return text


def provider_typed(text: str) -> str:
    """Return who gave the guidance, as somebody types it: 导师 D001, D001 alone or 账号 7."""
    found = subject_typed(text, alone="account")
    return found if not found or ":" in found else f"mentor:{found}"


def details_in_words(details: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """Return what an event adds, as far as people have to know: reason codes and reasons.

    `names` are those of accounts, for who proposed what another one decided.
    """
    given = details.get("details", {})
    parts = []
    if proposer := given.get("proposed_by"):
        parts.append(f"{(names or {}).get(proposer, '另一人')}提议")
    parts += _codes(given)
    parts += [words.format(given[key]) for key, words in PLAIN.items() if given.get(key)]
    parts += [words[given[key]] for key, words in EITHER.items() if key in given]
    parts += _carried(given) + _adjustment(given)
    if digest := given.get("digest"):
        parts.append(f"材料摘要 {str(digest)[:DIGEST_SHOWN]}")
    if reason := details.get("reason"):
        parts.append(f"理由：{reason}")
    return "；".join(parts)


def proposers(events: Iterable[tuple[object, Mapping[str, Any]]]) -> set[str]:
    """Return the accounts that proposed what the events say was decided."""
    found = {details.get("details", {}).get("proposed_by", "") for _, details in events}
    return found - {""}


def told_against(db: Session, sessions: Iterable[GuidanceSession]) -> dict[int, str]:
    """Return by number why a reviewer rejected or returned a session, of those that stand so.

    It is the reason that was chosen from the list; what was written beside it stands in the
    session's history alone.
    """
    wanted = {one.subject: one.id for one in sessions if one.state in AGAINST}
    if not wanted:
        return {}
    events = (
        select(AuditEvent.subject, AuditPayload.payload)
        .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.subject.in_(wanted), AuditEvent.action.in_(AGAINST.values()))
        .order_by(AuditEvent.seq)
    )
    found = {}
    for subject, payload in db.execute(events):
        code = json.loads(payload).get("details", {}).get("code", "")
        found[wanted[subject]] = (RETURN_REASONS | REJECT_REASONS).get(code, "")
    return {number: words for number, words in found.items() if words}


def _codes(given: Mapping[str, Any]) -> list[str]:
    code = given.get("code")
    chosen = [(RETURN_REASONS | REJECT_REASONS).get(code, str(code))] if code else []
    listed = [*_listed(given.get("codes")), *_listed(given.get("flags"))]
    return chosen + [(REASONS | FLAGS).get(one, str(one)) for one in listed]


def _carried(given: Mapping[str, Any]) -> list[str]:
    if "sessions" not in given or "to" not in given:
        return []
    return [f"编号 {'、'.join(map(str, given['sessions']))} 结转到 {given['to']}"]


def _adjustment(given: Mapping[str, Any]) -> list[str]:
    """Return what an adjustment does; where it was proposed only the kind is told."""
    if "adjustment" not in given:
        return []
    kind = ADJUSTMENT_NAMES.get(given.get("kind", ""), "")
    if "to_unit" in given and given.get("kind") == AdjustmentKind.RECLASSIFY:
        kind += f"：{given.get('unit') or DISTRICT} → {given['to_unit'] or DISTRICT}"
    return [kind] if kind else []


def _listed(codes: Any) -> list[str]:
    """Return codes that an event names as a list, or in one text as a session stores them."""
    return codes.split() if isinstance(codes, str) else list(codes or ())
