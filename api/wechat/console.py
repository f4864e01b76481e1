"""The commands of the channel: `qichuang wechat add`, `check` and `simulate`."""

import base64
import json
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

import httpx
import typer

from api.console import load_settings
from api.settings import SIMULATOR
from api.wechat.account import AccountBook, add_account
from api.wechat.account_file import FILE_NAME
from api.wechat.channel import get_channel
from api.wechat.checks import CheckState, live_checks, standing_checks
from api.wechat.client import MAX_REPLY_BYTES, TencentApi
from api.wechat.kf_console import add_kf
from api.wechat.simulated_api import Reader
from api.wechat.simulator import FAULT, Mishaps, Outcome, Simulator
from api.wechat.trial import trial_api
from storage.database import Database

PUSH_WAIT_S = 30.0
OPENID = "oSimulated"
CHECK_MARKS = {
    CheckState.FINE: "✓",
    CheckState.DOUBTFUL: "！",
    CheckState.WRONG: "✗",
    CheckState.UNKNOWN: "？",
}
# What can be sent besides text.
OTHERS = {
    "/关注": {"MsgType": "event", "Event": "subscribe", "EventKey": ""},
    "/取消关注": {"MsgType": "event", "Event": "unsubscribe", "EventKey": ""},
    "/图片": {"MsgType": "image", "PicUrl": "http://mmbiz.qpic.cn/0", "MediaId": "0"},
    "/定位": {"MsgType": "location", "Location_X": "23.1", "Location_Y": "113.3"},
    "/语音": {"MsgType": "voice", "MediaId": "0", "Format": "amr"},
}

wechat_app = typer.Typer(help="微信公众号：登记账号，用模拟器试用。", no_args_is_help=True)
wechat_app.command("add-kf")(add_kf)


@wechat_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="账号在本系统里的名称，小写字母、数字和连字符。")],
    appid: Annotated[str, typer.Option(help="公众平台上的 AppID。")],
    verified: Annotated[bool, typer.Option("--verified", help="已认证的账号。")] = False,
    trial: Annotated[bool, typer.Option("--trial", help="试用账号，由模拟器扮演微信。")] = False,
) -> None:
    """登记一个公众号，生成要填到公众平台的令牌和密钥；AppSecret 从标准输入读。"""
    settings = load_settings()
    app_secret = secrets.token_hex(16) if trial and verified else ""
    if verified and not trial:
        app_secret = typer.prompt("AppSecret", hide_input=True, default="", show_default=False)
    entry = {
        "name": name,
        "appid": appid,
        "token": secrets.token_hex(16),
        "aes_key": base64.b64encode(secrets.token_bytes(32)).decode("ascii")[:43],
        "app_secret": app_secret,
        "verified": verified,
        "trial": trial,
    }
    add_account(settings.data_dir / FILE_NAME, entry)
    if trial:
        typer.echo("已登记试用账号，在工作台“微信渠道”里打开模拟器即可。")
        return
    typer.echo("已登记。请在公众平台“基本配置”里填写，加解密方式选“安全模式”：")
    typer.echo(f"  服务器地址 {settings.public_url or 'https://本站地址'}/wechat/{name}")
    typer.echo(f"  令牌 {entry['token']}")
    typer.echo(f"  消息加解密密钥 {entry['aes_key']}")


@wechat_app.command("check")
def check(
    account: Annotated[str, typer.Argument(help="wechat.yaml 里的账号名称。")],
) -> None:
    """检查公众号接得通不通：先看本机的记录，再向微信查询令牌、IP 白名单和模板。"""
    settings = load_settings()
    on_trial = settings.wechat_api_url == SIMULATOR
    found = AccountBook(settings.data_dir / FILE_NAME, on_trial=on_trial)[account]
    database = Database(settings.database_url)
    with database.reading() as db:
        channel = get_channel(db, account)
    now, site = datetime.now(UTC), settings.public_url.rstrip("/")
    outside = TencentApi(settings.wechat_api_url)
    api = trial_api(database, found) if found.trial else outside
    asked = live_checks(database, api, found, lambda: datetime.now(UTC))
    checks = [*standing_checks(found, channel, site, now), *asked]
    for one in checks:
        typer.echo(f"{CHECK_MARKS[one.state]} {one.name}：{one.says}")
    outside.close()
    database.close()
    if any(one.state is CheckState.WRONG for one in checks):
        raise typer.Exit(1)


