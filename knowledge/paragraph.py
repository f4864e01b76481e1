"""Rules about single lines: titles, broken sentences, signatures, tables, enumerations."""

import re
from collections.abc import Sequence

from knowledge.numbering import UNIT_STYLES, Label, Style, read_label

MAX_HEADING = 40  # characters; a longer first sentence is text, not a title
MIN_BROKEN = 20  # a shorter line without a full stop is a subtitle, not a broken sentence
MIN_BROKEN_NUMBERED = 45
MAX_SIGNATURE = 40
NARROWEST, WIDEST = 50, 160  # half characters of a line in a text that was broken to a width
RAGGED = 4  # by which full lines differ: a mark may not begin a line
MIN_FULL = 3  # lines broken within a sentence that show it

_HARD_END = re.compile(r"[。\uff01\uff1f\uff1b\uff1a….!?;:”’\"'」』》\uff09)】\]|]\Z")
_COMMA_END = re.compile(r"[、,\uff0c]\Z")
_INNER_MARK = re.compile(r"[、,\uff0c。;\uff1b]")
_INNER_STOP = re.compile(r"[。;\uff1b]")
_FIELD = re.compile(r"\S{2,12}[:\uff1a]")
_LIST_ITEM = re.compile(r"[-*+•·●○◆■□★☆※▪►➢]|[*+-] ")
_REFERENCE = re.compile(r"第[一二三四五六七八九十百0-9]{1,6}[条款项章](?:第|规定|所|的)")
_TITLE_END = re.compile(r"[。\uff1a\n]|(?<=[?\uff1f])|(?<!\d):|:(?!\d)")
_QUESTION = re.compile(r"\A(?:问|Q)[0-9]{0,3}[:\uff1a]")
_ASKS = re.compile(r"(?:问|Q)[0-9]{0,3}[:\uff1a].{2,100}[?\uff1f]")
_ANSWERS = re.compile(r"(?:答|A)[0-9]{0,3}[:\uff1a]")
_DOCUMENT_NUMBER = re.compile(
    r"[(\uff08]?[\u4e00-\u9fff]{2,14} ?[〔\[(\uff08](?:19|20)[0-9]{2}[〕\])\uff09]"
    r" ?[0-9]{1,5} ?号[)\uff09]?"
)
_UNIT = re.compile(
    r"(?:金额|计量)?单位[ ]?[:\uff1a][ ]?(?:人民币)?[ ]?"
    r"(?P<unit>[百千万亿]*(?:元|人|户|家|个|平方米|人次|人民币元))(?:人民币)?"
)
_TITLE_EDGE = " \t\u3000,;、\uff0c\uff1b\u3010\u3011"
_MARKUP = re.compile(r"\*\*|__")
_BRACKETED = re.compile(
    r"[ \u3000]*[\u3010\[(\uff08](?P<title>[^\u3011\])\uff09\n]{2,20})[\u3011\])\uff09]"
)
_SET_OFF = re.compile(r"(?P<title>[^\s。,\uff0c;\uff1b:\uff1a]{2,20})(?:[ \u3000]{1,8}\S|\Z)")
_DATE_LINE = re.compile(
    r"[(\uff08]?[12][0-9]{3}年[01]?[0-9]月[0-3]?[0-9]日[)\uff09]?|[一二][〇○零Ο0一二三四五六七八九]{3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日"
)
_AFTER_SIGNATURE = re.compile(r"[(\uff08]?(?:此件|附[件表录]|抄送|公开|信息公开|主动公开|联系)")
_SEPARATED = re.compile(
    r"([:\uff1a;\uff1b。])[ \u3000]{0,4}"
    r"(?=[(\uff080-9\uff10-\uff19①-⑳⑴-⒇⒈-⒛]|[一二三四五六七八九十]{1,3}、)"
)
_INLINE_STYLES = frozenset(
    {Style.HAN, Style.PAREN, Style.HAN_PAREN, Style.CIRCLED, Style.HALF, Style.DOT, Style.ARABIC}
)


def heading_of(body: str, style: Style | None) -> str:
    """Return the short title that begins a numbered item's text, or "".

    `body` is the first line after the label. An article (第…条) has a title only where
    it is set off by brackets or a space; elsewhere the title ends at 。 or a colon.
    """
    body = _MARKUP.sub("", body).strip(" \t\u3000\xa0#")
    if style in (Style.ARTICLE, Style.PARAGRAPH, Style.ITEM, Style.SUBITEM):
        match = _BRACKETED.match(body) or (style is Style.ARTICLE and _SET_OFF.match(body)) or None
        return match["title"] if match else ""
    head = _QUESTION.sub("", body)[: MAX_HEADING + 1]
    end = _TITLE_END.search(head)
    title = head[: end.start()] if end else head
    return "" if len(title) > MAX_HEADING else title.strip(_TITLE_EDGE)


