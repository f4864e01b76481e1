"""A WeChat person who is erased: no byte of openid, unionid, number or codes is left."""

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.people.sms import FILE_NAME
from api.people.tending import settle_links
from api.wechat.binding import WeChatLink
from api.wechat.union import WeChatUnion
from guidance.people.identity import Identity
from storage.database import Database
from tests.api.wechat.conftest import Tencent
from tests.api.wechat.test_web_login import browser, log_in

__all__ = ["browser"]

OPENID = "oCanaryOfTheWeChatUser"
UNIONID = "unionCanaryOfTheWeChatUser"
NUMBER = "13811119999"
WORDS = "金丝雀想办小额担保贷款"


def in_files(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_byte_of_a_wechat_person_is_left(
    app: FastAPI,
    verified: Tencent,
    browser: TestClient,
    sqlite_database: Database,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    verified.says(OPENID, WORDS)
    verified.login.unionids[OPENID] = UNIONID
    log_in(browser, verified, OPENID)
    browser.post("/me/phone", data={"number": NUMBER, "consent": "1"})
    code = (tmp_path / FILE_NAME).read_text().split()[-1]
    browser.post("/me/phone/code", data={"number": NUMBER, "code": code})
    command = re.search(r"绑定 \d{6}", browser.post("/me/wechat").text)
    assert command
    verified.says(OPENID, command[0])
    settle_links(sqlite_database)
    browser.post("/me/wechat")  # a code that waits
    with sqlite_database.reading() as db:
        digests = [db.scalars(select(WeChatUnion.digest)).one()]
        digests += db.scalars(select(Identity.digest)).all()
        assert db.scalars(select(WeChatLink.openid)).all() == [OPENID]
    held = json.loads(browser.post("/me/privacy/export", data={"form": "json"}).text)
    assert [one["account"] for one in held["wechat"]] == ["verified"]
    assert [one["messages"][0]["question"] for one in held["consultations"]] == [WORDS]
    canaries = [OPENID, UNIONID, NUMBER, WORDS, *digests]
    before = in_files(tmp_path)
    assert OPENID.encode() in before
    assert WORDS.encode() in before
    assert browser.post("/me/privacy/erase", data={"sure": "1"}).status_code == 200
    app.state.sms.tidy(datetime.now(UTC) + timedelta(minutes=11))
    with sqlite_database.alone() as connection:  # as `qichuang backup` does
        connection.execute("VACUUM INTO ?", (str(tmp_path / "later.backup"),))
    after = in_files(tmp_path)
    assert [one for one in canaries if one.encode() in after] == []
    # Of the same process, the test's own browser logs where it goes.
    logged = "\n".join(one.getMessage() for one in caplog.records if "httpx2" not in one.name)
    assert "qichuang.access" in {one.name for one in caplog.records}
    assert [one for one in canaries if one in logged] == []
