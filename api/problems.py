"""Which error becomes which HTTP answer: the whole table, as problem+json (RFC 9457)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from accounts.account import AccountInvalid, AccountNotFound
from accounts.login import LoginRefused
from accounts.login_attempt import TooManyLogins
from accounts.one_time_code import CodeRefused
from accounts.password import PasswordRefused, PasswordsBusy
from accounts.role import RolesConflict
from accounts.set_password import LinkInvalid
from accounts.single_sign_on import NoAccountLinked, SignOnRefused, SignOnUnavailable
from api.people.sms import SmsNotSent
from api.refusals import (
    DutyFirst,
    ForeignForm,
    FormStale,
    NotForYou,
    PageNotFound,
    RoleMissing,
    SignInNeeded,
    TooManyMessages,
    UnusableMessage,
)
from api.reports.form import FormFileInvalid, TemplateUnusable
from api.wechat.account_file import AccountsInvalid, OfficialAccountNotFound
from api.wechat.crypt import CallbackRefused
from api.wechat.outbox import LetterNotFound
from api.wechat.received import AnswerNotFound
from api.wechat.web_login import WeChatLoginFailed, WeChatLoginUnavailable, WeChatSnapshot
from assistant.guardrails import AnswerNotVerified
from audit.checkpoint import LedgerBehindWitness
from guidance.conversation import ConversationNotFound
from guidance.counting.rules import RulesInvalid
from guidance.gaps.bench_run import BenchRunNotFound
from guidance.gaps.contact import ConsentMissing, PhoneInvalid
from guidance.gaps.gap import GapNotFound, GapRefused
from guidance.handover.duty import DutyInvalid
from guidance.handover.lifecycle import HandoverNotFound, HandoverRefused
from guidance.human_session import ConfirmationWrong, EntryHeld, EntryInvalid
from guidance.indicators.definition import DefinitionInvalid
from guidance.indicators.evidence import EvidenceUnusable
from guidance.indicators.indicator import IndicatorNotFound
from guidance.indicators.returns import ReturnRefused
from guidance.indicators.value import ValueRefused
from guidance.lifecycle import TransitionRefused
from guidance.message import MessageIdInvalid
from guidance.people.attempt import TooManyAttempts
from guidance.people.merging import SamePersonAlready
from guidance.periods.period import PeriodInvalid
from guidance.periods.working_days import HolidaysInvalid
from guidance.privacy.restricted import RecordNotFound, StillLocked
from guidance.privacy.retention import ScheduleInvalid
from guidance.reports.report import ReportNotReady
from guidance.review.proposal import AlreadyDecided, ProposalNotFound, ReasonMissing
from guidance.review.staff import DutiesNotSeparate, NotYourDuty
from guidance.session import MessageIdReused
from guidance.transition import SessionNotFound
from knowledge.document import ClauseNotFound, DocumentNotFound
from knowledge.office import OfficeInvalid, OfficeNotFound
from knowledge.own_terms import BadTerms
from matching.mentoring.moves import MentoringRefused
from matching.mentoring.need import NeedNotFound
from matching.mentoring.pairing import PairingNotFound
from matching.mentors.mentor import MentorNotFound
from matching.projects.project import ProjectNotFound
from matching.spreadsheets.job import JobNotFound
from storage.connection import DatabaseUnavailable


@dataclass(frozen=True, slots=True)
class Problem:
    """What a caller is told: a status, a title, and a text unless the error brings its own."""

    status: HTTPStatus
    title: str
    detail: str | None = None


# A kind of error stands for the kinds derived from it.
PROBLEMS: dict[type[Exception], Problem] = {
    DocumentNotFound: Problem(
        HTTPStatus.NOT_FOUND, "没有找到文件", "没有这份文件，请从“政策文件”页重新选择。"
    ),
    ClauseNotFound: Problem(
        HTTPStatus.NOT_FOUND, "没有找到条款", "没有这一条款，请从“政策文件”页重新选择。"
    ),
    OfficeInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "内容有误"),
    OfficeNotFound: Problem(
        HTTPStatus.NOT_FOUND, "没有找到办事地点", "没有这个办事地点，请从列表重新选择。"
    ),
    MentorNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到导师"),
    NeedNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到申请"),
    PairingNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到结对"),
    MentoringRefused: Problem(HTTPStatus.CONFLICT, "现在不能这样办理"),
    ProjectNotFound: Problem(
        HTTPStatus.NOT_FOUND,
        "没有找到项目",
        "没有这个项目，或者它现在没有公开。请从项目清单重新选择。",
    ),
    JobNotFound: Problem(
        HTTPStatus.NOT_FOUND,
        "没有找到这次导入",
        "没有这次导入的记录，可能已经过期。请重新上传文件。",
    ),
    GapNotFound: Problem(
        HTTPStatus.NOT_FOUND, "没有找到问题", "没有这个待解答的问题，请从列表重新选择。"
    ),
    HandoverNotFound: Problem(
        HTTPStatus.NOT_FOUND, "没有找到转交的问题", "没有这条转交，请检查链接，或从列表重新选择。"
    ),
    BenchRunNotFound: Problem(
        HTTPStatus.NOT_FOUND, "没有找到测试", "没有这次测试的记录，请从列表重新选择。"
    ),
    PageNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到", "没有这个地址，请检查链接。"),
    ConversationNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到对话"),
    MessageIdReused: Problem(HTTPStatus.CONFLICT, "消息编号重复"),
    MessageIdInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "消息编号不对"),
    UnusableMessage: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "内容有误"),
    PhoneInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "电话不对"),
    ConsentMissing: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "还没有同意"),
    BadTerms: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "用词文件有误"),
    GapRefused: Problem(HTTPStatus.CONFLICT, "这一步现在不能办"),
    HandoverRefused: Problem(HTTPStatus.CONFLICT, "这一步现在不能办"),
    DutyInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "值班时间有误"),
    HolidaysInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "节假日有误"),
    CallbackRefused: Problem(HTTPStatus.FORBIDDEN, "请求被拒绝", "这个请求没有通过核对。"),
    OfficialAccountNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到公众号"),
    AccountsInvalid: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "公众号设置不对", "公众号的设置文件不能用，请联系管理员。"
    ),
    AnswerNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到答复"),
    LetterNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到消息"),
    TooManyMessages: Problem(HTTPStatus.TOO_MANY_REQUESTS, "发送太快"),
    ForeignForm: Problem(
        HTTPStatus.FORBIDDEN, "请求来源不对", "请求来自其他网站，已拒绝。请回到本页面重新操作。"
    ),
    NotForYou: Problem(
        HTTPStatus.FORBIDDEN, "无权访问", "此地址只供本机或持有令牌的运维人员读取。"
    ),
    SignInNeeded: Problem(
        HTTPStatus.UNAUTHORIZED, "请先登录", "登录后才能使用这个地址，请先登录。"
    ),
    RoleMissing: Problem(
        HTTPStatus.FORBIDDEN,
        "没有权限",
        "您的账号没有做这件事的权限。如工作需要，请联系管理员为您增加角色。",
    ),
    FormStale: Problem(
        HTTPStatus.FORBIDDEN, "页面已过时", "这个页面已经过时，没有保存。请返回刷新页面后重新提交。"
    ),
    DutyFirst: Problem(
        HTTPStatus.FORBIDDEN,
        "请先完成账号设置",
        "请先在“我的账号”页修改密码或启用动态口令，再继续工作。",
    ),
    LoginRefused: Problem(HTTPStatus.UNAUTHORIZED, "没有登录"),
    TooManyLogins: Problem(HTTPStatus.TOO_MANY_REQUESTS, "登录尝试太多"),
    TooManyAttempts: Problem(HTTPStatus.TOO_MANY_REQUESTS, "次数太多"),
    WeChatLoginFailed: Problem(HTTPStatus.BAD_REQUEST, "没有登录"),
    WeChatLoginUnavailable: Problem(HTTPStatus.NOT_FOUND, "不能用微信登录"),
    WeChatSnapshot: Problem(HTTPStatus.FORBIDDEN, "微信快照页"),
    SmsNotSent: Problem(HTTPStatus.BAD_GATEWAY, "短信没有发出"),
    PasswordsBusy: Problem(HTTPStatus.SERVICE_UNAVAILABLE, "登录的人太多"),
    PasswordRefused: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "密码不合要求"),
    AccountInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "账号信息有误"),
    RolesConflict: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "角色有冲突"),
    AccountNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到账号"),
    CodeRefused: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "动态口令不对"),
    LinkInvalid: Problem(HTTPStatus.NOT_FOUND, "链接无效"),
    SignOnRefused: Problem(HTTPStatus.FORBIDDEN, "单点登录没有成功"),
    SignOnUnavailable: Problem(HTTPStatus.BAD_GATEWAY, "统一身份认证连不上"),
    NoAccountLinked: Problem(HTTPStatus.FORBIDDEN, "没有账号"),
    SessionNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到记录"),
    ProposalNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到提议"),
    IndicatorNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到指标"),
    TransitionRefused: Problem(HTTPStatus.CONFLICT, "现在不能这样处理"),
    AlreadyDecided: Problem(HTTPStatus.CONFLICT, "已有人处理"),
    EntryHeld: Problem(HTTPStatus.CONFLICT, "可能重复录入"),
    SamePersonAlready: Problem(HTTPStatus.CONFLICT, "已经是同一人"),
    DutiesNotSeparate: Problem(HTTPStatus.FORBIDDEN, "须由他人办理"),
    NotYourDuty: Problem(HTTPStatus.FORBIDDEN, "无权办理"),
    ReasonMissing: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "缺少理由"),
    EntryInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "填写有误"),
    ConfirmationWrong: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "确认码不对"),
    ValueRefused: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "数值有误"),
    ReturnRefused: Problem(HTTPStatus.CONFLICT, "报送名单有误"),
    EvidenceUnusable: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "材料有误"),
    RulesInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "口径有误"),
    DefinitionInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "填写有误"),
    PeriodInvalid: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "季度写法不对"),
    ReportNotReady: Problem(HTTPStatus.NOT_FOUND, "没有这期报表"),
    FormFileInvalid: Problem(HTTPStatus.CONFLICT, "报表设置有误"),
    TemplateUnusable: Problem(HTTPStatus.CONFLICT, "报表模板有误"),
    LedgerBehindWitness: Problem(HTTPStatus.SERVICE_UNAVAILABLE, "审计日志不完整"),
    ScheduleInvalid: Problem(HTTPStatus.CONFLICT, "保存期限有误"),
    RecordNotFound: Problem(HTTPStatus.NOT_FOUND, "没有找到记录"),
    StillLocked: Problem(HTTPStatus.FORBIDDEN, "已限制处理"),
    DatabaseUnavailable: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "暂时无法服务",
        "系统暂时无法保存您的问题，请稍后重试。用同一个消息编号重发不会重复记录。",
    ),
    AnswerNotVerified: Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "答案未通过核对", "答案没有通过核对，请换个说法再问。"
    ),
}


def problem_of(error: Exception) -> Problem:
    """Return the row of the table for an error; KeyError when the table has none."""
    for kind in type(error).__mro__:
        if kind in PROBLEMS:
            row = PROBLEMS[kind]
            return Problem(row.status, row.title, row.detail or str(error))
    raise KeyError(type(error))


def problem_body(problem: Problem, path: str) -> dict[str, Any]:
    """Return the problem+json object."""
    return {
        "type": "about:blank",
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.detail,
        "instance": path,
    }
