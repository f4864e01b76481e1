"""Callbacks that are not Tencent's, and genuine ones played again: nothing may come of them."""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select

from api.wechat.account import OfficialAccount
from api.wechat.callback import Callback, open_callback
from api.wechat.contact import WeChatContact
from api.wechat.crypt import MessageCipher, signature
from api.wechat.envelope import MAX_BODY_BYTES, BodyFormat, read_body
from api.wechat.outbox import OutboxMessage
from api.wechat.received import WeChatMessage, WeChatNonce
from api.wechat.simulator import write_fields
from guidance.session import GuidanceSession, Turn
from storage.database import Base, Database
from tests.api.wechat.conftest import Tencent, aes_key
from tests.api.wechat.test_conversation import QUESTION

TABLES: tuple[type[Base], ...] = (
    WeChatMessage, WeChatNonce, WeChatContact, OutboxMessage, GuidanceSession, Turn,
)  # fmt: skip


def counts(database: Database) -> list[int]:
    with database.reading() as db:
        return [db.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


class Forgery:
    """A genuine call whose parts a test changes before it is sent."""

    def __init__(self, tencent: Tencent) -> None:
        account = tencent.account
        self.account = account
        self.cipher: MessageCipher = account.ciphers[0]
        self.token = account.token
        self.timestamp = str(int(time.time()))
        self.nonce = "314159265"
        self.fields = tencent.message("oAlice", {"MsgType": "text", "Content": QUESTION})
        self.message: bytes | None = None
        self.encrypted = ""
        self.query: dict[str, str] = {}
        self.body: bytes | None = None
        self.path = f"/wechat/{account.name}"
        self.extra = ""

    def send(self, client: TestClient) -> int:
        return self.post(client).status_code

    def post(self, client: TestClient) -> Response:
        inner = (
            self.message if self.message is not None else write_fields(BodyFormat.XML, self.fields)
        )
        encrypted = self.encrypted or self.cipher.encrypt(inner, os.urandom(16))
        query = {
            "signature": signature(self.token, self.timestamp, self.nonce),
            "timestamp": self.timestamp,
            "nonce": self.nonce,
            "encrypt_type": "aes",
            "msg_signature": signature(self.token, self.timestamp, self.nonce, encrypted),
        } | self.query
        query = {name: value for name, value in query.items() if value != "\0"}
        body = self.body
        if body is None:
            body = write_fields(BodyFormat.XML, {"ToUserName": "gh_x", "Encrypt": encrypted})
        return client.post(f"{self.path}?{urlencode(query)}{self.extra}", content=body)


def change(**parts: object) -> Callable[[Forgery], None]:
    def apply(forgery: Forgery) -> None:
        for name, value in parts.items():
            setattr(forgery, name, value)

    return apply


def field(**fields: str | None) -> Callable[[Forgery], None]:
    def apply(forgery: Forgery) -> None:
        changed = forgery.fields | {name: value or "" for name, value in fields.items()}
        forgery.fields = {name: value for name, value in changed.items() if value}

    return apply


def query(**query: str) -> Callable[[Forgery], None]:
    return change(query=query)


def cut(forgery: Forgery) -> None:
    forgery.encrypted = forgery.cipher.encrypt(b"<xml/>", bytes(16))[:-4]


def swapped(forgery: Forgery) -> None:
    """The signature of one message on the ciphertext of another."""
    other = forgery.cipher.encrypt(b"<xml><a>b</a></xml>", os.urandom(16))
    forgery.body = write_fields(BodyFormat.XML, {"Encrypt": other})


def flipped(forgery: Forgery) -> None:
    genuine = forgery.cipher.encrypt(write_fields(BodyFormat.XML, forgery.fields), os.urandom(16))
    forgery.encrypted = ("B" if genuine[0] != "B" else "C") + genuine[1:-20] + genuine[-20:][::-1]


def other_appid(forgery: Forgery) -> None:
    forgery.cipher = MessageCipher(forgery.cipher.key, "wx0000000000000002")


def later(seconds: int) -> Callable[[Forgery], None]:
    def apply(forgery: Forgery) -> None:
        forgery.timestamp = str(int(time.time()) + seconds)

    return apply


ENTITY = b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>'
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]><xml><Encrypt>&z;</Encrypt></xml>' % b"".join(
    b'<!ENTITY a%d "&a;&a;&a;&a;">' % number for number in range(20)
)
FILE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Encrypt>&a;</Encrypt></xml>'
EXTERNAL = b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><xml><Encrypt>a</Encrypt></xml>'
INNER_TWICE = b"<xml><FromUserName>oA</FromUserName><FromUserName>oB</FromUserName></xml>"

