"""How the ledger's states, channels and events are called on a page."""

from typing import Any

from guidance.counting.qualification import FLAGS, REASONS
from guidance.lifecycle import LINE_NAMES, STATE_NAMES, SessionState
from guidance.message import Channel
from guidance.people.level import LEVEL_NAMES
from guidance.review.decisions import REJECT_REASONS, RETURN_REASONS
from guidance.review.proposal import ProposalKind

CHANNEL_NAMES = {
    Channel.WEB: "网页",
    Channel.API: "接口",
    Channel.WECHAT: "微信",
    Channel.WINDOW: "窗口",
    Channel.TELEPHONE: "电话",
    Channel.MENTOR: "导师",
    Channel.EVENT: "现场活动",
}
STATE_TONES = {
    SessionState.APPROVED: "good",
    SessionState.LOCKED: "good",
    SessionState.PENDING: "warn",
    SessionState.RETURNED: "warn",
    SessionState.QUALIFIED: "warn",
    SessionState.REJECTED: "bad",
    SessionState.UNQUALIFIED: "bad",
}
KIND_NAMES = {
    ProposalKind.REQUALIFY: "改判为符合口径",
    ProposalKind.MERGE_PEOPLE: "合并身份",
    ProposalKind.APPROVE_MANY: "成批通过",
    ProposalKind.OVERFLOW: "超上限复核",
    ProposalKind.LOCK_EXCEPTION: "补录特批",
    ProposalKind.RULES: "更换口径",
    ProposalKind.DEFINITION: "确定口径解释",
    ProposalKind.LOCK: "锁定季度",
}
ACTION_NAMES = {
    "session.opened": "开始",
    "session.recorded": "记录并封存",
    "session.qualified": "判定符合口径",
    "session.unqualified": "判定不符合口径",
    "session.merged": "合并",
    "session.requalified": "改判为符合口径",
    "session.promoted": "递补为当天的计数记录",
    "session.confirmed": "咨询人已确认",
    "session.evidence": "补充材料",
    "session.flagged": "标记为需要留意",
    "session.called_back": "电话回访",
    "review.submitted": "提交复核",
    "review.approved": "通过",
    "review.returned": "退回补充",
    "review.rejected": "不予计数",
    "review.resubmitted": "补充后再次提交",
    "review.withdrawn": "撤回",
    "review.appealed": "申请复议",
    "review.unapproved": "撤销通过",
    "period.locked": "锁定季度",
    "period.closed": "结算季度",
    "period.carried": "结转下季度",
    "sample.committed": "公布抽查种子摘要",
    "sample.checked": "抽查",
    "adjustment.proposed": "提议调整",
    "adjustment.posted": "调整生效",
    "adjustment.refused": "不同意调整",
    "indicator.reported": "填报指标",
    "indicator.accepted": "采用指标数值",
    "indicator.refused": "不采用指标数值",
    "definition.signed": "签署口径解释",
    "rules.signed": "签署新口径",
    "evidence.stored": "保存材料",
    "transcript.read": "查看记录原文",
    "evidence.read": "查看材料",
    "audit.read": "查看审计日志",
    "audit.verified": "核验审计日志",
    "access.refused": "越权访问被拒",
    "decision.refused": "办理被拒",
    "identity.bound": "核验身份",
    "person.merged": "合并身份完成",
    "person.internal": "标记内部人员",
}
OUTCOMES = {"proposed": "提议", "confirmed": "确认", "refused": "不同意"}


def action_name(action: str) -> str:
    """Return an event's name in Chinese; one that has none yet keeps its own."""
    if action in ACTION_NAMES:
        return ACTION_NAMES[action]
    kind, _, outcome = action.partition(".")
    if kind in set(ProposalKind) and outcome in OUTCOMES:
        return f"{OUTCOMES[outcome]}{KIND_NAMES[ProposalKind(kind)]}"
    return action


def details_in_words(details: dict[str, Any]) -> str:
    """Return what an event adds, as far as people have to know: reason codes and reasons."""
    given = details.get("details", {})
    parts = []
    if code := given.get("code"):
        parts.append((RETURN_REASONS | REJECT_REASONS).get(code, str(code)))
    for code in [*(given.get("codes") or ()), *(given.get("flags") or ())]:
        parts.append((REASONS | FLAGS).get(code, str(code)))
    if into := given.get("into"):
        parts.append(f"并入编号 {into}")
    if rules := given.get("rules"):
        parts.append(f"口径“{rules}”")
    if "confirmed" in given:
        parts.append("情况属实" if given["confirmed"] else "未能证实")
    if "happened" in given:
        parts.append("咨询人表示有此事" if given["happened"] else "咨询人表示没有此事")
    if reason := details.get("reason"):
        parts.append(f"理由：{reason}")
    return "；".join(parts)


# What the templates of the ledger call things by.
NAMES: dict[str, Any] = {
    "states": STATE_NAMES,
    "tones": STATE_TONES,
    "lines": LINE_NAMES,
    "channels": CHANNEL_NAMES,
    "levels": LEVEL_NAMES,
    "reasons": REASONS | FLAGS,
    "kinds": KIND_NAMES,
}
