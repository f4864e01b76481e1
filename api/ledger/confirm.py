"""The client's own page: confirming with a code that a consultation took place."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

from accounts.login_attempt import TooManyLogins, begin_attempt, forget_attempts
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.guards import refuse_foreign_forms
from api.ledger.staff import row_number
from api.refusals import PageNotFound
from guidance.human_session import ConfirmationWrong, confirm_attendance

router = APIRouter(include_in_schema=False)

WRONG = "编号或确认码不对，请核对后重新输入。"
TOO_OFTEN = "试的次数太多了，请过几分钟再试，或请工作人员帮忙。"


@router.get("/confirm", dependencies=allow(Permission.PUBLIC))
def show_empty(request: Request) -> Response:
    """Ask for number and code."""
    return _page(request, "", "")


@router.get("/confirm/{number}", dependencies=allow(Permission.PUBLIC))
def show_filled(request: Request, number: str, code: str = "") -> Response:
    """Show the form as the QR code fills it; nothing is confirmed by opening a link."""
    return _page(request, number[:10], code[:10])


@router.post("/confirm", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def confirm(request: Request, database: OpenDatabase, posted: PostedForm) -> Response:
    """Note that the client confirmed. Wrong numbers and wrong codes look alike."""
    number, code = typed(posted, "number", 12), typed(posted, "code", 12)
    now = datetime.now(UTC)
    address = request.client.host if request.client else "unknown"
    try:
        session_id = row_number(number)
        keys = (f"confirm:{session_id}", f"confirm:{address}")
        with database.writing() as db:
            begin_attempt(db, keys, now)
        with database.writing() as db:
            confirm_attendance(db, session_id, code, now)
            forget_attempts(db, keys, now)
    except (ConfirmationWrong, PageNotFound):
        return _page(request, number, "", WRONG, 422)
    except TooManyLogins:
        return _page(request, number, "", TOO_OFTEN, 429)
    return _page(request, "", "", done=True)


def _page(
    request: Request, number: str, code: str, told: str = "", status: int = 200, *,
    done: bool = False,
) -> Response:  # fmt: skip
    templates: Jinja2Templates = request.app.state.templates
    context = {"number": number, "code": code, "told": told, "done": done}
    return templates.TemplateResponse(request, "ledger/confirm.html", context, status_code=status)
