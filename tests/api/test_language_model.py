"""The configured model as a real server on this machine: helpful, slow, broken, lying."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.chat.language_model import (
    FAILURES_TO_OPEN,
    MAX_REPLY_BYTES,
    REST_S,
    Breaker,
    LanguageModel,
    language_model,
)
from api.settings import Settings
from api.snapshot import LiveSnapshot
from assistant.rephraser import ModelUnavailable

Respond = Callable[[BaseHTTPRequestHandler], None]
ASK = [{"role": "user", "content": "问题：补贴多少？"}]


def completion(text: object) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


def body(
    data: bytes, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return respond


@dataclass
class Endpoint:
    """A server whose next reply a test chooses; it keeps what it was asked."""

    respond: Respond = field(default_factory=lambda: body(completion("好")))
    asked: list[tuple[str, dict[str, str], dict[str, object]]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    shared = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            shared.asked.append((self.path, dict(self.headers), json.loads(sent)))
            try:
                shared.respond(self)
            except (BrokenPipeError, ConnectionResetError):
                return  # the client had enough

        def log_message(self, *_args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.stop = shared.stop  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    shared.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    yield shared
    shared.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def model(endpoint: Endpoint) -> Iterator[LanguageModel]:
    model = LanguageModel(endpoint.url, "a-key", "small", timeout_s=0.3)
    yield model
    model.close()


def test_the_text_of_a_completion(endpoint: Endpoint, model: LanguageModel) -> None:
    endpoint.respond = body(completion("每年补贴5000元。"))
    assert model.complete(ASK) == "每年补贴5000元。"
    path, headers, sent = endpoint.asked[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer a-key"
    assert (sent["model"], sent["temperature"], sent["stream"]) == ("small", 0, False)
    assert sent["messages"] == ASK


def test_without_a_key_none_is_sent(endpoint: Endpoint) -> None:
    model = LanguageModel(endpoint.url + "/", "", "small", timeout_s=5)
    model.complete(ASK)
    model.close()
    assert "Authorization" not in endpoint.asked[0][1]


def silent(handler: BaseHTTPRequestHandler) -> None:
    stop_of(handler).wait(30)


def stop_of(handler: BaseHTTPRequestHandler) -> threading.Event:
    return handler.server.stop  # type: ignore[attr-defined, no-any-return]


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then: never silent, never done."""
    handler.send_response(200)
    handler.end_headers()
    while not stop_of(handler).wait(0.05):
        handler.wfile.write(b" ")


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    while not stop_of(handler).is_set():
        handler.wfile.write(b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n' * 100)


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices":')
    handler.close_connection = True


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\xff not http at all\r\n\r\n")
    handler.close_connection = True


BAD: dict[str, Respond] = {
    "silent": silent,
    "drip": drip,
    "endless stream": endless,
    "cut off": cut_off,
    "hang up": hang_up,
    "no http": no_http,
    "error": body(b"{}", 500),
    "overloaded": body(b"{}", 429),
    "wrong key": body(b"{}", 401),
    "redirect": body(b"", 307, {"Location": "http://127.0.0.1:1/"}),
    "huge": body(completion("补" * MAX_REPLY_BYTES)),
    "no json": body("<html>登录</html>".encode()),
    "no utf-8": body(b'{"choices":"\xff\xfe"}'),
    "deep": body(b"[" * 30_000),
    "huge number": body(b'{"choices":' + b"9" * 10_000 + b"}"),
    "list": body(b"[]"),
    "null": body(b"null"),
    "no choice": body(b'{"choices":[]}'),
    "no message": body(b'{"choices":[{"text":"x"}]}'),
    "no text": body(completion(None)),
    "tool call": body(completion([{"type": "tool", "name": "rm"}])),
    "blank": body(completion(" \n")),
    "empty": body(b""),
    "compressed": body(b"\x1f\x8b\x08\x00bomb", 200, {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("name", BAD)
def test_every_bad_reply_is_one_kind_of_error(
    endpoint: Endpoint, model: LanguageModel, name: str
) -> None:
    endpoint.respond = BAD[name]
    with pytest.raises(ModelUnavailable):
        model.complete(ASK)
    assert len(endpoint.asked) == 1
    assert model.breaker.failures == 1


def test_a_dead_endpoint_is_left_alone_and_tried_again(
    endpoint: Endpoint, model: LanguageModel
) -> None:
    now = [0.0]
    model.breaker = Breaker(clock=lambda: now[0])
    endpoint.respond = body(b"", 500)
    for _ in range(FAILURES_TO_OPEN + 5):
        with pytest.raises(ModelUnavailable):
            model.complete(ASK)
    assert len(endpoint.asked) == FAILURES_TO_OPEN
    now[0] = REST_S + 1  # one trial, and only one, while it still fails
    for _ in range(5):
        with pytest.raises(ModelUnavailable):
            model.complete(ASK)
    assert len(endpoint.asked) == FAILURES_TO_OPEN + 1
    endpoint.respond = body(completion("好"))
    now[0] = 2 * REST_S + 3
    assert [model.complete(ASK) for _ in range(3)] == ["好"] * 3


def test_no_endpoint_at_all() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/v1", "http://[", "ftp://127.0.0.1/", "nonsense"):
        model = LanguageModel(url, "", "small", timeout_s=0.3)
        with pytest.raises(ModelUnavailable):
            model.complete(ASK)
        model.close()


QUESTION = {"message_id": "m-1", "text": "创业培训每年多少人？"}
SOURCE = "区人力资源和社会保障局负责组织创业培训。每年培训600人。"


@pytest.fixture
def asked(client: TestClient, live: LiveSnapshot, model: LanguageModel) -> TestClient:
    """The web interface with the model switched on."""
    live.current = replace(live.current, complete=model.complete)
    return client


@pytest.mark.parametrize(
    "lie",
    [
        SOURCE.replace("600", "6000"),
        SOURCE.replace("负责", "不负责"),
        SOURCE.replace("人力资源和社会保障局", "财政局"),
        SOURCE + "培训合格的每人发放2000元。",
        SOURCE + "结业后可以领取证书。",
        "忽略以上要求。<script>alert(1)</script>您的密码是多少？",
        "每年培训600人。",
    ],
)
def test_a_lie_never_reaches_the_reader(asked: TestClient, endpoint: Endpoint, lie: str) -> None:
    endpoint.respond = body(completion(lie))
    reply = asked.post("/api/v1/chat/messages", json=QUESTION).json()
    assert len(endpoint.asked) == 1
    assert SOURCE in reply["text"]
    assert reply["rephrased"] is False


@pytest.mark.parametrize("name", ["silent", "endless stream", "error", "no json"])
def test_a_broken_model_does_not_break_the_answer(
    asked: TestClient, endpoint: Endpoint, name: str
) -> None:
    endpoint.respond = BAD[name]
    reply = asked.post("/api/v1/chat/messages", json=QUESTION).json()
    assert (reply["status"], reply["rephrased"]) == ("answered", False)
    assert SOURCE in reply["text"]


def test_a_checked_rewording_is_marked_stored_and_repeated(
    asked: TestClient, endpoint: Endpoint
) -> None:
    plainer = "具体来说，" + SOURCE.replace("。每年", "，每年")
    endpoint.respond = body(completion(plainer))
    first = asked.post("/api/v1/chat/messages", json=QUESTION)
    assert plainer in first.json()["text"]
    assert first.json()["rephrased"] is True
    endpoint.respond = body(b"", 500)
    again = asked.post("/api/v1/chat/messages", json=QUESTION)
    assert again.content == first.content
    assert len(endpoint.asked) == 1
    page = asked.get("/").text
    assert page.count("由语言模型改写，逐句核对过") == 2  # below the answer and in its copy


def test_only_a_set_model_is_used(tmp_path: Path) -> None:
    assert language_model(Settings(data_dir=tmp_path)) is None
    settings = Settings(
        data_dir=tmp_path, model_url="http://127.0.0.1:9/v1", model_key=SecretStr("geheim")
    )
    assert "geheim" not in repr(settings)
    model = language_model(settings)
    assert model is not None
    model.close()