@wechat_app.command("simulate")
def simulate(
    account: Annotated[str, typer.Option(help="wechat.yaml 里的账号名称。")],
    url: Annotated[str, typer.Option(help="服务的地址。")] = "http://127.0.0.1:8000",
    api_port: Annotated[int, typer.Option(help="扮演微信接口的端口。")] = 8099,
    lose: Annotated[float, typer.Option(min=0, max=1, help="丢失的比例。")] = 0.0,
    repeat: Annotated[float, typer.Option(min=0, max=1, help="重复的比例。")] = 0.0,
    delay: Annotated[float, typer.Option(min=0, help="最多延迟的秒数。")] = 0.0,
) -> None:
    """扮演微信服务器，在终端里与公众号对话；每行一条消息，另有 /关注 /图片 /定位 /语音。"""
    found = AccountBook(load_settings().data_dir / FILE_NAME)[account]
    with httpx.Client(base_url=url, trust_env=False) as client:

        def deliver(path: str, content: bytes, timeout_s: float) -> httpx.Response:
            return client.post(path, content=content, timeout=timeout_s)

        tencent = Simulator(found, deliver, mishaps=Mishaps(lose, repeat, delay))
        check = client.get(tencent.address_check("echo"))
        typer.echo("服务器地址验证" + ("通过。" if check.content == b"echo" else "没有通过！"))
        with serve_api(tencent, api_port):
            here = f"http://127.0.0.1:{api_port}"
            typer.echo(f"微信接口：QICHUANG_WECHAT_API_URL={here} QICHUANG_WECHAT_OPEN_URL={here}")
            _converse(tencent)


def _converse(tencent: Simulator) -> None:
    if sys.stdin.isatty():
        typer.echo("请输入消息，按 Ctrl+D 结束。")
    for line in map(str.strip, sys.stdin):
        if not line:
            continue
        reader = tencent.reader(OPENID)
        before = len(reader.shown)
        began = time.monotonic()
        fields = OTHERS.get(line, {"MsgType": "text", "Content": line})
        outcome = tencent.sends(OPENID, fields)
        if outcome.shown is None and fields["MsgType"] != "event":
            _wait_for_push(reader, before)
        _show(line, outcome, reader.shown[before:], time.monotonic() - began)


def _wait_for_push(reader: Reader, before: int) -> None:
    deadline = time.monotonic() + PUSH_WAIT_S
    while len(reader.shown) == before and time.monotonic() < deadline:
        time.sleep(0.1)


def _show(line: str, outcome: Outcome, shown: list[str], seconds: float) -> None:
    way = "客服消息" if outcome.shown is None else "被动回复"
    size = len("".join(shown).encode())
    typer.echo(f"\n我：{line}")
    typer.echo("\n".join(shown) if shown else "（没有回复）")
    typer.echo(f"——{way}，{outcome.calls} 次推送，{seconds:.2f} 秒，{size} 字节")
    if outcome.shown == FAULT:
        typer.echo("✗ 用户看到了故障提示！")


@contextmanager
def serve_api(tencent: Simulator, port: int) -> Iterator[int]:
    """Serve the simulated API on this machine; hand out its port (0 chooses a free one)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            address = urlsplit(self.path)
            query = dict(parse_qsl(address.query))
            if address.path != "/connect/oauth2/authorize":
                self._answer(address.path, query)
                return
            try:
                back_to = tencent.login.authorize(query, OPENID)
            except ValueError as error:
                self.send_error(400, f"WeChat would refuse this: {error}")
                return
            self.send_response(302)
            self.send_header("Location", back_to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:  # noqa: N802
            address = urlsplit(self.path)
            self._answer(address.path, dict(parse_qsl(address.query)))

        def _answer(self, path: str, query: dict[str, str]) -> None:
            length = min(int(self.headers.get("Content-Length") or 0), MAX_REPLY_BYTES)
            answered = tencent.answer_api(path, query, self.rfile.read(length))
            content = json.dumps(answered, ensure_ascii=False).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json; encoding=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """Print nothing between the lines of the conversation."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
