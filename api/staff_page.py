"""The frame of the pages for signed-in people: navigation by role, and how a page is rendered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates

from api.access import FORM_FIELD, Permission, may
from api.policies.validity import chinese_date
from api.signed_in import SignedIn, presence_of
from guidance.periods.period import SHANGHAI


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One entry of the navigation: shown to whom its permission lets in."""

    path: str
    title: str
    permission: Permission


# In the order of the day's work; a part adds its entries here. The first that an account
# may open is where it lands after signing in.
NAVIGATION: tuple[NavEntry, ...] = (
    NavEntry("/staff", "待办", Permission.STAFF),
    NavEntry("/staff/sessions", "咨询台账", Permission.STAFF),
    NavEntry("/staff/entries", "登记咨询", Permission.HANDLING),
    NavEntry("/staff/proposals", "待确认", Permission.STAFF),
    NavEntry("/staff/people/merge", "合并身份", Permission.HANDLING),
    NavEntry("/staff/indicators", "指标", Permission.STAFF),
    NavEntry("/staff/mentor-work", "导师服务量", Permission.STAFF),
    NavEntry("/staff/periods", "季度结算", Permission.STAFF),
    NavEntry("/staff/counting-rules", "计数口径", Permission.STAFF),
    NavEntry("/staff/audit", "审计日志", Permission.AUDITING),
    NavEntry("/staff/handovers", "人工答复", Permission.HANDLING),
    NavEntry("/staff/gaps", "待解答", Permission.DRAFTING),
    NavEntry("/staff/policies", "政策文件", Permission.CATALOGUE),
    NavEntry("/staff/terms", "用词和参数", Permission.CATALOGUE),
    NavEntry("/staff/offices", "办事地点", Permission.CATALOGUE),
    NavEntry("/staff/bench", "问答测试", Permission.CATALOGUE),
    NavEntry("/staff/projects", "创业项目", Permission.STAFF),
    NavEntry("/staff/reports", "报表", Permission.REPORTING),
    NavEntry("/staff/mentors", "创业导师", Permission.STAFF),
    NavEntry("/staff/privacy", "隐私请求", Permission.PRIVACY),
    NavEntry("/staff/restricted", "封存内容", Permission.RESTRICTED),
    NavEntry("/staff/mentoring", "导师结对", Permission.STAFF),
    NavEntry("/mentor", "我的学员", Permission.MENTORING),
    NavEntry("/staff/weights", "推荐权重", Permission.CATALOGUE),
    NavEntry("/staff/channels", "微信渠道", Permission.ADMINISTRATION),
    NavEntry("/staff/duty", "值班时间", Permission.ADMINISTRATION),
    NavEntry("/staff/accounts", "账号", Permission.ADMINISTRATION),
    NavEntry("/account", "我的账号", Permission.ACCOUNT),
)


# Pages without an entry of their own, and the entry they belong to.
BELONGING = {
    "/staff/definitions": "/staff/indicators",
    "/staff/values": "/staff/indicators",
    "/staff/samples": "/staff/periods",
    "/staff/uploads/sheets": "/staff/entries",
}


def navigation_for(account: SignedIn) -> list[NavEntry]:
    """Return the entries that an account may open."""
    return [entry for entry in NAVIGATION if may(account.roles, entry.permission)]


def home_path(account: SignedIn) -> str:
    """Return the page on which an account lands after signing in."""
    return navigation_for(account)[0].path


def render_staff(
    request: Request, account: SignedIn, name: str, status: int = 200, **context: Any
) -> Response:
    """Render a page that extends staff.html; its forms find their token in the context."""
    templates: Jinja2Templates = request.app.state.templates
    presence = presence_of(request)
    frame = {
        "account": account,
        "navigation": navigation_for(account),
        "current_entry": _current(request.url.path),
        "form_field": FORM_FIELD,
        "form_token": presence.form_token if presence else "",
    }
    return templates.TemplateResponse(request, name, frame | context, status_code=status)


def _current(path: str) -> str:
    """Return the entry that a page belongs to: the longest that begins its path, "" for none."""
    for other, entry in BELONGING.items():
        if path == other or path.startswith(other + "/"):
            return entry
    above = [e.path for e in NAVIGATION[1:] if path == e.path or path.startswith(e.path + "/")]
    return max(above, key=len, default=path if path == NAVIGATION[0].path else "")


def chinese_time(at: datetime) -> str:
    """Format a moment as 2026年7月1日 09:05, in China's time."""
    local = at.astimezone(SHANGHAI)
    return f"{chinese_date(local.date())} {local:%H:%M}"
