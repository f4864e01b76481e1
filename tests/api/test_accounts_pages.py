"""Signing in, my account and the administration of accounts, as a browser sees them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from accounts.account import Account, find_account, get_account
from accounts.login_attempt import ATTEMPTS
from accounts.password import hash_password
from accounts.role import Role
from accounts.web_session import sessions_of
from api.settings import Settings
from api.signed_in import COOKIE, SECURE_COOKIE, SignedIn
from api.staff_page import home_path
from audit.log import events_of
from storage.database import Database
from tests.fixtures.people import add_person, sign_in

PASSWORD = "walnut teapot 41 river"
NEW = "copper lantern 7 meadow"
HASH = hash_password(PASSWORD)
# Where someone of the handler's role lands.
HOME = home_path(SignedIn(0, "", frozenset({Role.HANDLER}), "", None))
HTML = {"accept": "text/html"}


@pytest.fixture
def person(sqlite_database: Database) -> Account:
    account = add_person(sqlite_database, Role.HANDLER, login="lihua", org_unit="河东街道")
    with sqlite_database.writing() as db:
        get_account(db, account.id).password_hash = HASH
    return account


@pytest.fixture
def administrator(sqlite_database: Database) -> Account:
    return add_person(sqlite_database, Role.ADMINISTRATOR)


@pytest.fixture
def admin_token(client: TestClient, sqlite_database: Database, administrator: Account) -> str:
    return sign_in(client, sqlite_database, administrator)


@pytest.fixture
def browser(app: FastAPI) -> Iterator[TestClient]:
    """Another browser than `client`, as it asks for pages."""
    with TestClient(app, headers=HTML, follow_redirects=False) as browser:
        yield browser


def log_in(browser: TestClient, password: str = PASSWORD, path: str = "/login") -> str:
    response = browser.post(path, data={"login": "lihua", "password": password})
    assert response.status_code == 303, response.text
    return response.headers["location"]


def token_on(browser: TestClient, path: str) -> str:
    found = re.search('name="form_token" value="([0-9a-f]+)"', browser.get(path).text)
    assert found
    return found[1]


@pytest.mark.usefixtures("person")
def test_browser_is_brought_back_to_where_it_wanted(browser: TestClient) -> None:
    sent = browser.get("/account/password?x=1")
    assert sent.headers["location"] == "/login?next=/account/password%3Fx%3D1"
    assert "没有保存" not in browser.get(sent.headers["location"]).text
    assert log_in(browser, path=sent.headers["location"]) == "/account/password?x=1"
    assert browser.get("/login").headers["location"] == HOME


@pytest.mark.usefixtures("person")
def test_who_sends_a_form_after_the_session_ended_is_told_it_was_not_saved(
    browser: TestClient,
) -> None:
    page = "http://testserver/account/password"
    sent = browser.post("/account/password", headers={"referer": page})
    assert sent.headers["location"] == "/login?next=/account/password&unsaved=1"
    assert "没有保存" in browser.get(sent.headers["location"]).text
    assert log_in(browser, path=sent.headers["location"]) == "/account/password"


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere", "/%0d%0aX: y"]
)
def test_nobody_is_sent_elsewhere(browser: TestClient, target: str) -> None:
    assert log_in(browser, path=f"/login?next={target}") == "/"
    assert browser.get(f"/login?next={target}").headers["location"] == "/"


@pytest.mark.usefixtures("person")
def test_cookie_is_for_this_site_and_no_script(app: FastAPI, browser: TestClient) -> None:
    response = browser.post("/login", data={"login": "lihua", "password": PASSWORD})
    cookies = response.headers.get_list("set-cookie")
    (cookie,) = [one for one in cookies if one.startswith(COOKIE)]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age" not in cookie
    secure = TestClient(app, base_url="https://testserver", follow_redirects=False)
    response = secure.post("/login", data={"login": "lihua", "password": PASSWORD})
    cookies = response.headers.get_list("set-cookie")
    (cookie,) = [one for one in cookies if one.startswith(SECURE_COOKIE + "=")]
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


@pytest.mark.usefixtures("person")
def test_cookie_from_before_the_login_is_worth_nothing(browser: TestClient) -> None:
    browser.cookies.set(COOKIE, "planted-by-somebody", domain="testserver.local")
    log_in(browser)
    fresh = [c.value for c in browser.cookies.jar if c.name == COOKIE]
    assert fresh[-1] != "planted-by-somebody"
    browser.cookies.clear()
    browser.cookies.set(COOKIE, "planted-by-somebody")
    assert browser.get("/account").status_code == 303


def test_new_login_replaces_the_session(
    browser: TestClient, sqlite_database: Database, person: Account
) -> None:
    log_in(browser)
    log_in(browser)
    with sqlite_database.reading() as db:
        assert len(sessions_of(db, person.id, datetime.now(UTC))) == 1


@pytest.mark.usefixtures("person")
def test_wrong_password_keeps_what_was_typed_but_the_password(browser: TestClient) -> None:
    page = browser.post("/login", data={"login": "lihua", "password": "wrong-one"})
    assert page.status_code == 401
    assert 'value="lihua"' in page.text
    assert "wrong-one" not in page.text
    assert "登录名或密码不对" in page.text


@pytest.mark.usefixtures("person")
def test_many_attempts_are_told_to_wait(app: FastAPI, browser: TestClient) -> None:
    known = TestClient(app, headers=HTML, follow_redirects=False)
    log_in(known)
    for _ in range(ATTEMPTS):
        browser.post("/login", data={"login": "lihua", "password": "wrong"})
    page = browser.post("/login", data={"login": "lihua", "password": PASSWORD})
    assert page.status_code == 429
    assert int(page.headers["retry-after"]) > 0
    log_in(known)  # a browser that has been here before gets in


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("path", ["/login", "/login/code", "/login/link/x"])
def test_forms_of_other_sites_cannot_sign_in(browser: TestClient, path: str) -> None:
    form = {"login": "lihua", "password": PASSWORD}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
        assert browser.post(path, data=form, headers=headers).status_code == 403


def test_logout_ends_the_session_on_the_server(
    browser: TestClient, sqlite_database: Database, person: Account
) -> None:
    log_in(browser)
    kept = dict(browser.cookies)
    response = browser.post("/logout", data={"form_token": token_on(browser, "/account")})
    assert response.headers["location"] == "/login"
    assert COOKIE not in browser.cookies
    for name, value in kept.items():
        browser.cookies.set(name, value)
    assert browser.get("/account").status_code == 303
    with sqlite_database.reading() as db:
        actions = [event.action for event, _ in events_of(db, person.subject)]
    assert actions == ["login.succeeded", "logout"]


def test_password_is_changed_and_other_browsers_are_out(
    app: FastAPI, browser: TestClient, person: Account
) -> None:
    other = TestClient(app, headers=HTML, follow_redirects=False)
    log_in(other)
    log_in(browser)
    before = browser.cookies[COOKIE]
    form = {"form_token": token_on(browser, "/account/password"), "present": PASSWORD}
    for new, again, said in (
        (NEW, NEW + "x", "不一样"),
        ("123456789012", "123456789012", "太常见"),
        (f"{person.login} teapot 41 river", f"{person.login} teapot 41 river", "登录名"),
        (PASSWORD, PASSWORD, "和现在的一样"),
    ):
        page = browser.post("/account/password", data=form | {"password": new, "again": again})
        assert page.status_code == 422
        assert said in page.text
        assert new not in page.text
    wrong = form | {"present": "wrong", "password": NEW, "again": NEW}
    assert "现在的密码不对" in browser.post("/account/password", data=wrong).text
    right = browser.post("/account/password", data=form | {"password": NEW, "again": NEW})
    assert right.headers["location"] == "/account?saved=1"
    assert browser.cookies[COOKIE] != before
    assert browser.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


def test_codes_are_enrolled_asked_for_and_turned_off(browser: TestClient, person: Account) -> None:
    log_in(browser)
    page = browser.get("/account/code").text
    assert "<svg" in page
    secret = re.search('name="secret"[^>]*value="([A-Z2-7]{32})"', page)
    assert secret
    totp = pyotp.TOTP(secret[1])
    form = {
        "form_token": token_on(browser, "/account/code"),
        "secret": secret[1],
        "present": PASSWORD,
    }
    assert browser.post("/account/code", data=form | {"code": "12"}).status_code == 422
    used = totp.now()
    shown = browser.post("/account/code", data=form | {"code": used})
    recovery = re.findall("<li>([0-9a-f]{16})</li>", shown.text)
    assert len(recovery) == 10
    browser.cookies.clear()
    assert log_in(browser, path="/login?next=/account/code") == "/login/code?next=/account/code"
    assert browser.get("/account").status_code == 303  # not in yet
    again = browser.post("/login/code", data={"code": used})
    assert again.status_code == 422  # good once, to enrol
    right = browser.post("/login/code?next=/account/code", data={"code": recovery[0]})
    assert right.headers["location"] == "/account/code"
    assert "还剩 9 个恢复码" in browser.get("/account/code").text
    off = {"form_token": token_on(browser, "/account/code"), "present": PASSWORD}
    assert browser.post("/account/code/remove", data=off).status_code == 303
    browser.cookies.clear()
    assert log_in(browser) == HOME
    assert person.active


def test_code_page_without_a_password_first_leads_to_the_login(browser: TestClient) -> None:
    assert browser.get("/login/code").headers["location"] == "/login"
    assert browser.post("/login/code", data={"code": "123456"}).headers["location"] == "/login"


def test_duty_comes_before_work(
    client: TestClient, sqlite_database: Database, settings: Settings, administrator: Account
) -> None:
    settings.require_totp = True
    sign_in(client, sqlite_database, administrator)
    sent = client.get("/staff/accounts", headers=HTML, follow_redirects=False)
    assert sent.headers["location"] == "/account/code"
    assert client.get("/staff/accounts").status_code == 403
    assert "您的角色要求" in client.get("/account/code").text
    handler = add_person(sqlite_database, Role.HANDLER)
    sign_in(client, sqlite_database, handler)
    assert client.get("/account").status_code == 200
    with sqlite_database.writing() as db:
        get_account(db, handler.id).must_change_password = True
    assert client.get("/account/password").status_code == 200


def test_sessions_are_listed_and_ended(
    app: FastAPI, browser: TestClient, sqlite_database: Database, person: Account
) -> None:
    other = TestClient(app, headers=HTML | {"user-agent": "Mozilla/5.0 (Android) Chrome/1"})
    log_in(TestClient(app, follow_redirects=False))
    other.post("/login", data={"login": "lihua", "password": PASSWORD})
    log_in(browser)
    page = browser.get("/account").text
    assert "安卓手机 · Chrome" in page
    token = token_on(browser, "/account")
    with sqlite_database.reading() as db:
        sessions = sessions_of(db, person.id, datetime.now(UTC))
    phone = next(session for session in sessions if "安卓" in session.device)
    assert len(sessions) == 3
    browser.post(f"/account/sessions/{phone.id}/end", data={"form_token": token})
    assert other.get("/account", follow_redirects=False).status_code == 303
    assert browser.get("/account").status_code == 200
    gone = browser.post("/account/sessions/end", data={"form_token": token})
    assert gone.headers["location"] == "/login"
    with sqlite_database.reading() as db:
        assert sessions_of(db, person.id, datetime.now(UTC)) == []


def test_session_of_another_is_not_there(
    client: TestClient, sqlite_database: Database, person: Account, admin_token: str
) -> None:
    own = TestClient(client.app)
    sign_in(own, sqlite_database, person)
    with sqlite_database.reading() as db:
        (session,) = sessions_of(db, person.id, datetime.now(UTC))
    form = {"form_token": admin_token}
    for number in (session.id, 999_999, 2**70):
        client.post(f"/account/sessions/{number}/end", data=form)
    assert own.get("/account").status_code == 200


FORM = {"login": "wangfang", "name": "王芳", "roles": ["handler"], "org_unit": "河西街道"}


def test_account_is_added_with_a_link_shown_once(
    client: TestClient, browser: TestClient, sqlite_database: Database, admin_token: str
) -> None:
    page = client.post("/staff/accounts/new", data=FORM | {"form_token": admin_token})
    link = re.search(r"http://testserver(/login/link/[\w-]{43})", page.text)
    assert link
    assert "王芳" in browser.get(link[1]).text
    mismatched = browser.post(link[1], data={"password": NEW, "again": PASSWORD})
    assert mismatched.status_code == 422
    done = browser.post(link[1], data={"password": NEW, "again": NEW})
    assert done.headers["location"] == "/login?set=1"
    assert browser.get(link[1]).status_code == 404
    form = {"login": "wangfang", "password": NEW}
    assert browser.post("/login", data=form).headers["location"] == HOME
    with sqlite_database.reading() as db:
        account = find_account(db, "wangfang")
        assert account is not None
        assert account.org_unit == "河西街道"
    history = client.get(f"/staff/accounts/{account.id}").text
    for what in ("新建账号", "生成设置密码的链接", "修改密码", "登录", "河西街道"):
        assert what in history


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"login": "a b"}, "不含空格"),
        ({"login": "lihua"}, "已经有人用了"),
        ({"name": ""}, "请填写姓名"),
        ({"roles": []}, "至少选择一个角色"),
        ({"roles": ["auditor", "handler"]}, "不能由同一个账号担任"),
        ({"roles": ["administrator", "reviewer"]}, "不能由同一个账号担任"),
        ({"roles": ["king"]}, "king"),
        ({"roles": ["mentor"]}, "导师编号"),
        ({"mentor_code": "D001"}, "导师编号"),
        ({"name": "<script>alert(1)</script>", "login": ""}, "&lt;script&gt;"),
        ({"name": "x" * 200}, "40"),
    ],
)
@pytest.mark.usefixtures("person")
def test_wrong_account_is_explained_beside_its_field(
    client: TestClient, admin_token: str, wrong: dict[str, object], said: str
) -> None:
    page = client.post("/staff/accounts/new", data=FORM | {"form_token": admin_token} | wrong)
    assert page.status_code == 422
    assert said in page.text
    assert "没有保存" in page.text
    assert "<script>alert" not in page.text


def test_rights_are_changed_and_the_account_is_out(
    client: TestClient, browser: TestClient, sqlite_database: Database,
    person: Account, admin_token: str,
) -> None:  # fmt: skip
    sign_in(browser, sqlite_database, person)
    form = {"form_token": admin_token, "name": "李华", "roles": ["signer"], "org_unit": ""}
    path = f"/staff/accounts/{person.id}"
    assert client.post(path, data=form, follow_redirects=False).status_code == 303
    assert browser.get("/account").status_code == 303
    page = client.get(path).text
    assert "由“经办”改为“签发”" in page
    assert "由“河东街道”改为“无”" in page


def test_account_is_switched_off_and_on(
    client: TestClient, browser: TestClient, person: Account, admin_token: str
) -> None:
    log_in(browser)
    form = {"form_token": admin_token, "reason": "调离本单位"}
    client.post(f"/staff/accounts/{person.id}/disable", data=form)
    assert browser.get("/account").status_code == 303
    assert browser.post("/login", data={"login": "lihua", "password": PASSWORD}).status_code == 401
    assert "调离本单位" in client.get(f"/staff/accounts/{person.id}").text
    client.post(f"/staff/accounts/{person.id}/enable", data=form)
    log_in(browser)


def test_no_administrator_ends_the_administration(
    client: TestClient, administrator: Account, admin_token: str
) -> None:
    path = f"/staff/accounts/{administrator.id}"
    form = {"form_token": admin_token, "reason": "x"}
    assert "最后一位管理员" in client.post(f"{path}/disable", data=form).text
    own = {"form_token": admin_token, "name": "我", "roles": ["administrator", "privacy_officer"]}
    assert "自己的角色" in client.post(path, data=own).text


def test_reset_ends_the_old_password_at_once(
    client: TestClient, browser: TestClient, person: Account, admin_token: str
) -> None:
    log_in(browser)
    page = client.post(f"/staff/accounts/{person.id}/link", data={"form_token": admin_token})
    assert "/login/link/" in page.text
    assert browser.get("/account").status_code == 303
    assert browser.post("/login", data={"login": "lihua", "password": PASSWORD}).status_code == 401


def test_accounts_are_searched_and_paged(
    client: TestClient, sqlite_database: Database, admin_token: str
) -> None:
    assert admin_token
    for number in range(60):
        add_person(sqlite_database, Role.HANDLER, login=f"u{number:02}", org_unit="河东街道")
    first = client.get("/staff/accounts").text
    assert "共 61 个账号" in first
    assert "第 1 页，共 2 页" in first
    assert "u59" in client.get("/staff/accounts?page=2").text
    assert client.get("/staff/accounts?page=99").status_code == 200
    assert "共 1 个账号" in client.get("/staff/accounts?q=u07").text
    assert "没有找到" in client.get("/staff/accounts?q=%00nobody").text


def test_missing_account_is_not_found(client: TestClient, admin_token: str) -> None:
    for number in (999_999, 0, -1, 2**31, 2**70):
        assert client.get(f"/staff/accounts/{number}").status_code == 404
    form = {"form_token": admin_token, "reason": "x"}
    for action in ("", "/disable", "/enable", "/link", "/code"):
        assert client.post(f"/staff/accounts/999999{action}", data=form).status_code == 404
