"""Which error becomes which HTTP answer: the whole table, as problem+json (RFC 9457)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import URL
from starlette.exceptions import HTTPException

from accounts.account import AccountInvalid, AccountNotFound
from accounts.login import LoginRefused
from accounts.login_attempt import TooManyLogins
from accounts.one_time_code import CodeRefused
from accounts.password import PasswordRefused, PasswordsBusy
from accounts.role import RolesConflict
from accounts.set_password import LinkInvalid
from accounts.single_sign_on import NoAccountLinked, SignOnRefused, SignOnUnavailable
from api.people.sms import SmsNotSent
from api.reports.form import FormFileInvalid, TemplateUnusable
from api.wechat.account import AccountsInvalid, OfficialAccountNotFound
from api.wechat.crypt import CallbackRefused
from api.wechat.outbox import LetterNotFound
from api.wechat.received import AnswerNotFound
from api.wechat.web_login import WeChatLoginFailed, WeChatLoginUnavailable, WeChatSnapshot
from assistant.guardrails import AnswerNotVerified
from audit.checkpoint import LedgerBehindWitness
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
from guidance.indicators.value import ValueRefused
from guidance.lifecycle import TransitionRefused
from guidance.people.attempt import TooManyAttempts
from guidance.people.merging import SamePersonAlready
from guidance.periods.period import PeriodInvalid
from guidance.periods.working_days import HolidaysInvalid
from guidance.privacy.restricted import RecordNotFound, StillLocked
from guidance.privacy.retention import ScheduleInvalid
from guidance.reports.report import ReportNotReady
from guidance.review.proposal import AlreadyDecided, ProposalNotFound, ReasonMissing
from guidance.review.staff import DutiesNotSeparate, NotYourDuty
from guidance.session import ConversationNotFound, MessageIdInvalid, MessageIdReused
from guidance.transition import SessionNotFound
from knowledge.document import ClauseNotFound, DocumentNotFound
from knowledge.office import OfficeNotFound
from knowledge.own_terms import BadTerms
from matching.mentoring.moves import MentoringRefused
from matching.mentoring.need import NeedNotFound
from matching.mentoring.pairing import PairingNotFound
from matching.mentors.mentor import MentorNotFound
from matching.projects.project import ProjectNotFound
from matching.spreadsheets.job import JobNotFound
from storage.connection import DatabaseUnavailable

PROBLEM_JSON = "application/problem+json"


class TooManyMessages(RuntimeError):
    """A client sends faster than the limit allows; `retry_after_s` says how long to wait."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"您发送得太快了，请在 {retry_after_s} 秒后再试。已发出的问题不受影响。")
        self.retry_after_s = retry_after_s


class UnusableMessage(ValueError):
    """A typed message cannot be taken; the text says what to do."""


class ForeignForm(PermissionError):
    """A form was sent from another site's page."""


class NotForYou(PermissionError):
    """The caller may not use this address."""


class PageNotFound(LookupError):
    """An address names something that does not exist."""


class SignInNeeded(PermissionError):
    """Nobody is signed in; a browser is sent to the login page."""


class RoleMissing(PermissionError):
    """The account that is signed in has no role that may do this."""


class FormStale(PermissionError):
    """A form without the token of the session, as one from before the sign-in."""


class DutyFirst(PermissionError):
    """Something has to be done first on the page `path`; a browser is sent there."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


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
HTTP_TEXTS: dict[int, tuple[str, str]] = {
    400: ("请求有误", "请求的格式不对，请检查后重试。"),
    403: ("无权访问", "您不能访问这个地址。"),
    404: ("没有找到", "没有这个地址，请检查链接，或回到首页重新开始。"),
    405: ("方法不允许", "这个地址不支持这种请求方法，请查看接口文档 /docs。"),
    413: ("内容太长", "发送的内容太长，请精简到 500 字以内再试。"),
    415: ("格式不支持", "请用 JSON 格式发送，并注明 Content-Type: application/json。"),
    500: ("系统出错", "系统刚才出了问题，请稍后重试。"),
}
FIELD_TEXTS = {
    "missing": "必须填写",
    "json_invalid": "不是合法的 JSON",
    "string_type": "应为文字",
    "string_too_long": "太长，最多 {max_length} 个字",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "date_from_datetime_parsing": "应为日期，如 2026-07-01",
    "date_parsing": "应为日期，如 2026-07-01",
    "bool_parsing": "应为 0 或 1",
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


def install(app: FastAPI) -> None:
    """Render every error of the table, and what the framework raises, in Chinese."""
    for kind in PROBLEMS:
        app.add_exception_handler(kind, _domain_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)


def respond(
    request: Request,
    problem: Problem,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """Render a problem: a page for someone who is browsing, problem+json for programs."""
    if _is_browsing(request):
        page: Response = request.app.state.templates.TemplateResponse(
            request, "problem.html", {"problem": problem}, status_code=problem.status
        )
        page.headers.update(headers or {})
        return page
    body = problem_body(problem, request.url.path) | dict(extra or {})
    return JSONResponse(
        body, status_code=problem.status, headers=dict(headers or {}), media_type=PROBLEM_JSON
    )


def _is_browsing(request: Request) -> bool:
    accepts_html = "text/html" in request.headers.get("accept", "")
    return accepts_html and not request.url.path.startswith("/api/")


def _domain_error(request: Request, error: Exception) -> Response:
    if isinstance(error, SignInNeeded | DutyFirst) and _is_browsing(request):
        return RedirectResponse(_elsewhere(request, error), HTTPStatus.SEE_OTHER)
    headers = {}
    if isinstance(error, TooManyMessages | TooManyLogins | TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, DatabaseUnavailable):
        headers["Retry-After"] = "5"
    return respond(request, problem_of(error), headers)


def _elsewhere(request: Request, error: SignInNeeded | DutyFirst) -> str:
    if isinstance(error, DutyFirst):
        return error.path
    # What a form was about to send is lost; its page is where to begin again.
    shown = request.url if request.method == "GET" else URL(request.headers.get("referer", ""))
    query = f"?{shown.query}" if shown.query else ""
    return f"/login?next={quote(shown.path + query, safe='/')}" if shown.path else "/login"


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title, detail = HTTP_TEXTS.get(error.status_code, HTTP_TEXTS[400])
    problem = Problem(HTTPStatus(error.status_code), title, detail)
    return respond(request, problem, error.headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [
        {"field": ".".join(str(part) for part in e["loc"][1:]), "message": _field_text(e)}
        for e in error.errors()
    ]
    detail = ";".join(f"{f['field']} {f['message']}".strip() for f in fields) + "。"
    problem = Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "内容有误", detail)
    return respond(request, problem, extra={"errors": fields})


def _field_text(error: Mapping[str, Any]) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"]).rstrip("。")
    return FIELD_TEXTS.get(error["type"], "格式不对").format_map(error.get("ctx", {}))
