"""Labels of Chinese official documents: 一、 (一) 1、 1. (1) ① 第十二条之一, read at a position."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """A numbering style; the members stand in the usual order from the top down."""

    ANNEX = "附件"
    PART = "编"
    SUBPART = "分编"
    CHAPTER = "章"
    SECTION = "节"
    ARTICLE = "条"
    ROMAN = "Ⅰ、"
    HAN = "一、"
    PARAGRAPH = "款"
    HAN_PAREN = "(一)"
    HAN_HALF = "一)"
    ITEM = "项"
    ARABIC = "1、"
    DOT = "1."
    BARE = "1 "  # as in standards: 1 范围
    DECIMAL_2 = "1.1"
    DECIMAL_3 = "1.1.1"
    DECIMAL_4 = "1.1.1.1"
    PAREN = "(1)"
    HALF = "1)"
    SUBITEM = "目"
    CIRCLED = "①"
    LATIN = "a."


RANK = {style: order for order, style in enumerate(Style)}
# "1、" and "1." are one level, mixed by careless typing.
RANK[Style.DOT] = RANK[Style.BARE] = RANK[Style.ARABIC]
UNITS = {
    "编": Style.PART,
    "篇": Style.PART,
    "部分": Style.PART,
    "分编": Style.SUBPART,
    "章": Style.CHAPTER,
    "节": Style.SECTION,
    "条": Style.ARTICLE,
    "款": Style.PARAGRAPH,
    "项": Style.ITEM,
    "目": Style.SUBITEM,
}
UNIT_STYLES = frozenset(UNITS.values())
DECIMALS = {2: Style.DECIMAL_2, 3: Style.DECIMAL_3, 4: Style.DECIMAL_4}

_HAN_VALUE = {c: v for v, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_HAN = "[零〇○一二三四五六七八九十百两]"
_SPACE = r"[ \t\u3000\xa0]"
_DIGIT = r"[0-9\uff10-\uff19]"
_OPEN = r"[(\uff08\u3014]"
_CLOSE = r"[)\uff09\u3015]"
_LETTER = r"[A-Za-z\uff21-\uff3a\uff41-\uff5a]"
_POINT = r"[.\uff0e]"
_MARK = r"[、.\uff0e]"
_COUNTED = "产业|季度|线|级|类|等|次|期|批|轮|档|楼|层|号|月|年|位|名|个|家|倍|成"
# A broken line may begin with a reference: 第十条规定的…, 第三条第二款, 第二款、第三款.
_REFERENCE = (
    r"第|规定|所列|所规|所称|的|、|和|与|或|及|至|到|中|以外|以内|之外|之内|者|内容|情形|要求"
    r"|[,\uff0c;\uff1b。)\uff09》]"
)
_COUNTED_NEXT = re.compile(rf"({_HAN})(?:{_COUNTED})")
_LABEL = re.compile(
    rf"""
    第{_SPACE}?(?P<unit_n>{_HAN}{{1,7}}|{_DIGIT}{{1,4}}){_SPACE}?
        (?P<unit>部分|分编|编|篇|章|节|条|[款项目](?=[ \t\u3000\xa0、:\uff1a\n]|\Z))
        (?:之(?P<sub>{_HAN}{{1,3}}))?(?!{_REFERENCE})
  | 附{_SPACE}?[件录](?P<annex>{_SPACE}?(?:{_HAN}{{1,3}}|{_DIGIT}{{1,2}}))?
        {_SPACE}*[:\uff1a]?{_SPACE}*(?=\n|\Z)
  | (?P<han>{_HAN}{{1,4}}){_SPACE}?{_MARK}
  | {_OPEN}{_SPACE}?(?P<han_paren>{_HAN}{{1,4}}){_SPACE}?{_CLOSE}{_MARK}?
  | (?P<han_half>{_HAN}{{1,4}}){_CLOSE}
  | (?P<decimal>{_DIGIT}{{1,2}}(?:{_POINT}{_DIGIT}{{1,2}}){{1,3}})
        (?!{_DIGIT}|{_POINT}{_DIGIT}|[%\uff05:\uff1a/]|{_COUNTED})(?:{_POINT}|、)?
  | (?P<arabic>{_DIGIT}{{1,3}}){_SPACE}?、
  | (?P<dot>{_DIGIT}{{1,3}}){_POINT}(?!{_DIGIT}|{_POINT})
  | (?P<dot_year>{_DIGIT}{{1,3}}){_POINT}(?=[0-9]{{4}}年)
  | {_OPEN}{_SPACE}?(?P<paren>{_DIGIT}{{1,3}}){_SPACE}?{_CLOSE}{_MARK}?
  | (?P<half>{_DIGIT}{{1,3}}){_CLOSE}
  | (?P<sign>[①-⑳㉑-㉟㊱-㊿❶-❿⑴-⒇⒈-⒛㈠-㈩]){_MARK}?
  | (?P<roman>[Ⅰ-Ⅻ]){_MARK}
  | (?P<latin>{_LETTER})(?:{_MARK}|{_CLOSE})(?![A-Za-z0-9])
  | {_OPEN}(?P<latin_paren>{_LETTER}){_CLOSE}
  | (?P<bare>{_DIGIT}{{1,2}}){_SPACE}{{1,4}}(?=[\u4e00-\u9fff])(?!{_COUNTED}|[日天元人万亿千百])
    """,
    re.VERBOSE,
)
# Beginning, width and style of the ranges of Unicode that carry bracket or dot in one sign.
_SIGNS = (
    ("①", 20, Style.CIRCLED, 1),
    ("㉑", 15, Style.CIRCLED, 21),
    ("㊱", 15, Style.CIRCLED, 36),
    ("❶", 10, Style.CIRCLED, 1),
    ("⑴", 20, Style.PAREN, 1),
    ("⒈", 20, Style.DOT, 1),
    ("㈠", 10, Style.HAN_PAREN, 1),
)
_STYLE_OF_GROUP = {
    "han": Style.HAN,
    "han_paren": Style.HAN_PAREN,
    "han_half": Style.HAN_HALF,
    "arabic": Style.ARABIC,
    "dot": Style.DOT,
    "dot_year": Style.DOT,
    "paren": Style.PAREN,
    "half": Style.HALF,
    "bare": Style.BARE,
}


@dataclass(frozen=True, slots=True)
class Label:
    """A number as printed at [start, end) of a text.

    `parts` is the whole decimal number, (1, 2) for 1.2; `sub` is n of 第…条之n.
    """

    style: Style
    number: int
    start: int
    end: int
    printed: str
    address: str
    sub: int = 0
    parts: tuple[int, ...] = ()


def read_label(text: str, start: int) -> Label | None:
    """Return the label that begins exactly at an offset, or None."""
    match = _LABEL.match(text, start)
    if match is None or _counts_on(match, text):
        return None
    printed = match.group()
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    style, number, address, parts = _interpret(found, printed)
    if number is None:
        return None
    sub = (han_number(found["sub"]) or 0) if "sub" in found else 0
    return Label(style, number, start, match.end(), printed.strip(), address, sub, parts)


def _counts_on(label: re.Match[str], text: str) -> bool:
    """Whether "二、" begins "二、三产业" rather than a heading such as "二、一次性补贴"."""
    following = _COUNTED_NEXT.match(text, label.end())
    if label["han"] is None or following is None:
        return False
    number, after = han_number(label["han"]), han_number(following[1])
    return number is None or after is None or after > number


def han_number(text: str) -> int | None:
    """Return the value of 一 … 九百九十九, 二〇 digit by digit, or None for nonsense."""
    if not any(c in "十百" for c in text):
        return (
            int("".join(str(_HAN_VALUE[c]) for c in text))
            if len(text) > 1 or text in ("一二三四五六七八九两零〇")
            else None
        )
    total, digit, unit_before = 0, 0, 1000
    for c in text:
        if c in _HAN_VALUE:
            digit = _HAN_VALUE[c]
            continue
        unit = {"十": 10, "百": 100}[c]
        if unit >= unit_before:
            return None
        total += (digit or 1) * unit
        digit, unit_before = 0, unit
    return total + digit


def join_address(parent: str, own: str) -> str:
    """Append a number to its parent's address; a dot keeps 2 and 1) from reading 21)."""
    run_on = (
        parent[-1:]
        and own[:1]
        and (
            (parent[-1].isdecimal() and own[0].isdecimal())
            or (parent[-1] in "一二三四五六七八九十" and own[0] in "一二三四五六七八九十")
        )
    )
    return f"{parent}.{own}" if run_on else parent + own


