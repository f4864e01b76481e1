"""The administrators' pages of the channels: checks, switch, undelivered messages, simulator."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from api.notices import Notice, NoticeKind, tell
from api.wechat.account import AccountBook, OfficialAccount, read_accounts
from api.wechat.account_file import FILE_NAME
from api.wechat.checks import CheckState, hint_for, live_checks
from api.wechat.client import TencentApi
from api.wechat.desk import WeChatDesk
from api.wechat.outbox import OutboxMessage, OutboxState
from api.wechat.surroundings import Pace
from audit.log import AuditEvent
from guidance.people.identity import Person
from storage.database import Database
from tests.api.wechat.conftest import aes_key, write_accounts
from tests.api.wechat.outgoing import NOW, Api, on_sqlite
from tests.api.wechat.test_conversation import QUESTION, sessions
from tests.fixtures.people import add_person, sign_in

TRIAL = {
    "name": "trial",
    "appid": "wxtrial",
    "token": "tokentrial",
    "aes_key": aes_key("trial"),
    "app_secret": "secret-of-trial",
    "verified": True,
    "trial": True,
    "subscriptions": {
        "question_answered": {"id": "template-answered", "fields": {"thing1": "question"}},
    },
}
PAGE = "/staff/channels"
SIMULATOR = "/staff/channels/simulator"


@pytest.fixture
def accounts(tmp_path: Path) -> dict[str, OfficialAccount]:
    return read_accounts(write_accounts(tmp_path, TRIAL))


@pytest.fixture
def token(client: TestClient, sqlite_database: Database) -> dict[str, str]:
    administrator = add_person(sqlite_database, Role.ADMINISTRATOR)
    return {"form_token": sign_in(client, sqlite_database, administrator)}


def act(client: TestClient, token: dict[str, str], **fields: str) -> str:
    page = client.post(SIMULATOR, data=token | {"account": "trial"} | fields)
    assert page.status_code == 200
    return page.text


def test_a_channel_is_checked_stopped_and_started(
    client: TestClient, token: dict[str, str], sqlite_database: Database
) -> None:
    assert "还没有收到过微信的推送" in client.get(PAGE).text
    act(client, token, act="subscribe")
    checked = client.post(f"{PAGE}/trial/check", data=token).text
    assert "AppID 和 AppSecret 都对" in checked
    assert "1 个模板的编号和字段都对得上" in checked
    assert client.post(f"{PAGE}/trial/stop", data=token).status_code == 409
    stopped = client.post(f"{PAGE}/trial/stop", data=token | {"reason": "答复有误"}).text
    assert "原因：答复有误" in stopped
    assert "自动答复暂时停用" in act(client, token, text=QUESTION)
    client.post(f"{PAGE}/trial/start", data=token)
    assert "600人" in act(client, token, text=QUESTION)
    with sqlite_database.reading() as db:
        actions = set(db.scalars(select(AuditEvent.action)))
    assert {"wechat.stopped", "wechat.started"} <= actions
    assert client.post(f"{PAGE}/other/check", data=token).status_code == 404


def test_the_simulator_shows_what_a_phone_would_and_counts_nobody(
    client: TestClient, token: dict[str, str], sqlite_database: Database
) -> None:
    page = act(client, token, text=QUESTION)
    assert "600人" in page
    assert "推送 1 次" in page
    offered = act(client, token, act="subscribe")
    assert 'name="text" value="创业培训的目标是多少人？"><button class="tapped">' in offered
    act(client, token, text=QUESTION, repeat="1", follower="oTrialYi")
    assert sessions(sqlite_database) == 2
    with sqlite_database.reading() as db:
        assert all(db.scalars(select(Person.internal)))
    assert "出现故障" in act(client, token, text=QUESTION, lose="1")
    assert "（图片）" in act(client, token, act="image")
    cleared = client.post(f"{SIMULATOR}/end", data=token | {"account": "trial"}).text
    assert "还没有消息" in cleared
    real = client.post(SIMULATOR, data=token | {"account": "verified", "text": QUESTION})
    assert real.status_code == 404  # nobody plays the followers of a real account


def test_a_late_answer_and_a_notice_reach_the_simulated_phone(
    app: FastAPI, client: TestClient, token: dict[str, str], sqlite_database: Database
) -> None:
    desk: WeChatDesk = app.state.wechat
    desk._pace = Pace(passive_s=0.0, give_up_s=90.0, hold_s=0.0, poll_s=0.02)
    page = client.post(SIMULATOR, data=token | {"account": "trial", "text": QUESTION})
    assert "没有显示回复" in page.text
    assert "seen=" in page.headers["Refresh"]
    desk._workers._jobs.join()
    desk.send()
    page = client.get(f"{SIMULATOR}?account=trial")
    assert f"您问“{QUESTION}”" in page.text
    assert "Refresh" not in page.headers
    act(client, token, act="allow")
    with sqlite_database.writing() as db:
        person = db.scalars(select(Person.reference)).one()
        notice = Notice(NoticeKind.QUESTION_ANSWERED, {"question": QUESTION}, "/me", "test:1")
        assert tell(db, person, notice, datetime.now(UTC))
        db.flush()
        letter = db.scalars(select(OutboxMessage).where(OutboxMessage.notice.is_not(None))).one()
        letter.refused_ways = "customer"
    desk.send()
    assert f"thing1：{QUESTION}" in client.get(f"{SIMULATOR}?account=trial").text


def test_undelivered_messages_are_sent_again_or_dropped(
    client: TestClient, token: dict[str, str], sqlite_database: Database
) -> None:
    act(client, token, text=QUESTION)
    with sqlite_database.writing() as db:
        person = db.scalars(select(Person.reference)).one()
        for number in (1, 2):
            notice = Notice(NoticeKind.MENTOR_ACCEPTED, {"mentor": "王老师"}, "/me", f"t:{number}")
            tell(db, person, notice, datetime.now(UTC) - timedelta(days=30))
        db.flush()
        for letter in db.scalars(select(OutboxMessage)):
            letter.give_up("48001 公众号没有这项权限或设置不对", NOW)
    listed = client.get(f"{PAGE}/letters").text
    assert listed.count("导师已接受") == 2
    assert "48001" in listed
    assert "王老师" not in listed  # what it tells is nobody else's business
    first, second = map(int, re.findall(r"letters/(\d+)/retry", listed))
    client.post(f"{PAGE}/letters/{first}/retry", data=token)
    client.post(f"{PAGE}/letters/{second}/drop", data=token | {"reason": "已电话告知"})
    assert client.post(f"{PAGE}/letters/{second}/drop", data=token).status_code == 404
    with sqlite_database.reading() as db:
        states = {one.id: one.state for one in db.scalars(select(OutboxMessage))}
    assert states[first] in {OutboxState.WAITING, OutboxState.SENT}
    assert states[second] is OutboxState.DROPPED
    assert "没有这样的消息" in client.get(f"{PAGE}/letters").text


def reply(**fields: object) -> httpx.Response:
    return httpx.Response(200, json=fields)


@on_sqlite
@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        (
            "stable_token",
            reply(errcode=40164, errmsg="invalid ip 10.1.2.3, not in whitelist"),
            "本机 IP 10.1.2.3 不在",
        ),
        ("stable_token", reply(errcode=40125, errmsg="x"), "AppSecret 不对"),
        (
            "get_all_private_template",
            reply(
                template_list=[{"template_id": "template-proposal", "content": "{{thing1.DATA}}"}]
            ),
            "里没有字段 phrase3、time2",
        ),
        ("gettemplate", reply(data=[]), "公众平台上没有模板 template-answered"),
    ],
)
def test_what_tencent_finds_wrong_is_told_in_words(
    database: Database, api: Api, book: AccountBook, path: str, answer: httpx.Response, said: str
) -> None:
    def answered(request: httpx.Request) -> httpx.Response:
        return answer if request.url.path.endswith(path) else api._answer(request)

    tencent = TencentApi("http://tencent", httpx.MockTransport(answered))
    checks = live_checks(database, tencent, book["verified"], lambda: NOW)
    (wrong,) = [check for check in checks if check.state is CheckState.WRONG]
    assert said in wrong.says


@pytest.mark.parametrize(
    ("refusal", "hint"),
    [
        ("signature", "Token"),
        ("parameter msg_signature", "Token"),
        ("padding", "EncodingAESKey"),
        ("appid", "EncodingAESKey"),
        ("time window", "时钟"),
        ("nonce reused", "重放"),
        ("xml root", "读不懂"),
    ],
)
def test_a_refused_callback_points_to_its_cause(refusal: str, hint: str) -> None:
    assert hint in hint_for(refusal)


def test_a_file_of_accounts_that_is_wrong_is_told_on_the_page(
    client: TestClient, token: dict[str, str], tmp_path: Path
) -> None:
    assert token
    (tmp_path / FILE_NAME).write_text("accounts: [{name: X}]")
    assert "公众号收不到答复" in client.get(PAGE).text
