"""Amounts as people say them: 三五万, 小十万, 万把块, 一万五, 5w, 3到5万, 二十平."""

import re
from dataclasses import dataclass

import cn2an

_CHINESE = "零一二两三四五六七八九十百千万亿几半"
_NUMBER = rf"(?:\d{{1,15}}(?:\.\d{{1,6}})?|[{_CHINESE}]{{1,12}})"
_RANGE = r"(?:[-~\u2014]|到|至)"
_AMOUNT = re.compile(
    rf"(?:小|好|将近|差不多)?(?P<low>{_NUMBER})(?:{_RANGE}(?P<high>{_NUMBER}))?"
    r"\s*(?P<vague>[多来余](?=[万千百块元平个亩,。]|$)|(?<=[万千百])把)?\s*(?P<scale>[万千百w](?![a-z]))?(?P<more>[多来余把])?"
    r"(?P<tail>[一二三四五六七八九\d](?![\d万千百%个人年月天点次项家名平亩]))?"
    r"\s*(?P<unit>块钱|块|元|平方米|平米|平方|平|㎡|亩)?(?P<half>(?<=亩)半)?"
)
# 三五万: from three to five; the upper end is kept.
_PAIR = re.compile(
    r"(?:一(?=[二两])|[二两](?=三)|三(?=[四五])|四(?=五)|五(?=六)|六(?=七)|七(?=八)|八(?=九))"
    r"(?=.(?:[十百千万]|$))"
)
_SCALES = {"万": 10_000.0, "w": 10_000.0, "千": 1_000.0, "百": 100.0, "": 1.0}
_MONEY = frozenset({"块钱", "块", "元"})
LEAST_YUAN = 100  # "哪几块" are no yuan
_M2_OF_MU = 2000 / 3


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money or an area that a text names; `text[start:end]` are its words.

    `value` is in yuan or square metres; of a range it is the upper end.
    """

    value: float
    is_area: bool
    start: int
    end: int


def find_amounts(text: str) -> list[Amount]:
    """Find sums of money and areas in normalised text, in reading order.

    A number counts as money when it has the unit or at least a scale (五万, 5w, 八千).
    """
    found = []
    for match in _AMOUNT.finditer(text):
        unit = match["unit"] or ""
        value = _value(match)
        if value is None or _is_ordinal(text, match.start()):
            continue
        if unit and unit not in _MONEY:
            value += 0.5 if match["half"] else 0
            square_metres = value * _M2_OF_MU if unit == "亩" else value
            found.append(Amount(round(square_metres), True, match.start(), match.end()))
        elif value >= LEAST_YUAN and (
            unit or (_has_scale(match) and not _counts_things(text, match.end()))
        ):
            found.append(Amount(round(value), False, match.start(), match.end()))
    return found


def spoken_number(words: str) -> float | None:
    """Return what a number means: 两 2, 十几 15, 三五 5, 12.5; None when it is none."""
    if re.fullmatch(r"\d+(?:\.\d+)?", words):
        return float(words)
    if words == "半":
        return 0.5
    plain = _PAIR.sub("", words).replace("两", "二")
    plain = re.sub(r"(?<=十)几", "五", plain).replace("几", "三")
    if plain in _SCALES:  # 万把块
        return _SCALES[plain]
    try:
        return float(cn2an.cn2an(plain, "smart"))
    except (ValueError, KeyError, OverflowError):
        return None


def _value(match: re.Match[str]) -> float | None:
    words = match["high"] or match["low"]
    if words in _SCALES and match["vague"] != "把" and match["more"] != "把":
        return None  # 多少万: the scale alone is no number
    number = spoken_number(words)
    if number is None:
        return None
    scale = _SCALES[match["scale"] or ""]
    # "三万到五万" brings its own scale; "三到五万" shares it.
    value = number * scale
    if match["tail"]:
        last = spoken_number(match["tail"])
        steps = scale if scale > 1 else _last_scale(match["high"] or match["low"])
        return value + (last or 0) * steps / 10 if steps > 1 else None
    return value


def _last_scale(words: str) -> float:
    return _SCALES.get(words[-1], 1.0)


def _has_scale(match: re.Match[str]) -> bool:
    words = match["high"] or match["low"]
    return bool(match["scale"]) or words[-1] in "万千" or "万" in words or "千" in words


def _counts_things(text: str, end: int) -> bool:
    """Whether what follows shows that people or things were counted: 一千人, 两万株."""
    return re.match(r"[个人名位户家次株只头羽条斤公米册台件字步粉播课]", text[end:]) is not None


def _is_ordinal(text: str, start: int) -> bool:
    return start > 0 and text[start - 1] == "第"
