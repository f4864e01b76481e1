"""What is right with an official account and what is not: by our records, and asked of Tencent."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from api.wechat.access_token import access_token
from api.wechat.account import OfficialAccount
from api.wechat.channel import WeChatChannel
from api.wechat.client import SendFailed, TencentApi, Way
from api.wechat.template import NoticeTemplate
from storage.database import Database

CLOCK_FINE_S = 60  # the network and Tencent's own delays included; refused beyond 300
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\.DATA\s*\}\}")
_WAY_NAMES = {Way.TEMPLATE: "模板消息", Way.SUBSCRIPTION: "订阅通知"}


class CheckState(StrEnum):
    """How a check went."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, how it went, and what to do."""

    name: str
    state: CheckState
    says: str

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON values."""
        return {"name": self.name, "state": str(self.state), "says": self.says}


# What to look after when a callback is refused, by the check that it failed.
_HINTS = (
    (("signature", "parameter"), "令牌（Token）与公众平台上填的不一致，或者有人冒充微信"),
    (
        ("padding", "base64", "appid", "length", "key"),
        "消息加解密密钥（EncodingAESKey）或 AppID 与公众平台上的不一致",
    ),
    (("time", "timestamp"), "服务器时钟不准，请校准时间"),
    (("nonce",), "同一随机串用了两次，可能是有人重放旧的消息"),
)
_OTHER_HINT = "内容读不懂，可能不是微信发来的"


def hint_for(refusal: str) -> str:
    """Return in Chinese what the name of a failed check points to."""
    words = refusal.split()
    return next((says for keys, says in _HINTS if set(keys) & set(words)), _OTHER_HINT)


def standing_checks(
    account: OfficialAccount, channel: WeChatChannel, site: str, now: datetime
) -> list[Check]:
    """Check an account by what is known here, without asking anybody."""
    return [_address(site), _capability(account), _callback(channel, now), _clock(channel)]


def _address(site: str) -> Check:
    name = "本站地址"
    if not site:
        says = "没有设置 QICHUANG_PUBLIC_URL，答复里不会带链接，通知也点不开。"
        return Check(name, CheckState.DOUBTFUL, says)
    if not site.startswith("https://"):
        return Check(name, CheckState.DOUBTFUL, f"{site} 不是 https，微信里打开会有提示。")
    return Check(name, CheckState.FINE, site)


def _capability(account: OfficialAccount) -> Check:
    name = "主动发消息"
    if account.can_push:
        return Check(name, CheckState.FINE, "已认证，填有 AppSecret，可以发客服消息。")
    lacks = "没有认证（verified）" if not account.verified else "没有填 AppSecret"
    says = f"{lacks}：查得久的答复只能用链接给出，导师和创业者收不到通知。"
    return Check(name, CheckState.DOUBTFUL, says)


def _callback(channel: WeChatChannel, now: datetime) -> Check:
    name = "消息推送"
    refused, heard = channel.refused_at, channel.heard_at
    if refused is not None and (heard is None or refused > heard):
        says = f"最近一次推送在{_ago(refused, now)}被拒：{hint_for(channel.refusal)}。"
        return Check(name, CheckState.WRONG if heard is None else CheckState.DOUBTFUL, says)
    if heard is None:
        says = "还没有收到过微信的推送。请在公众平台“基本配置”里填好服务器地址并启用。"
        return Check(name, CheckState.UNKNOWN, says)
    says = f"最近一次在{_ago(heard, now)}，签名和密钥都对。"
    return Check(name, CheckState.FINE, says)


def _clock(channel: WeChatChannel) -> Check:
    name = "时钟"
    if channel.heard_at is None:
        return Check(name, CheckState.UNKNOWN, "收到第一次推送后才能比较。")
    off_s = abs(channel.clock_off_s)
    says = f"与微信相差 {off_s} 秒，相差 300 秒以上的推送会被拒。"
    return Check(name, CheckState.FINE if off_s <= CLOCK_FINE_S else CheckState.WRONG, says)


def _ago(at: datetime, now: datetime) -> str:
    spent = max(now - at, timedelta())
    if spent < timedelta(minutes=1):
        return "一分钟内"
    if spent < timedelta(hours=1):
        return f"{spent.seconds // 60} 分钟前"
    if spent < timedelta(days=1):
        return f"{spent.seconds // 3600} 小时前"
    return f"{spent.days} 天前"


def live_checks(
    database: Database,
    api: TencentApi,
    account: OfficialAccount,
    clock: Callable[[], datetime],
) -> list[Check]:
    """Ask Tencent: whether a token is given, from which addresses it calls, the templates."""
    if not account.app_secret:
        says = "没有填 AppSecret，没法向微信查询。"
        return [Check("访问令牌", CheckState.UNKNOWN, says)]
    try:
        api.fetch_token(account.appid, account.app_secret)
        token = access_token(database, api, account, clock)
    except SendFailed as failure:
        return [Check("访问令牌", CheckState.WRONG, _token_trouble(failure))]
    return [
        Check("访问令牌", CheckState.FINE, "AppID 和 AppSecret 都对，本机 IP 在白名单里。"),
        _addresses(api, token),
        *_templates(api, token, account),
    ]


def _token_trouble(failure: SendFailed) -> str:
    if failure.code == "40164":
        address = f" {failure.address} " if failure.address else ""
        return f"本机 IP{address}不在公众平台的“IP白名单”里，请添加后再检查。"
    if failure.code in {"40125", "40013", "40002"}:
        return "AppID 或 AppSecret 不对，请对照公众平台“基本配置”。"
    return f"没有取到：{failure}。"


def _addresses(api: TencentApi, token: str) -> Check:
    name = "微信服务器地址"
    try:
        listed = api.look_up("/cgi-bin/getcallbackip", token).get("ip_list", [])
    except SendFailed as failure:
        return Check(name, CheckState.UNKNOWN, f"没有查到：{failure}。")
    says = f"共 {len(listed)} 个；有防火墙时请都放行，例如 {'、'.join(map(str, listed[:3]))}。"
    return Check(name, CheckState.FINE, says)


# Where Tencent lists the templates of an account: path, name of the list, of the id.
_LISTS = {
    Way.TEMPLATE: ("/cgi-bin/template/get_all_private_template", "template_list", "template_id"),
    Way.SUBSCRIPTION: ("/wxaapi/newtmpl/gettemplate", "data", "priTmplId"),
}


def _templates(api: TencentApi, token: str, account: OfficialAccount) -> Iterable[Check]:
    for way, (path, listed, number) in _LISTS.items():
        name = _WAY_NAMES[way]
        wanted = {kind: one for (used, kind), one in account.templates.items() if used is way}
        if not wanted:
            says = "没有配置；超过 48 小时没有来信的人收不到这一类通知。"
            yield Check(name, CheckState.DOUBTFUL, says)
            continue
        try:
            found = api.look_up(path, token).get(listed, [])
        except SendFailed as failure:
            yield Check(name, CheckState.WRONG, f"没有查到：{failure}。")
            continue
        contents = {str(one.get(number)): str(one.get("content", "")) for one in found}
        wrong = [says for one in wanted.values() for says in _mismatch(one, contents)]
        says = "".join(wrong) or f"{len(wanted)} 个模板的编号和字段都对得上。"
        yield Check(name, CheckState.WRONG if wrong else CheckState.FINE, says)


def _mismatch(template: NoticeTemplate, contents: Mapping[str, str]) -> Iterable[str]:
    content = contents.get(template.id)
    if content is None:
        yield f"公众平台上没有模板 {template.id}。"
        return
    there, ours = set(_PLACEHOLDER.findall(content)), set(template.fields)
    if lacking := sorted(there - ours):
        yield f"模板 {template.id} 还有字段 {'、'.join(lacking)} 没有写明填什么。"
    if unknown := sorted(ours - there):
        yield f"模板 {template.id} 里没有字段 {'、'.join(unknown)}。"


def read_checks(kept: Mapping[str, Any]) -> list[Check]:
    """Return the checks that were kept with an account."""
    return [
        Check(one["name"], CheckState(one["state"]), one["says"]) for one in kept.get("checks", ())
    ]
