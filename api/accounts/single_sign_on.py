"""Single sign-on: out to the provider, and back with proof."""

import hmac
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from accounts.login import UNKNOWN, begin_session
from accounts.sign_in_request import LIMIT, open_request, take_request
from accounts.single_sign_on import (
    Client,
    NoAccountLinked,
    SignOnRefused,
    SignOnUnavailable,
    account_of,
    discover,
    redeem,
    sign_on_url,
)
from accounts.web_session import Stage
from api.access import Permission, allow
from api.accounts.device import describe_device
from api.accounts.login_pages import NextPath, login_again, replace_session, welcome
from api.deps import CurrentSettings, OpenDatabase
from api.policies.reading_pages import local_path
from api.problems import problem_of
from api.settings import Settings
from api.signed_in import keep_token
from audit.log import SYSTEM, append_event
from storage.database import Database

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.PUBLIC))

SECURE_COOKIE = "__Host-qichuang_sso"
COOKIE = "qichuang_sso"
LONGEST = 4096


@router.get("/login/sso")
def start(
    request: Request, database: OpenDatabase, settings: CurrentSettings, next_path: NextPath = ""
) -> Response:
    """Send the browser to the provider; its state is kept in the browser, too."""
    client = _client(request, settings)
    try:
        provider = discover(client.issuer)
    except SignOnUnavailable as error:
        return login_again(request, settings, problem_of(error).status, str(error))
    with database.writing() as db:
        target = local_path(next_path) if next_path else ""
        sent = open_request(db, target, datetime.now(UTC))
    response = RedirectResponse(sign_on_url(provider, client, sent), HTTPStatus.SEE_OTHER)
    response.set_cookie(
        _cookie_name(request),
        sent.state,
        max_age=int(LIMIT.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.get("/login/sso/callback")
def come_back(request: Request, database: OpenDatabase, settings: CurrentSettings) -> Response:
    """Sign in whom the provider proves; every refusal is logged and looks the same."""
    client = _client(request, settings)
    now = datetime.now(UTC)
    try:
        response = _signed_in(request, database, client, now)
    except (SignOnRefused, NoAccountLinked, SignOnUnavailable) as error:
        why = error.why if isinstance(error, SignOnRefused) else type(error).__name__
        with database.writing() as db:
            append_event(db, "login.failed", UNKNOWN, SYSTEM, {"how": "sso", "why": why})
        response = login_again(request, settings, problem_of(error).status, str(error))
    response.delete_cookie(
        _cookie_name(request),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def _signed_in(request: Request, database: Database, client: Client, now: datetime) -> Response:
    answer = dict(request.query_params)
    doubled = len(answer) != len(request.query_params.multi_items())
    if doubled or any(len(value) > LONGEST for value in answer.values()):
        raise SignOnRefused("query")
    state = answer.get("state", "")
    kept = request.cookies.get(_cookie_name(request), "")
    if not state or not hmac.compare_digest(state.encode(), kept.encode()):
        raise SignOnRefused("state of another browser")
    with database.writing() as db:
        returned = take_request(db, state, now)
    if returned is None:
        raise SignOnRefused("state used or too old")
    claims = redeem(discover(client.issuer), client, answer, returned, now)
    with database.writing() as db:
        account = account_of(db, claims)
        session, token = begin_session(db, account, describe_device(request), now, "sso")
    replace_session(request, database)
    if session.stage is Stage.OPEN:
        return welcome(request, account, token, returned.next_path)
    response = RedirectResponse("/login/code", HTTPStatus.SEE_OTHER)
    keep_token(request, response, account, token)
    return response


def _client(request: Request, settings: Settings) -> Client:
    if not settings.oidc_issuer:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return Client(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        str(request.url.replace(path="/login/sso/callback", query="", fragment="")),
    )


def _cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE
