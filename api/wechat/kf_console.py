"""The command of 微信客服: `qichuang wechat add-kf`."""

import base64
import secrets
from typing import Annotated

import typer

from api.console import load_settings
from api.wechat.account import KF, append_entry
from api.wechat.account_file import FILE_NAME
from api.wechat.kf_account import read_kf


def add_kf(
    name: Annotated[str, typer.Argument(help="账号在本系统里的名称，小写字母、数字和连字符。")],
    corpid: Annotated[str, typer.Option(help="企业微信的企业 ID。")],
    desk: Annotated[list[str], typer.Option(help="客服账号 ID（open_kfid），可以写多个。")],
    seats: Annotated[
        bool, typer.Option("--seats", help="有同事在企业微信里接待：值班时间转入排队。")
    ] = False,
) -> None:
    """登记微信客服，生成要填到企业微信后台的令牌和密钥；微信客服的 Secret 从标准输入读。"""
    settings = load_settings()
    secret = typer.prompt("Secret", hide_input=True)
    entry = {
        "kind": KF,
        "name": name,
        "corpid": corpid,
        "token": secrets.token_hex(16),
        "aes_key": base64.b64encode(secrets.token_bytes(32)).decode("ascii")[:43],
        "secret": secret.strip(),
        "seats": seats,
        "desks": desk,
    }
    read_kf(entry)
    append_entry(settings.data_dir / FILE_NAME, entry)
    typer.echo("已登记。请在企业微信管理后台“微信客服 → API → 回调配置”里填写：")
    typer.echo(f"  URL {settings.public_url or 'https://本站地址'}/kf/{name}")
    typer.echo(f"  Token {entry['token']}")
    typer.echo(f"  EncodingAESKey {entry['aes_key']}")
    typer.echo("并把本服务器的地址加入“企业可信 IP”。")