def _interpret(
    found: dict[str, str], printed: str
) -> tuple[Style, int | None, str, tuple[int, ...]]:
    plain = unicodedata.normalize("NFKC", re.sub(r"\s", "", printed))
    if "unit" in found:
        return UNITS[found["unit"]], _value(found["unit_n"]), plain, ()
    if "sign" in found:
        return _read_sign(found["sign"])
    if "decimal" in found:
        number = unicodedata.normalize("NFKC", found["decimal"])
        parts = tuple(int(part) for part in number.split("."))
        return DECIMALS[len(parts)], parts[-1], number, parts
    if "roman" in found:
        return Style.ROMAN, ord(found["roman"]) - ord("Ⅰ") + 1, found["roman"], ()
    if letter := found.get("latin") or found.get("latin_paren"):
        letter = unicodedata.normalize("NFKC", letter)
        own = f"({letter})" if "latin_paren" in found else letter
        return Style.LATIN, ord(letter.lower()) - ord("a") + 1, own, ()
    for name, style in _STYLE_OF_GROUP.items():
        if name in found:
            return style, _value(found[name]), _address(style, found[name]), ()
    return Style.ANNEX, _value(found.get("annex", "1")), plain.rstrip(":"), ()


def _read_sign(sign: str) -> tuple[Style, int | None, str, tuple[int, ...]]:
    for first, width, style, number in _SIGNS:
        offset = ord(sign) - ord(first)
        if 0 <= offset < width:
            own = sign if style is Style.CIRCLED else _address(style, _plain_sign(sign))
            return style, number + offset, own, ()
    return Style.CIRCLED, None, sign, ()


def _plain_sign(sign: str) -> str:
    return unicodedata.normalize("NFKC", sign).strip("().")


def _address(style: Style, number: str) -> str:
    own = unicodedata.normalize("NFKC", number).strip()
    if style in (Style.HAN_PAREN, Style.PAREN):
        return f"({own})"
    return f"{own})" if style in (Style.HAN_HALF, Style.HALF) else own


def _value(number: str) -> int | None:
    plain = unicodedata.normalize("NFKC", number).strip()
    return int(plain) if plain.isdigit() else han_number(plain)
