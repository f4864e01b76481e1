"""Web login inside WeChat, and what it makes one person; leaving and erasing."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select

from accounts.role import Role
from api.people.tending import settle_links
from api.visitor import COOKIE
from api.wechat.account import OfficialAccount
from api.wechat.binding import BindingOutcome, WeChatLink, wechat_of
from api.wechat.contact import WeChatContact
from api.wechat.desk import WeChatDesk
from api.wechat.received import WeChatMessage
from api.wechat.union import WeChatUnion, ask_unions, note_union
from api.wechat.web_login import entry_path
from api.wechat.wording import BINDING
from guidance.people.identity import holder_of, standing_of
from guidance.people.level import IdentityLevel
from storage.database import Database
from tests.api.wechat.conftest import Tencent
from tests.api.wechat.test_conversation import QUESTION
from tests.fixtures.people import sign_in_as
from tests.guidance.messages import NOON

LOGIN = "/wechat/verified/login?next=/me/wechat"
INSIDE = {"user-agent": "Mozilla/5.0 MicroMessenger/8.0.50"}


@pytest.fixture
def browser(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, headers=INSIDE) as browser:
        browser.get("/")
        yield browser


def go(browser: TestClient, tencent: Tencent, openid: str) -> str:
    """Set out to log in; return the path to which Tencent sends the browser back."""
    out = browser.get(LOGIN, follow_redirects=False)
    address = urlsplit(out.headers["location"])
    assert address.netloc == "open.weixin.qq.com"
    assert address.fragment == "wechat_redirect"
    back = urlsplit(tencent.login.authorize(dict(parse_qsl(address.query)), openid))
    assert back.netloc == "qichuang.test"
    return f"{back.path}?{back.query}"


def log_in(browser: TestClient, tencent: Tencent, openid: str = "oAlice") -> Response:
    return browser.get(go(browser, tencent, openid), follow_redirects=False)


def visitor_of(browser: TestClient) -> str:
    return "visitor:" + browser.cookies[COOKIE].rpartition(".")[0]


def test_who_logs_in_is_the_person_who_writes_over_wechat(
    verified: Tencent, browser: TestClient, sqlite_database: Database
) -> None:
    verified.says("oAlice", QUESTION)
    assert "用微信登录" in browser.get("/me/wechat").text
    done = log_in(browser, verified)
    assert (done.status_code, done.headers["location"]) == (303, "/me/wechat")
    assert "已绑定微信" in browser.get("/me/wechat").text
    visitor = visitor_of(browser)
    with sqlite_database.reading() as db:
        link = db.scalars(select(WeChatLink)).one()
        assert link.settled_at is not None
        assert holder_of(db, visitor) == holder_of(db, link.person)
        assert standing_of(db, visitor).level is IdentityLevel.WECHAT
        assert wechat_of(db, visitor) == ("verified", "oAlice")


def test_a_state_serves_once_and_one_browser(
    app: FastAPI, verified: Tencent, browser: TestClient, sqlite_database: Database
) -> None:
    back = go(browser, verified, "oAlice")
    stranger = TestClient(app, raise_server_exceptions=False)
    stranger.get("/")
    assert stranger.get(back).status_code == 400
    assert browser.get(back).status_code == 400  # the stranger used it up
    back = go(browser, verified, "oAlice")
    assert browser.get(back, follow_redirects=False).status_code == 303
    again = browser.get(back, headers={"accept": "text/html"})
    assert again.status_code == 400
    assert "链接已经用过或者过期" in again.text
    with sqlite_database.reading() as db:
        assert db.scalar(select(func.count()).select_from(WeChatLink)) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/wechat/verified/signed-in", 400),
        ("/wechat/verified/signed-in?code=a&state=b", 400),
        ("/wechat/small/login", 404),
        ("/wechat/nobody/login", 404),
    ],
)
def test_what_cannot_be_a_login_is_told_in_chinese(
    verified: Tencent, browser: TestClient, path: str, status: int
) -> None:
    assert verified.account.can_push
    assert browser.get(path, follow_redirects=False).status_code == status


def test_a_wrong_code_and_a_silent_tencent_bind_nobody(
    verified: Tencent, browser: TestClient, sqlite_database: Database
) -> None:
    back = re.sub(r"code=\w+", "code=wrong", go(browser, verified, "oAlice"))
    refused = browser.get(back)
    assert (refused.status_code, "没有完成" in refused.text) == (400, True)
    back = go(browser, verified, "oAlice")
    verified.answer_api = lambda *_: {"errcode": -1}  # type: ignore[method-assign]
    busy = browser.get(back)
    assert (busy.status_code, "微信暂时没有回应" in busy.text) == (400, True)
    with sqlite_database.reading() as db:
        assert db.scalars(select(WeChatLink)).all() == []


def test_nobody_is_sent_to_another_site(verified: Tencent, browser: TestClient) -> None:
    out = browser.get("/wechat/verified/login?next=//evil.test", follow_redirects=False)
    query = dict(parse_qsl(urlsplit(out.headers["location"]).query))
    back = urlsplit(verified.login.authorize(query, "oAlice"))
    done = browser.get(f"{back.path}?{back.query}", follow_redirects=False)
    assert done.headers["location"] == "/"


def test_a_snapshot_is_bound_to_nobody_and_never_counts(
    verified: Tencent, browser: TestClient, sqlite_database: Database
) -> None:
    verified.login.snapshots.add("oShot")
    first = visitor_of(browser)
    refused = log_in(browser, verified, "oShot")
    assert (refused.status_code, "快照页" in refused.text) == (403, True)
    with sqlite_database.reading() as db:
        assert db.scalars(select(WeChatLink)).all() == []
        assert standing_of(db, first).internal
    assert log_in(browser, verified, "oAlice").status_code == 303
    assert visitor_of(browser) != first  # what the made-up account asked stays apart
    with sqlite_database.reading() as db:
        assert not standing_of(db, visitor_of(browser)).internal
        assert standing_of(db, first).internal


def test_one_unionid_is_one_person_of_two_accounts(
    verified: Tencent, desk: WeChatDesk, sqlite_database: Database, browser: TestClient
) -> None:
    verified.login.unionids["oAlice"] = "union-of-alice"
    log_in(browser, verified)
    secret = desk._around.secret
    with sqlite_database.writing() as db:
        note_union(db, "wechat:other:x", "union-of-alice", secret, NOON)
    with sqlite_database.reading() as db:
        assert holder_of(db, "wechat:other:x") == holder_of(db, visitor_of(browser))
        assert {one.digest for one in db.scalars(select(WeChatUnion))} != {"union-of-alice"}


def test_unionids_are_asked_for_where_two_accounts_can_tell(
    accounts: dict[str, OfficialAccount],
    verified: Tencent,
    desk: WeChatDesk,
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verified.says("oAlice", QUESTION)
    verified.login.unionids["oAlice"] = "union-of-alice"
    one = {"verified": accounts["verified"]}
    two = one | {"second": accounts["verified"]}
    for able, told in ((one, 0), (two, 1), (two, 0)):
        monkeypatch.setattr(desk.book, "accounts", lambda able=able: able)
        asked = ask_unions(sqlite_database, desk.api, desk.book, desk._around.secret, NOON)
        assert asked == told


def test_a_code_of_the_web_page_makes_the_two_one_person(
    verified: Tencent, browser: TestClient, sqlite_database: Database
) -> None:
    page = browser.post("/me/wechat").text
    command = re.search(r"绑定 \d{6}", page)
    assert command
    assert verified.says("oAlice", command[0]).shown == BINDING[BindingOutcome.PERSON]
    assert settle_links(sqlite_database) == 1
    with sqlite_database.reading() as db:
        link = db.scalars(select(WeChatLink)).one()
        assert holder_of(db, visitor_of(browser)) == holder_of(db, link.person)
    assert "已解除绑定" in browser.post("/me/wechat/remove").text
    with sqlite_database.reading() as db:
        assert wechat_of(db, visitor_of(browser)) is None
        assert holder_of(db, visitor_of(browser)) == holder_of(db, link.person)  # never undone


def test_an_account_is_bound_from_its_own_page(
    app: FastAPI, verified: Tencent, sqlite_database: Database
) -> None:
    staff = TestClient(app)
    token = sign_in_as(staff, sqlite_database, Role.HANDLER)
    page = staff.post("/account/wechat", data={"form_token": token}).text
    command = re.search(r"绑定 \d{6}", page)
    assert command
    verified.says("oStaff", command[0])
    assert "已绑定微信" in staff.get("/account/wechat").text
    staff.post("/account/wechat/remove", data={"form_token": token})
    with sqlite_database.reading() as db:
        assert db.scalars(select(WeChatLink)).all() == []


def test_who_unfollows_is_forgotten(
    verified: Tencent, browser: TestClient, sqlite_database: Database
) -> None:
    verified.says("oAlice", QUESTION)
    log_in(browser, verified)
    verified.sends("oAlice", {"MsgType": "event", "Event": "unsubscribe"})
    settle_links(sqlite_database)
    with sqlite_database.reading() as db:
        assert db.scalars(select(WeChatContact)).all() == []
        assert db.scalars(select(WeChatLink)).all() == []
        assert set(db.scalars(select(WeChatMessage.openid))) == {""}
    verified.sends("oAlice", {"MsgType": "event", "Event": "subscribe"})
    assert settle_links(sqlite_database) == 0
    with sqlite_database.reading() as db:
        assert db.scalars(select(WeChatContact.openid)).all() == ["oAlice"]


def test_who_logged_in_reads_on_the_web_what_they_asked_over_wechat(
    app: FastAPI, verified: Tencent, browser: TestClient, sqlite_database: Database
) -> None:
    verified.says("oAlice", QUESTION)
    path = re.compile(r"/conversations/[\w-]+")
    assert not path.search(browser.get("/conversations").text)
    log_in(browser, verified)
    found = path.search(browser.get("/conversations").text)
    assert found
    assert QUESTION in browser.get(found[0]).text
    # A code proves less: whoever sent it may have been talked into it.
    other = TestClient(app)
    command = re.search(r"绑定 \d{6}", other.post("/me/wechat").text)
    assert command
    verified.says("oAlice", command[0])
    settle_links(sqlite_database)
    assert not path.search(other.get("/conversations").text)
    assert other.get(found[0]).status_code == 404


@pytest.mark.parametrize(
    ("name", "path", "entry"),
    [
        ("verified", "/mentoring", "/wechat/verified/login?next=/mentoring"),
        ("verified", "/me?a=1", "/wechat/verified/login?next=/me%3Fa%3D1"),
        ("verified", "/mentor", "/mentor"),
        ("verified", "/documents/1", "/documents/1"),
        ("small", "/mentoring", "/mentoring"),
    ],
)
def test_a_notice_leads_to_own_pages_by_the_login(
    accounts: dict[str, OfficialAccount], name: str, path: str, entry: str
) -> None:
    assert entry_path(accounts[name], path) == entry
