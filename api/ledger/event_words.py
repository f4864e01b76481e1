"""What every event of the audit log is called in Chinese, and what it adds in words."""

from collections.abc import Mapping
from typing import Any

from guidance.counting.qualification import FLAGS, REASONS
from guidance.review.decisions import REJECT_REASONS, RETURN_REASONS
from guidance.review.proposal import ProposalKind

KIND_NAMES = {
    ProposalKind.REQUALIFY: "改判为符合口径",
    ProposalKind.MERGE_PEOPLE: "合并身份",
    ProposalKind.MERGE_SESSIONS: "合并重复记录",
    ProposalKind.PART_SESSIONS: "分开已合并的记录",
    ProposalKind.APPROVE_MANY: "成批通过",
    ProposalKind.LOCK_EXCEPTION: "补录特批",
    ProposalKind.RULES: "更换口径",
    ProposalKind.DEFINITION: "确定口径解释",
    ProposalKind.LOCK: "锁定季度",
    ProposalKind.LATE_SEED: "补公布抽查种子摘要",
}
OUTCOMES = {"proposed": "提议", "confirmed": "确认", "refused": "不同意"}
# By subject, as a list of events offers them. Whatever the code appends stands here.
EVENT_GROUPS: dict[str, dict[str, str]] = {
    "咨询记录": {
        "session.opened": "开始",
        "entry.admitted": "核对后仍然登记",
        "session.recorded": "记录并封存",
        "session.qualified": "判定符合口径",
        "session.unqualified": "判定不符合口径",
        "session.merged": "合并",
        "session.absorbed": "另一条记录并入本条",
        "session.parted": "从合并中分开",
        "session.requalified": "改判为符合口径",
        "session.promoted": "递补为当天的计数记录",
        "session.confirmed": "咨询人已确认",
        "session.evidence": "补充材料",
        "session.flagged": "标记为需要留意",
        "session.called_back": "电话回访",
        "transcript.read": "查看记录原文",
        "persons.listed": "查看人数背后的名单",
        "person.read": "查看一人计数的各次咨询",
        "sheet.recorded": "签到表登记",
        "evidence.stored": "保存材料",
        "evidence.read": "查看材料",
    },
    "复核": {
        "review.submitted": "提交复核",
        "review.approved": "通过",
        "review.returned": "退回补充",
        "review.rejected": "不予计数",
        "review.resubmitted": "补充后再次提交",
        "review.withdrawn": "撤回",
        "review.appealed": "申请复议",
        "review.unapproved": "撤销通过",
        "decision.refused": "办理被拒",
    },
    "提议和确认": {
        f"{kind}.{outcome}": f"{said}{name}"
        for kind, name in KIND_NAMES.items()
        for outcome, said in OUTCOMES.items()
    },
    "季度和指标": {
        "sample.committed": "公布抽查种子摘要",
        "sample.checked": "抽查",
        "period.closed": "结算季度",
        "period.carried": "结转下季度",
        "period.locked": "锁定季度",
        "period.adjusted": "已锁定的数字有调整",
        "adjustment.proposed": "提议调整",
        "adjustment.posted": "调整生效",
        "adjustment.refused": "不同意调整",
        "indicator.reported": "填报指标",
        "indicator.accepted": "采用指标数值",
        "indicator.refused": "不采用指标数值",
        "definition.signed": "签署口径解释、责任单位或目标",
        "return.listed": "列出应报送单位",
        "return.dropped": "去掉应报送单位",
        "return.received": "登记季度报送",
        "return.taken_back": "撤回登记的季度报送",
        "rules.signed": "签署新口径",
        "report.made": "生成报表",
        "report.exported": "下载报表",
        "ledger.exported": "导出台账",
        "mentor_work.exported": "导出导师服务量",
    },
    "身份和隐私": {
        "identity.bound": "核验身份",
        "identity.unbound": "解除身份核验",
        "identity.moved": "身份核验改归另一人",
        "person.merged": "合并身份完成",
        "person.internal": "标记内部人员",
        "person.looked_up": "按线索查找咨询人",
        "person.merge_noted": "注明合并有误",
        "person.virtual": "标记微信虚拟用户",
        "privacy.looked_up": "按请求查找咨询人",
        "privacy.exported": "导出个人数据",
        "privacy.erased": "删除个人数据",
        "privacy.restricted": "删除个人数据并封存应留存的内容",
        "restricted.asked": "申请查看封存内容",
        "restricted.unlocked": "同意查看封存内容",
        "restricted.read": "查看封存内容",
        "retention.erased": "到期清除",
    },
    "账号和登录": {
        "login.succeeded": "登录",
        "login.failed": "登录失败",
        "logout": "退出",
        "session.ended": "退出一处登录",
        "session.all_ended": "退出全部登录",
        "password.changed": "修改密码",
        "password.link_issued": "生成设置密码的链接",
        "code.enrolled": "启用动态口令",
        "code.removed": "停用动态口令",
        "account.added": "新建账号",
        "account.changed": "修改账号",
        "account.disabled": "停用账号",
        "account.enabled": "恢复账号",
        "account.linked": "关联单点登录",
        "wechat.linked": "绑定微信",
        "wechat.unlinked": "解除微信绑定",
        "access.refused": "越权访问被拒",
        "access.hidden": "访问别人的内容被拒",
        "access.form_refused": "来源不明或过时的表单被拒",
    },
    "政策和问答": {
        "document.uploaded": "上传文件",
        "document.corrected": "更正文件信息",
        "document.published": "发布文件",
        "document.withdrawn": "撤下文件",
        "document.restored": "恢复文件",
        "document.discarded": "删去草稿文件",
        "gap.new": "问题待分派",
        "gap.assigned": "问题交单位起草",
        "gap.drafted": "起草答复",
        "gap.approved": "审核通过答复",
        "gap.published": "发布答复",
        "gap.rejected": "问题不处理",
        "gap.read": "查看待解答问题的原话",
        "gaps.listed": "查看待解答问题列表",
        "gap.contact_shown": "查看留下的电话",
        "gap.contact_told": "已回复留电话的人",
        "terms.changed": "修改用词",
        "parameter.added": "增加本地参数",
        "parameter.removed": "删除本地参数",
        "office.added": "增加办事地点",
        "office.changed": "修改办事地点",
        "office.closed": "停用办事地点",
        "bench.exported": "导出问答测试",
    },
    "人工答复": {
        "handover.opened": "转给工作人员",
        "handover.taken": "接手",
        "handover.passed_on": "转给别的单位",
        "handover.answered": "人工答复",
        "handover.asked_again": "继续追问",
        "handover.closed": "结束",
        "handover.read": "查看转交的对话",
        "duty.entered": "填写值班时间",
        "duty.dropped": "删除值班时间",
        "holidays.entered": "填写节假日",
    },
    "项目库": {
        "project.pack_loaded": "载入自带项目",
        "project.created": "新建项目",
        "project.revised": "修改项目",
        "project.submitted": "提交项目",
        "project.screened": "项目通过初审",
        "project.reviewed": "项目通过评审",
        "project.admitted": "项目入库",
        "project.published": "发布项目",
        "project.followed": "跟踪项目",
        "project.verified": "核实项目",
        "project.withdrawn": "撤下项目",
        "project.returned": "退回项目",
        "project.rejected": "不采用项目",
        "project.retired": "项目退库",
        "project.reopened": "重新启用项目",
        "projects.imported": "导入项目表",
        "projects.exported": "导出项目表",
        "weights.proposed": "提议推荐权重",
        "weights.published": "启用推荐权重",
        "weights.returned": "恢复以前的推荐权重",
    },
    "导师": {
        "mentor.pack_loaded": "载入自带导师样例",
        "mentor.added": "登记导师",
        "mentor.changed": "修改导师资料",
        "mentor.renewed": "续聘导师",
        "mentor.paused": "暂停导师",
        "mentor.resumed": "聘任或恢复导师",
        "mentor.dismissed": "解聘导师",
        "mentors.imported": "导入导师表",
        "mentors.exported": "导出导师表",
        "mentoring.requested": "申请导师",
        "mentoring.need_withdrawn": "撤回导师申请",
        "mentoring.run_made": "计算配对方案",
        "mentoring.run_applied": "采用配对方案",
        "mentoring.proposed": "提议配对",
        "mentoring.reminded": "提醒导师",
        "mentoring.accepted": "导师接受",
        "mentoring.declined": "导师婉拒",
        "mentoring.expired": "导师逾期未答",
        "mentoring.withdrawn": "撤回配对",
        "mentoring.time_suggested": "提议见面时间",
        "mentoring.completed": "结对完成",
        "mentoring.ended": "结对终止",
        "mentoring.rated": "评价导师",
        "mentoring.time_agreed": "约定见面时间",
        "mentoring.wishes_changed": "填写导师志愿",
        "mentoring.ranked": "导师给指名的人排先后",
        "mentoring.mode_changed": "切换自动分配",
        "mentoring.called": "电话联系",
        "mentoring.contact_shown": "查看联系电话",
    },
    "系统": {
        "wechat.stopped": "停用公众号",
        "wechat.started": "恢复公众号",
        "wechat.letter_retried": "重发没有送达的消息",
        "wechat.letter_dropped": "放弃没有送达的消息",
        "audit.read": "查看审计日志",
        "audit.verified": "核验审计日志",
        "audit.resumed": "记录日志缺口后继续",
        "backup.made": "备份",
    },
}
EVENT_NAMES = {action: name for group in EVENT_GROUPS.values() for action, name in group.items()}


def event_name(action: str) -> str:
    """Return an event's name in Chinese; one of an older version keeps its own."""
    return EVENT_NAMES.get(action, action)


def details_in_words(details: Mapping[str, Any]) -> str:
    """Return what an event adds, as far as people have to know: reason codes and reasons."""
    given = details.get("details", {})
    parts = []
    if code := given.get("code"):
        parts.append((RETURN_REASONS | REJECT_REASONS).get(code, str(code)))
    for code in [*_listed(given.get("codes")), *_listed(given.get("flags"))]:
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


def _listed(codes: Any) -> list[str]:
    """Return codes that an event names as a list, or in one text as a session stores them."""
    return codes.split() if isinstance(codes, str) else list(codes or ())