BAD: dict[str, Callable[[Forgery], None]] = {
    "wrong token": change(token="another"),
    "msg_signature of nothing": query(msg_signature=""),
    "no msg_signature": query(msg_signature="\0"),
    "plain signature as msg_signature": lambda f: f.query.update(
        msg_signature=signature(f.token, f.timestamp, f.nonce)
    ),
    "msg_signature in capitals": query(msg_signature="A" * 40),
    "msg_signature with other letters": query(msg_signature="签" * 40),
    "msg_signature endless": query(msg_signature="a" * 5000),
    "other nonce": query(nonce="271828"),
    "no nonce": query(nonce="\0"),
    "nonce endless": change(nonce="1" * 5000),
    "nonce with line break": change(nonce="1\n2"),
    "other timestamp": query(timestamp="1714112445"),
    "no timestamp": query(timestamp="\0"),
    "timestamp too old": later(-340),
    "timestamp of tomorrow": later(86_400),
    "timestamp just ahead": later(330),
    "timestamp no number": change(timestamp="now"),
    "timestamp negative": change(timestamp="-1"),
    "timestamp with fraction": change(timestamp=f"{time.time()}"),
    "timestamp in Arabic digits": change(timestamp="١٧١٤١١٢٤٤٥"),
    "parameter twice": change(extra="&nonce=1"),
    "unknown encrypt_type": query(encrypt_type="rsa"),
    "plain mode with the secure body": lambda f: f.query.update(
        encrypt_type="\0", signature="0" * 40
    ),
    "unknown account": change(path="/wechat/nobody"),
    "other account": change(path="/wechat/small"),
    "account with path": change(path="/wechat/..%2Fverified"),
    "no body": change(body=b""),
    "blank body": change(body=b" \n"),
    "body no XML": change(body=b"hello"),
    "body HTML": change(body=b"<html><body>hi</body></html>"),
    "body broken XML": change(body=b"<xml><Encrypt>a</Encrypt>"),
    "body without Encrypt": change(body=b"<xml><ToUserName>a</ToUserName></xml>"),
    "Encrypt empty": change(body=b"<xml><Encrypt></Encrypt></xml>"),
    "Encrypt nested": change(body=b"<xml><Encrypt><b>a</b></Encrypt></xml>"),
    "Encrypt twice": change(body=b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>"),
    "body JSON list": change(body=b"[1]"),
    "body broken JSON": change(body=b'{"Encrypt":'),
    "body JSON twice": change(body=b'{"Encrypt":"a","Encrypt":"b"}'),
    "body JSON number": change(body=b'{"Encrypt":true}'),
    "body JSON deep": change(body=b'{"a":' * 20_000),
    "body JSON infinity": change(body=b'{"Encrypt":Infinity}'),
    "entity": change(body=ENTITY),
    "entity bomb": change(body=BOMB),
    "entity of a file": change(body=FILE),
    "external document type": change(body=EXTERNAL),
    "UTF-16": change(body="<xml><Encrypt>a</Encrypt></xml>".encode("utf-16")),
    "not UTF-8": change(body=b"<xml><Encrypt>\xff\xfe</Encrypt></xml>"),
    "NUL": change(body=b"<xml>\x00</xml>"),
    "too large": change(body=b"<xml><Encrypt>" + b"a" * MAX_BODY_BYTES + b"</Encrypt></xml>"),
    "deep XML": change(body=b"<xml>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</xml>"),
    "many fields": change(body=b"<xml>" + b"".join(b"<a%d/>" % n for n in range(99)) + b"</xml>"),
    "swapped ciphertext": swapped,
    "no base64": change(encrypted="!" * 64),
    "base64 of other length": cut,
    "flipped bits": flipped,
    "ciphertext of zeros": change(encrypted="A" * 88),
    "other key": lambda f: setattr(
        f, "cipher", MessageCipher.of(aes_key("stranger"), f.account.appid)
    ),
    "other appid": other_appid,
    "message empty": change(message=b""),
    "message no XML": change(message=b"hello"),
    "message with entity": change(message=ENTITY),
    "message fields twice": change(message=INNER_TWICE),
    "message not UTF-8": change(message=b"<xml><a>\xff</a></xml>"),
    "no sender": field(FromUserName=None),
    "sender with spaces": field(FromUserName="o A"),
    "sender endless": field(FromUserName="o" * 65),
    "sender with markup": field(FromUserName="o<b>"),
    "no receiver": field(ToUserName=None),
    "no time": field(CreateTime=None),
    "time no number": field(CreateTime="today"),
    "no kind": field(MsgType=None),
    "no message id": field(MsgId=None),
    "message id no number": field(MsgId="abc"),
    "message id endless": field(MsgId="1" * 30),
    "event without name": field(MsgType="event"),
}


def test_there_are_at_least_fifty_kinds() -> None:
    assert len(BAD) >= 50


@pytest.mark.parametrize("name", BAD)
def test_a_bad_callback_is_refused_without_a_trace(
    verified: Tencent, sqlite_database: Database, name: str
) -> None:
    forgery = Forgery(verified)
    BAD[name](forgery)
    assert forgery.send(verified.client) in {403, 404}
    assert counts(sqlite_database) == [0] * len(TABLES)


def test_the_unchanged_call_is_taken(verified: Tencent, sqlite_database: Database) -> None:
    assert Forgery(verified).send(verified.client) == 200
    assert counts(sqlite_database) == [1, 1, 1, 0, 1, 1]


def test_the_url_signature_is_not_looked_at_in_secure_mode(verified: Tencent) -> None:
    forgery = Forgery(verified)
    forgery.query = {"signature": "6c5c811b"}
    assert forgery.send(verified.client) == 200


def test_a_refusal_tells_nothing_about_the_check_that_failed(verified: Tencent) -> None:
    told = set()
    for name in ("wrong token", "other key", "other appid", "flipped bits", "timestamp too old"):
        forgery = Forgery(verified)
        BAD[name](forgery)
        told.add(forgery.post(verified.client).content)
    assert len(told) == 1


def test_a_nonce_serves_one_message(verified: Tencent, sqlite_database: Database) -> None:
    first, second = Forgery(verified), Forgery(verified)
    second.timestamp = first.timestamp
    assert first.send(verified.client) == 200
    assert second.send(verified.client) == 403
    assert counts(sqlite_database)[0] == 1


def test_a_message_id_that_comes_with_another_text_gets_the_first_answer(
    verified: Tencent, sqlite_database: Database
) -> None:
    message = verified.message("oAlice", {"MsgType": "text", "Content": QUESTION})
    first = verified.call(message)
    second = verified.call(message | {"Content": "小额担保贷款由谁贴息？"})
    assert second.shown == first.shown
    assert counts(sqlite_database)[-2:] == [1, 1]


def test_ten_thousand_replays_add_nothing(verified: Tencent, sqlite_database: Database) -> None:
    message = verified.message("oAlice", {"MsgType": "text", "Content": QUESTION})
    path, body = verified.request(message)
    replies = set()
    for _ in range(3):
        replies.add(verified.read_reply(verified._deliver(path, body, 5)))
    before = counts(sqlite_database)
    desk = verified.client.app.state.wechat  # type: ignore[attr-defined]
    callback = open_again(verified.account, path, body)
    for _ in range(200):
        assert not any(one.first for one in desk._intake.record([callback] * 50))
    for _ in range(10):
        replies.add(verified.read_reply(verified._deliver(path, body, 5)))
    assert counts(sqlite_database) == before
    assert before[-2:] == [1, 1]
    assert len(replies) == 1


def open_again(account: OfficialAccount, path: str, body: bytes) -> Callback:
    return open_callback(account, dict(parse_qsl(urlsplit(path).query)), body, datetime.now(UTC))


def test_events_without_an_id_are_known_by_person_and_time(
    verified: Tencent, sqlite_database: Database
) -> None:
    event = verified.message(
        "oAlice", {"MsgType": "event", "Event": "CLICK", "EventKey": "ask:" + QUESTION}
    )
    for _ in range(5):
        assert "600人" in (verified.call(event).shown or "")
    assert counts(sqlite_database)[-2:] == [1, 1]
    verified.call(event | {"FromUserName": "oBob"})
    assert counts(sqlite_database)[-2:] == [2, 2]


def test_plain_mode_is_told_and_recorded_nowhere(
    verified: Tencent, sqlite_database: Database
) -> None:
    message = verified.message("oAlice", {"MsgType": "text", "Content": QUESTION})
    query = verified._query("")
    for format_ in BodyFormat:
        body = write_fields(format_, message)
        reply = verified.client.post(f"/wechat/verified?{urlencode(query)}", content=body)
        shown = read_body(reply.content)
        assert (shown.format, shown.fields["ToUserName"]) == (format_, "oAlice")
        assert "安全模式" in shown.fields["Content"]
    assert counts(sqlite_database) == [0] * len(TABLES)


def test_json_callbacks_get_json_replies(verified: Tencent, sqlite_database: Database) -> None:
    verified._format = BodyFormat.JSON
    assert "600人" in (verified.says("oAlice", QUESTION).shown or "")
    assert counts(sqlite_database)[-1] == 1


def test_the_address_check(verified: Tencent, client: TestClient) -> None:
    reply = client.get(verified.address_check("4375120948345356249"))
    assert (reply.status_code, reply.content) == (200, b"4375120948345356249")
    assert reply.headers["content-type"].startswith("text/plain")
    forged = verified.address_check("<script>").replace("signature=", "signature=0")
    assert client.get(forged).status_code == 403
    assert client.get("/wechat/verified").status_code == 403
    assert client.get("/wechat/nobody").status_code == 404


def test_a_changed_key_is_taken_over_while_the_old_one_still_opens(verified: Tencent) -> None:
    path = verified.client.app.state.wechat.book._path  # type: ignore[attr-defined]
    text = path.read_text().replace(aes_key("verified"), aes_key("new"), 1)
    path.write_text(
        text.replace(
            f"aes_key: {aes_key('new')}",
            f"aes_key: {aes_key('new')}\n  previous_aes_key: {aes_key('verified')}",
        )
    )
    assert "600人" in (verified.says("oAlice", QUESTION).shown or "")  # still the old key
    verified.account = verified.client.app.state.wechat.book["verified"]  # type: ignore[attr-defined]
    assert verified.account.ciphers[0].key != MessageCipher.of(aes_key("verified"), "x").key
    assert "600人" in (verified.says("oAlice", QUESTION).shown or "")


def test_json_numbers_of_a_body_are_read_as_texts() -> None:
    body = read_body(json.dumps({"MsgId": 23, "Encrypt": "a", "x": {"y": 1}}).encode())
    assert body.fields == {"MsgId": "23", "Encrypt": "a", "x": ""}
