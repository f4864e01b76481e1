"""Quantities as policies and people write them: 30万元, 10%, 三分之二, 半年."""

import re
from dataclasses import dataclass
from fractions import Fraction

import cn2an

_HAN = "零〇一二两三四五六七八九十百千万亿"
_WORDS = rf"[{_HAN}]+(?:点[{_HAN}]+)?"  # 三十, 三点五
NUMBER = rf"(?:\d+(?:,\d{{3}})*(?:\.\d+)?\s*[万亿千百]?|{_WORDS})(?:\s*(?:%|个百分点|个点))?"
_SHARE = re.compile(rf"(?P<below>[{_HAN}]+)分之(?P<above>[{_HAN}]+)")
_QUANTITY = re.compile(
    rf"(?P<number>\d+(?:,\d{{3}})*(?:\.\d+)?|{_WORDS}|半)\s*(?P<scale>[万亿千百]?)"
    r"\s*(?P<unit>[^\d\s]*)"
)
_SCALES = {"": 1, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_PERCENT = ("%", "\uff05", "个百分点", "个点")


class InvalidQuantity(ValueError):
    """A text is no quantity; the message says which."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit; `text` is how it was written, a share has the unit "%"."""

    text: str
    value: Fraction
    unit: str


def read_quantity(text: str) -> Quantity:
    """Read a quantity; a percentage gives its share (10% is 1/10). Raises InvalidQuantity."""
    text = text.strip()
    if share := _SHARE.fullmatch(text):
        value = Fraction(_integer(share["above"]), _integer(share["below"]))
        return Quantity(text, value, "%")
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise InvalidQuantity(f"“{text}”不是带单位的数，应写成 30万元、10%、2年 的样子")
    number = match["number"]
    value = Fraction(1, 2) if number == "半" else _number(number)
    value *= _SCALES[match["scale"]]
    if match["unit"] in _PERCENT:
        return Quantity(text, value / 100, "%")
    return Quantity(text, value, match["unit"])


def show_quantity(value: Fraction, unit: str) -> str:
    """Write a value in plain Chinese: 200000元 is 20万元; cents are rounded half up, with 约."""
    if unit == "%":
        shown = Fraction(round(value * 10_000), 100)
        return f"{'' if shown == value * 100 else '约'}{_decimal(shown)}%"
    if unit != "元":
        return f"{_decimal(value)}{unit}"
    exact = value * 100
    cents = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    rounded = Fraction(cents, 100)
    about = "" if rounded == value else "约"
    if rounded >= 10_000 and rounded % 100 == 0:
        return f"{about}{_decimal(rounded / 10_000)}万元"
    return f"{about}{_decimal(rounded)}元"


def _decimal(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.4f}".rstrip("0").rstrip(".")


def _number(text: str) -> Fraction:
    if text[0].isdigit():
        return Fraction(text.replace(",", ""))
    whole, _, decimals = text.partition("点")
    digits = "".join(str(_integer(digit)) for digit in decimals)
    return Fraction(f"{_integer(whole)}.{digits or 0}")


def _integer(text: str) -> int:
    try:
        return int(cn2an.cn2an(text.replace("〇", "零").replace("两", "二"), "smart"))
    except (ValueError, KeyError) as error:
        raise InvalidQuantity(f"“{text}”不是一个数") from error
