"""How an error is answered: as a page to people, as problem+json to programs."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import URL
from starlette.exceptions import HTTPException

from accounts.login_attempt import TooManyLogins
from api.denials import note_denial
from api.problems import PROBLEMS, Problem, problem_body, problem_of
from api.refusals import DutyFirst, SignInNeeded, TooManyMessages
from guidance.people.attempt import TooManyAttempts
from storage.connection import DatabaseUnavailable

log = logging.getLogger("qichuang")

PROBLEM_JSON = "application/problem+json"
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
        log.error("request refused: %s", error)  # what an operator can do, never who asked what
        headers["Retry-After"] = "5"
    answer = respond(request, problem_of(error), headers)
    answer.background = note_denial(request, error)
    return answer


def _elsewhere(request: Request, error: SignInNeeded | DutyFirst) -> str:
    if isinstance(error, DutyFirst):
        return error.path
    # What a form was about to send is lost; its page is where to begin again, and is told so.
    unsaved = "" if request.method == "GET" else "&unsaved=1"
    shown = request.url if request.method == "GET" else URL(request.headers.get("referer", ""))
    query = f"?{shown.query}" if shown.query else ""
    if not shown.path:
        return "/login"
    return f"/login?next={quote(shown.path + query, safe='/')}{unsaved}"


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
