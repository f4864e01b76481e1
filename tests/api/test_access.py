"""Who may call what: every route of the application with every role."""

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.account import Account
from accounts.role import Role
from accounts.web_session import end_sessions
from api.access import (
    FORM_HEADER,
    OPEN_TO_ALL,
    ROLES,
    SAFE_METHODS,
    Permission,
    PermissionMissing,
    allow,
    declared_permissions,
    may,
)
from api.signed_in import COOKIE, CurrentAccount
from audit.log import AuditEvent
from storage.database import Database
from tests.fixtures.people import add_person, sign_in

HTML = {"accept": "text/html"}
# What a path's parameter is filled with: an object that does not exist.
MISSING = "999999"


def addresses(app: FastAPI) -> list[tuple[str, str, Permission]]:
    """Every method and path that asks for a role, with its permission."""
    found = []
    for address, permission in declared_permissions(app.routes).items():
        method, path = address.split(" ", 1)
        if permission not in OPEN_TO_ALL and method != "HEAD":
            parts = [MISSING if part.startswith("{") else part for part in path.split("/")]
            found.append((method, "/".join(parts), permission))
    return found


@pytest.fixture
def people(sqlite_database: Database) -> dict[Role, Account]:
    return {role: add_person(sqlite_database, role) for role in Role}


def test_every_route_declares_who_may_call_it(app: FastAPI) -> None:
    permissions = declared_permissions(app.routes)
    assert permissions["POST /api/v1/chat/messages"] is Permission.PUBLIC
    assert permissions["GET /metrics"] is Permission.OPERATOR
    assert len(permissions) > 15


def test_every_permission_has_its_roles() -> None:
    assert set(ROLES) | OPEN_TO_ALL == set(Permission)
    assert all(ROLES.values())


def test_undeclared_route_is_found() -> None:
    router = APIRouter()

    @router.get("/declared", dependencies=allow(Permission.PUBLIC))
    def declared() -> None: ...

    @router.get("/forgotten")
    def forgotten() -> None: ...

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    with pytest.raises(PermissionMissing, match="/forgotten"):
        declared_permissions(app.routes)


def test_framework_route_is_refused() -> None:
    with pytest.raises(PermissionMissing):
        declared_permissions(FastAPI().routes)


def test_nobody_gets_in_without_signing_in(app: FastAPI, client: TestClient) -> None:
    for method, path, _ in addresses(app):
        refused = client.request(method, path)
        assert refused.status_code == 401, (method, path)
        assert refused.headers["content-type"] == "application/problem+json"
        if not path.startswith("/api/"):
            sent = client.request(method, path, headers=HTML, follow_redirects=False)
            assert sent.status_code == 303, (method, path)
            assert sent.headers["location"].startswith("/login")


@pytest.mark.parametrize("role", Role)
def test_every_route_lets_in_its_roles_and_no_other(
    app: FastAPI,
    client: TestClient,
    sqlite_database: Database,
    people: dict[Role, Account],
    role: Role,
) -> None:
    """Whoever may call a route gets past the gate: not found, not valid, but not forbidden."""
    for method, path, permission in addresses(app):
        client.cookies.clear()
        token = sign_in(client, sqlite_database, people[role])
        response = client.request(
            method, path, headers={FORM_HEADER: token}, follow_redirects=False
        )
        if may(people[role].roles, permission, method):
            assert response.status_code not in {401, 403}, (role, method, path, response.text)
            assert response.status_code < 500, (role, method, path, response.text)
        else:
            assert response.status_code == 403, (role, method, path)
            assert response.json()["title"] == "没有权限"


def test_every_change_asks_for_the_token_of_the_form(
    app: FastAPI, client: TestClient, sqlite_database: Database, people: dict[Role, Account]
) -> None:
    stale: tuple[dict[str, str], ...] = (
        {},
        {FORM_HEADER: ""},
        {FORM_HEADER: "0" * 64},
        {FORM_HEADER: "令牌".encode().hex()},
    )
    for method, path, permission in addresses(app):
        if method in SAFE_METHODS:
            continue
        role = next(r for r in Role if may(people[r].roles, permission, method))
        client.cookies.clear()
        token = sign_in(client, sqlite_database, people[role])
        for headers in stale:
            response = client.request(method, path, headers=headers)
            assert response.status_code == 403, (method, path, headers)
        foreign = {FORM_HEADER: token, "sec-fetch-site": "cross-site"}
        assert client.request(method, path, headers=foreign).status_code == 403, (method, path)


def test_token_of_another_session_opens_no_form(
    client: TestClient, sqlite_database: Database, people: dict[Role, Account]
) -> None:
    foreign = sign_in(client, sqlite_database, people[Role.SIGNER])
    sign_in(client, sqlite_database, people[Role.HANDLER])
    assert client.post("/logout", data={"form_token": foreign}).status_code == 403


def test_refusals_are_logged_without_what_was_typed(
    app: FastAPI, client: TestClient, sqlite_database: Database, people: dict[Role, Account]
) -> None:
    router = APIRouter()

    @router.get("/secret/{name}", dependencies=allow(Permission.SIGNING))
    def secret(name: str) -> str:
        return name

    app.include_router(router)
    sign_in(client, sqlite_database, people[Role.HANDLER])
    assert client.get("/secret/typed-words").status_code == 403
    with sqlite_database.reading() as db:
        (event,) = db.scalars(select(AuditEvent).where(AuditEvent.action == "access.refused"))
    assert event.subject == "route:GET /secret/{name}"
    assert (event.actor_id, event.actor_role) == (str(people[Role.HANDLER].id), "handler")


@pytest.fixture
def whoami(app: FastAPI, client: TestClient) -> TestClient:
    router = APIRouter()

    @router.get("/whoami", dependencies=allow(Permission.ACCOUNT))
    def who_am_i(account: CurrentAccount) -> dict[str, str]:
        return {"name": account.name, "unit": account.org_unit, "roles": account.role_names}

    app.include_router(router)
    return client


def test_route_is_told_who_calls(whoami: TestClient, sqlite_database: Database) -> None:
    roles = (Role.REVIEWER, Role.HANDLER)
    account = add_person(sqlite_database, *roles, login="lihua", org_unit="河东街道")
    sign_in(whoami, sqlite_database, account)
    assert whoami.get("/whoami").json() == {
        "name": "测试lihua",
        "unit": "河东街道",
        "roles": "经办、复核",
    }


def test_ended_session_lets_in_nobody(whoami: TestClient, sqlite_database: Database) -> None:
    account = add_person(sqlite_database, Role.HANDLER)
    sign_in(whoami, sqlite_database, account)
    assert whoami.get("/whoami").status_code == 200
    with sqlite_database.writing() as db:
        assert end_sessions(db, account.id) == 1
    assert whoami.get("/whoami").status_code == 401


@pytest.mark.parametrize("token", ["", "x", "令牌".encode().hex(), "a" * 5000])
def test_invented_token_lets_in_nobody(whoami: TestClient, token: str) -> None:
    whoami.cookies.set(COOKIE, token)
    assert whoami.get("/whoami").status_code == 401
