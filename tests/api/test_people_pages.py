"""“验证手机号” and the WeChat page of an account, as browsers use them."""

import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from accounts.role import Role
from api.people.sms import FILE_NAME, FileSender, HttpSender, SmsNotSent
from api.settings import Settings
from audit.log import AuditEvent
from guidance.people.identity import Identity
from guidance.people.phone import CODE_LIFE, PhoneCode
from storage.database import Database
from tests.fixtures.people import sign_in_as

NUMBER = "13800001234"


def code_in(settings: Settings) -> str:
    line = (settings.data_dir / FILE_NAME).read_text().splitlines()[-1]
    return line.split()[2]


def ask(client: TestClient, number: str = NUMBER, consent: str = "1") -> Response:
    return client.post("/me/phone", data={"number": number, "consent": consent})


def test_a_number_is_proven_by_the_code_that_was_sent_to_it(
    client: TestClient, settings: Settings, sqlite_database: Database
) -> None:
    assert "请先勾选同意" in ask(client, consent="").text
    assert "固定电话收不到短信" in ask(client, "0571-87654321").text
    mistyped = ask(client, "1380000").text
    assert "11位手机号" in mistyped
    assert "固定电话" not in mistyped  # it could not get the code
    assert 'value="1" checked' in mistyped
    sent = ask(client, "138 0000 1234")
    assert "138****1234" in sent.text
    assert "还没有开通短信" in sent.text  # the file sender rings no telephone
    wrong = client.post("/me/phone/code", data={"number": NUMBER, "code": "x"})
    assert (wrong.status_code, "验证码不对" in wrong.text) == (422, True)
    done = client.post("/me/phone/code", data={"number": NUMBER, "code": code_in(settings)})
    assert "手机号已验证" in done.text
    assert "现在：手机号已验证" in client.get("/me/phone").text
    with sqlite_database.reading() as db:
        assert NUMBER not in db.scalars(select(Identity)).one().digest
        assert db.scalars(select(PhoneCode)).all() == []
    removed = client.post("/me/phone/remove")
    assert "手机号已删除" in removed.text
    assert "现在还没有验证" in removed.text
    with sqlite_database.reading() as db:
        actions = set(db.scalars(select(AuditEvent.action)))
    assert {"identity.bound", "identity.unbound"} <= actions


def test_two_browsers_with_one_number_are_one_person(
    app: FastAPI, client: TestClient, settings: Settings, sqlite_database: Database
) -> None:
    ask(client)
    client.post("/me/phone/code", data={"number": NUMBER, "code": code_in(settings)})
    other = TestClient(app)
    refused = ask(other)
    assert (refused.status_code, "请过 1 分钟再试" in refused.text) == (429, True)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        ask(other)
        other.post("/me/phone/code", data={"number": NUMBER, "code": code_in(settings)})
    with sqlite_database.reading() as db:
        assert "person.merged" in set(db.scalars(select(AuditEvent.action)))


def test_no_other_site_may_send_messages(client: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    refused = client.post("/me/phone", data={"number": NUMBER, "consent": "1"}, headers=headers)
    assert refused.status_code == 403


def test_codes_in_the_file_go_when_they_are_old(tmp_path: Path) -> None:
    sender = FileSender(tmp_path / FILE_NAME)
    with time_machine.travel(datetime.now(UTC) - CODE_LIFE):
        sender.send(NUMBER, "111111")
    sender.send("13900001234", "222222")
    assert NUMBER not in (tmp_path / FILE_NAME).read_text()
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0
    sender.tidy(datetime.now(UTC) + CODE_LIFE)
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize(
    ("reply", "taken"),
    [
        (httpx.Response(200, json={"Code": "OK"}), True),
        (httpx.Response(200, json={"Code": "isv.AMOUNT_NOT_ENOUGH"}), False),
        (httpx.Response(503), False),
        (httpx.ReadTimeout("slow"), False),
    ],
)
def test_the_gateway_gets_its_own_body_and_the_log_gets_nothing(
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    reply: httpx.Response | Exception,
    taken: bool,
) -> None:
    posted: list[bytes] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        posted.append(request.content)
        if isinstance(reply, Exception):
            raise reply
        return reply

    settings.sms_url = "https://sms.test/send"
    settings.sms_template = '{"mobile": "{number}", "text": "验证码{code}，10分钟内有效。"}'
    settings.sms_success = '"OK"'
    sender = HttpSender(settings, httpx.MockTransport(gateway))
    caplog.set_level(logging.DEBUG)
    if taken:
        sender.send(NUMBER, "123456")
    else:
        with pytest.raises(SmsNotSent):
            sender.send(NUMBER, "123456")
    assert posted[0].decode() == '{"mobile": "13800001234", "text": "验证码123456，10分钟内有效。"}'
    assert NUMBER not in caplog.text


def test_a_message_that_did_not_leave_leaves_no_code(
    app: FastAPI, client: TestClient, sqlite_database: Database
) -> None:
    class Broken:
        reaches_phones = True

        def send(self, _number: str, _code: str) -> None:
            raise SmsNotSent

        def tidy(self, _at: datetime) -> None:
            """Nothing."""

    app.state.sms = Broken()
    refused = ask(client)
    assert (refused.status_code, "短信没有发出去" in refused.text) == (502, True)
    with sqlite_database.reading() as db:
        assert db.scalars(select(PhoneCode)).all() == []


def test_an_account_without_official_accounts_is_told_so(
    client: TestClient, sqlite_database: Database
) -> None:
    sign_in_as(client, sqlite_database, Role.HANDLER)
    assert "还没有接入公众号" in client.get("/account/wechat").text
    assert not re.search(r"绑定 \d{6}", client.get("/me/wechat").text)
