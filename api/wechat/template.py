"""Templates of notices as the public platform has them, and how their fields are filled.

A field is named by its type and a number (`thing2`, `time4`); Tencent refuses the whole
message (47003) when one value is longer than its type allows or of another form. Colours,
first and remark lines are gone since 2023. Limits: 订阅消息参数值内容限制说明.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import regex

from api.notice import FACTS, NoticeKind
from api.wechat.client import Way
from api.wechat.layout import cut, plain

NOTHING = "无"
FIXED = "="  # before words that are the same in every notice: phrase3: =待答复
_ID = re.compile(r"[A-Za-z0-9_-]{10,64}")
_FIELD = re.compile(r"([a-z]+(?:_[a-z]+)*)(\d{1,3})")
_HAN = regex.compile(r"\p{Han}")


class TemplateInvalid(ValueError):
    """A template in the file of accounts cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class NoticeTemplate:
    """One template: its id, and which fact (or fixed words, after =) each field holds."""

    id: str
    fields: Mapping[str, str] = field(default_factory=dict)
    lasting: bool = False  # 长期订阅: one permission is good for every push

    def data(self, facts: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Return the filled fields as Tencent gets them."""
        values = {
            name: source.removeprefix(FIXED) if source.startswith(FIXED) else facts.get(source, "")
            for name, source in self.fields.items()
        }
        return {name: {"value": fill(name, value)} for name, value in values.items()}


def _first(most: int) -> Callable[[str], str]:
    return lambda text: cut(text, most, 4 * most)


def _only(pattern: str, most: int) -> Callable[[str], str]:
    allowed = regex.compile(pattern)
    return lambda text: "".join(allowed.findall(text))[:most]


def _name(text: str) -> str:
    return cut(text, 10 if _HAN.search(text) else 20, 80)


# What each type of field takes: a function that makes a text fit.
_FITTED: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "thing": _first(20),
        "const": _first(20),
        "name": _name,
        "phrase": _only(r"\p{Han}", 5),
        "character_string": _only(r"[\x21-\x7e]", 32),
        "letter": _only(r"[A-Za-z]", 32),
        "number": _only(r"[0-9.]", 32),
        "symbol": _only(r"[\p{P}\p{S}]", 5),
        "phone_number": _only(r"[0-9+-]", 17),
        "amount": _only(r"[0-9.¥￥元]", 12),
        "car_number": _first(8),
        "time": _first(64),  # 2026年7月1日 15:01, or two of them with ~ between
        "date": _first(64),
    }
)


def fill(name: str, text: str) -> str:
    """Return a text as a field of this name takes it; never empty, which Tencent refuses."""
    found = _FIELD.fullmatch(name)
    fitted = _FITTED[found[1]] if found else _first(20)
    return fitted(" ".join(plain(text).split())) or NOTHING


def read_templates(way: Way, entries: Any) -> dict[tuple[Way, NoticeKind], NoticeTemplate]:
    """Read the templates of one way from the file of accounts. Raises TemplateInvalid."""
    if entries is None:
        return {}
    if not isinstance(entries, dict):
        raise TemplateInvalid("templates 和 subscriptions 下面按通知种类分项填写。")
    return {(way, _kind(kind)): _template(kind, entry) for kind, entry in entries.items()}


def _kind(text: Any) -> NoticeKind:
    try:
        return NoticeKind(str(text))
    except ValueError as error:
        known = "、".join(NoticeKind)
        raise TemplateInvalid(f"没有名为 {text} 的通知种类，可用的有：{known}。") from error


def _template(kind: Any, entry: Any) -> NoticeTemplate:
    if not isinstance(entry, dict) or set(entry) - {"id", "fields", "lasting"}:
        raise TemplateInvalid(f"{kind} 下面只写 id、fields 和 lasting。")
    number, fields = str(entry.get("id", "")), entry.get("fields")
    if not _ID.fullmatch(number):
        raise TemplateInvalid(f"{kind} 的 id 请填公众平台上的模板ID。")
    if not isinstance(fields, dict) or not fields:
        raise TemplateInvalid(f"{kind} 的 fields 请写明每个字段填什么，例如 thing1: topic。")
    for name, source in fields.items():
        found = _FIELD.fullmatch(str(name))
        if found is None or found[1] not in _FITTED:
            raise TemplateInvalid(
                f"{kind} 的字段 {name} 请照模板里的写法，例如 thing1，不带 .DATA。"
            )
        if str(source) not in FACTS and not str(source).startswith(FIXED):
            known = "、".join(FACTS)
            raise TemplateInvalid(f"{kind} 的字段 {name} 应填 {known} 之一，或 = 加固定文字。")
    named = {str(name): str(source) for name, source in fields.items()}
    return NoticeTemplate(number, MappingProxyType(named), entry.get("lasting") is True)