def set_width(lines: Sequence[str]) -> int:
    """Return the width in half characters to which a text was broken, 0 where it was not.

    Of its longest lines, all of one width, most end within a sentence.
    """
    widths = [_width(line) for line in lines]
    longest = max(widths, default=0)
    if not NARROWEST <= longest <= WIDEST:
        return 0
    full = [line for line, w in zip(lines, widths, strict=True) if w > longest - RAGGED]
    broken = sum(_HARD_END.search(line) is None for line in full)
    return longest - RAGGED + 1 if broken >= MIN_FULL and 2 * broken > len(full) else 0


def fills_width(line: str, width: int) -> bool:
    """Whether a line of a text broken to a width goes on in the next line."""
    return width > 0 and _width(line) >= width and _HARD_END.search(line) is None


def _width(line: str) -> int:
    return sum(1 if c.isascii() else 2 for c in line)


def is_unfinished(line: str, following: str, *, numbered: bool) -> bool:
    """Whether a sentence broken at the end of one line goes on in the next plain line.

    `numbered`: the line carries a label, where a missing full stop is more often a title.
    """
    if _HARD_END.search(line) or _FIELD.match(following) or _LIST_ITEM.match(following):
        return False
    if _DATE_LINE.fullmatch(following):
        return False
    if _COMMA_END.search(line) or _REFERENCE.match(following):
        return True
    if numbered:
        return len(line) >= MIN_BROKEN_NUMBERED or (
            len(line) >= MIN_BROKEN and _INNER_STOP.search(line) is not None
        )
    return len(line) >= MIN_BROKEN and _INNER_MARK.search(line) is not None


def is_table_line(line: str) -> bool:
    """Whether a line is a row of a table in Markdown form: | a | b |."""
    return len(line) > 2 and line[0] == "|" and line[-1] == "|"


def stated_unit(line: str) -> str | None:
    """Return the unit that a line above a table states for its figures (单位：万元), or None."""
    match = _UNIT.fullmatch(line.strip(" \t\u3000\n()\uff08\uff09"))
    return match["unit"] if match else None


def is_boxed_title(line: str) -> bool:
    """Whether a line is a heading in 【】 and nothing else."""
    return 4 <= len(line) <= 22 and line[0] == "\u3010" and line.find("\u3011") == len(line) - 1


def is_question(line: str, following: str) -> bool:
    """Whether a line asks what the next one answers: 问：…？ above 答：…"""
    return _ASKS.fullmatch(line) is not None and _ANSWERS.match(following) is not None


def is_document_number(line: str) -> bool:
    """Whether a line is a document number and nothing else: 某政发〔2024〕9号."""
    return _DOCUMENT_NUMBER.fullmatch(line) is not None


def is_title(line: str) -> bool:
    """Whether a line before the first number is title, document number or addressee."""
    return (
        len(line) <= 60
        and "。" not in line
        and not re.search(r"[:\uff1a;\uff1b](?!\Z)|[;\uff1b]\Z", line)
        and _LIST_ITEM.match(line) is None
    )


def is_date(line: str) -> bool:
    """Whether a line is nothing but a full date."""
    return _DATE_LINE.fullmatch(line.replace(" ", "")) is not None


def may_sign(line: str) -> bool:
    """Whether a line can be the issuing body above the date."""
    return len(line) <= MAX_SIGNATURE and _HARD_END.search(line) is None and "," not in line


def may_follow_signature(line: str) -> bool:
    """Whether a line is one of those that stand below the date of a document."""
    return _AFTER_SIGNATURE.match(line) is not None


def enumeration(text: str, start: int, end: int) -> list[Label]:
    """Return the labels of a clean enumeration inside one line, or [].

    Clean: it counts 1, 2, 3 … to the end of the line, every number stands behind a
    colon, semicolon or full stop, and the last item is not longer in sentences than
    the others, so that a remark behind the enumeration is never made its last item.
    """
    labels = list(_separated_labels(text, start, end))
    first = next((label for label in labels if label.number == 1), None)
    if first is None:
        return []
    run = [label for label in labels if label.style is first.style]
    if len(run) < 2 or [label.number for label in run] != list(range(1, len(run) + 1)):
        return []
    edges = [label.start for label in run[1:]] + [end]
    stops = [text.count("。", label.end, edge - 1) for label, edge in zip(run, edges, strict=True)]
    return run if stops[-1] <= max(stops[:-1]) else []


def _separated_labels(text: str, start: int, end: int) -> Sequence[Label]:
    found = []
    for match in _SEPARATED.finditer(text, start, end):
        label = read_label(text, match.end())
        if label is not None and label.style in _INLINE_STYLES - UNIT_STYLES and label.end < end:
            found.append(label)
    return found
