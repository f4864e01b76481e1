"""What a document says about itself: title, 文号, issuer, level and validity.

Nothing is guessed: a fact the text does not state is None, and each fact found
carries the span it was read from, so that a person can confirm it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.document import Level
from knowledge.finding import DATE, Finding, half_width
from knowledge.issuer import ORGANISATION, level_of, level_of_title
from knowledge.numbering import Style, read_label
from knowledge.paragraph import is_title
from knowledge.repeal import Repeal, normalize_number
from knowledge.validity import FRONT, read_validity

HEAD_LINES = 12

_TITLE_END = re.compile(
    r"(?:方案|办法|通知|意见|规定|条例|细则|公告|决定|法|措施|规划|纲要|指南|批复|函|标准|规则|制度|章程|计划"
    r"|清单|问答|解读|通告|通报|决议|命令|令|要点|指引|政策|目录|须知|预案|说明|汇编|建议|报告|总结)"
    r"(?:\([^()]{1,30}\)|>|》)*\Z"
)
_NUMBER = re.compile(
    r"[\u4e00-\u9fff]{1,14}[ ]?[〔\[({\u3010][ ]?(?:19|20)[0-9]{2}[ ]?年?[〕\])}\u3011]"
    r"[ ]?第?[ ]?[0-9]{1,5}[ ]?号"
    r"|[\u4e00-\u9fff、 ]{0,60}(?:令|公告|通告)[ ]?(?:\(?(?:19|20)[0-9]{2}[ ]?年?\)?[ ]?)?"
    r"第[ ]?[0-9]{1,5}[ ]?号"
    r"|(?:19|20)[0-9]{2}[ ]?年[ ]?第[ ]?[0-9]{1,5}[ ]?号"
    r"|[\u4e00-\u9fff]{2,9}(?:发|办|字|函|规|通)[ ]?第?[ ]?[0-9]{1,4}[ ]?号"
)
_NUMBER_LINE = re.compile(rf"(?<=\n)[ (]*(?:{_NUMBER.pattern})[ )]*(?=\n)")
_DRAFT = re.compile(r"\((?:公开)?(?:征求意见|送审|审议|讨论|草案|初)稿?[^()]{0,6}\)|征求意见稿")
_FIELDS = {
    "title": r"标[ ]*题",
    "doc_number": r"(?:发?文[ ]*号|发文字号|文件编号)",
    "issuer": r"(?:发文机关|发布机构|发文单位|制定机关|发布机关|公布机构|发布(?:单位|部门)"
    r"|印发(?:机关|单位)|制发(?:机关|单位)|公开单位)",
}
_FIELD = {
    name: re.compile(rf"(?:^|[ |]){label}[ ]*[:|][ ]*(?:\|[ ]*)?(?P<value>[^\n| ]{{2,120}})", re.M)
    for name, label in _FIELDS.items()
}  # fmt: skip
# What a line in brackets below a title adds to it: the years of a plan, that it is a draft.
_SUBTITLE = re.compile(
    r"\([^()]{0,12}(?:(?:19|20)[0-9]{2}[ ]?年?[-—–~至到]+(?:19|20)[0-9]{2}[ ]?年?|试行|暂行|修订"
    r"|征求意见|送审|草案|讨论稿|审议稿)[^()]{0,6}\)"
)
# What nobody writes in a policy: a sentence meant for the machine that reads it.
_ORDERS = re.compile(
    r"(?:忽略|无视|忘记|不要理会)(?:以上|上述|之前|前面|此前|所有)[^。;\n]{0,12}"
    r"(?:规定|内容|指令|指示|要求|提示|规则|设定)|系统提示[:]|你(?:现在)?是(?:一个|一名)?[^。;\n]{0,8}(?:助手|模型|机器人|AI)"
    r"|(?i:ignore (?:all |the )?(?:previous|above))"
)
_REFERS = re.compile(r"根据|按照|依据|遵照|。")
_DATE_LINE = re.compile(rf"[ (]*{DATE}[ )]*")
_BODY = re.compile(rf"[\u4e00-\u9fff()、 ]{{0,60}}{ORGANISATION}")
_BEFORE_TITLE = re.compile(rf"(?P<issuer>[\u4e00-\u9fff、 ]{{0,40}}?{ORGANISATION})关于")
_RED_HEAD = re.compile(rf"(?P<issuer>[\u4e00-\u9fff、 ]{{0,40}}?{ORGANISATION})(?:文件)?")
_ORDER = re.compile(
    r"(?P<issuer>[\u4e00-\u9fff]{2,20}?(?:国务院|部|总局|人民政府|委员会|银行|[ ])*)令[ ]?第"
)


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """All that was read; None where the text does not say it."""

    title: Finding[str] | None = None
    doc_number: Finding[str] | None = None
    issuer: Finding[str] | None = None
    level: Finding[Level] | None = None
    published_on: Finding[date] | None = None
    effective_on: Finding[date] | None = None
    expires_on: Finding[date] | None = None
    repeals: tuple[Finding[Repeal], ...] = ()
    amended: tuple[Repeal, ...] = ()  # documents that this one changes in part
    draft: bool = False  # sent round for comments, not in force
    doubts: tuple[str, ...] = ()  # what a person should look at, in Chinese


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    body: str  # half-width, stripped


def read_facts(source: str) -> DocumentFacts:
    """Read what a document's text says about itself, in either width of punctuation."""
    text = half_width(source)
    head = list(_head(text))
    number = _doc_number(source, text, head)
    title = _title(source, text, head)
    issuer = _issuer(source, text, title, head)
    validity = read_validity(source)
    by = issuer or title
    level = level_of(issuer.value) if issuer else level_of_title(title.value) if title else None
    is_draft = title is not None and _DRAFT.search(half_width(title.value)) is not None
    return DocumentFacts(
        title=title,
        doc_number=number,
        issuer=issuer,
        level=None if level is None or by is None else Finding(level, by.start, by.end, by.quote),
        published_on=validity.published_on,
        effective_on=validity.effective_on,
        expires_on=validity.expires_on,
        repeals=validity.repeals,
        amended=validity.amended,
        draft=is_draft,
        doubts=(*validity.doubts, *_doubts(text, validity.amended, is_draft=is_draft)),
    )


def _doubts(text: str, amended: Sequence[Repeal], *, is_draft: bool) -> Iterator[str]:
    """Say what a person should look at before the document is used."""
    if is_draft:
        yield "这是征求意见稿或草案，不是正式文件：只存为草稿，不用于答复。"
    if (order := _ORDERS.search(text)) is not None:
        yield f"文件里有像是写给机器的话（“{order[0]}”），请核对来源，确认后再发布。"
    for other in amended:
        yield (
            f"这份文件修改了《{other.title}》的部分内容，请再载入修改后的全文；"
            "在此之前，原文件会标注已被修改。"
        )
    numbers = {normalize_number(m[0]) for m in _NUMBER_LINE.finditer(text)}
    if len(numbers) > 1:
        yield (
            f"文件里有{len(numbers)}个单独成行的文号（{'、'.join(sorted(numbers))}），"
            "可能是两份以上的文件放在了一起，请拆开后分别载入。"
        )


def _head(text: str) -> Iterator[_Line]:
    """Yield the lines with text above the first number, at most HEAD_LINES."""
    start, count = 0, 0
    while start < len(text) and start < FRONT and count < HEAD_LINES:
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        body = text[start:end].strip(" \t#*>")
        if body:
            label = read_label(body, 0)
            if label is not None and label.style not in (Style.DOT, Style.LATIN):
                return
            shift = text.index(body, start)
            yield _Line(shift, shift + len(body), body)
            count += 1
        start = end + 1


def _field(source: str, text: str, name: str) -> Finding[str] | None:
    match = _FIELD[name].search(text, 0, FRONT)
    if match is None:
        return None
    start, end = match.span("value")
    return Finding(source[start:end].strip(), start, end, source[start:end])


def _doc_number(source: str, text: str, head: list[_Line]) -> Finding[str] | None:
    field = _field(source, text, "doc_number")
    if field is not None:
        return Finding(normalize_number(field.value), field.start, field.end, field.quote)
    for line in head:
        inner = line.body.strip("() ")
        match = _NUMBER.fullmatch(inner) or _NUMBER.search(_bracketed(line.body))
        if match is not None:
            start = line.start + line.body.index(match.group())
            end = start + len(match.group())
            return Finding(normalize_number(match.group()), start, end, source[start:end])
    return None


def _bracketed(line: str) -> str:
    """Return the bracket that ends a title line, without dates: …的通知(国发〔2015〕23号)."""
    opened = line.rfind("(")
    if not line.endswith(")") or opened < 0 or "《" in line[opened:] or _REFERS.search(line):
        return ""
    return re.sub(DATE, "#", line[opened + 1 : -1])


def _title(source: str, text: str, head: list[_Line]) -> Finding[str] | None:
    field = _field(source, text, "title")
    if field is not None:
        return field
    lines = [line for line in head if not _is_head_matter(line.body)]
    for first, line in enumerate(lines[:6]):
        if not is_title(line.body) or line.body.endswith(":"):
            continue
        joined, end = "", line.end
        for part in lines[first : first + 3]:
            if joined and (part.start - end > 2 or not is_title(part.body)):
                break  # the lines of one title stand directly below each other
            joined, end = joined + part.body, part.end
            if _TITLE_END.search(_without_number(joined)):
                end = part.start + len(_without_number(part.body))
                end = _with_subtitle(lines, part, end)
                value = "".join(source[line.start : end].split())
                return Finding(value, line.start, end, source[line.start : end])
    if lines and is_title(lines[0].body) and not lines[0].body.endswith(":"):
        only = lines[0]
        quote = source[only.start : only.end]
        return Finding(quote.strip(), only.start, only.end, quote)
    return None


def _with_subtitle(lines: Sequence[_Line], last: _Line, end: int) -> int:
    """Return where a title ends, with the bracketed line below it that belongs to it."""
    below = next((line for line in lines if line.start > last.start), None)
    is_part = below is not None and end == last.end and _SUBTITLE.fullmatch(below.body)
    return below.end if below is not None and is_part else end


def _without_number(line: str) -> str:
    return line[: line.rfind("(")].rstrip() if _NUMBER.search(_bracketed(line)) else line


def _is_head_matter(line: str) -> bool:
    """Whether a line is red head, number, date or a field, so not the title."""
    return (
        _NUMBER.fullmatch(line.strip("() ")) is not None
        or _DATE_LINE.fullmatch(line) is not None
        or (line.endswith("文件") and _RED_HEAD.fullmatch(line) is not None)
        or any(pattern.search(line) for pattern in _FIELD.values())
        or line.startswith("|")
        or "索引号" in line
    )


def _issuer(
    source: str, text: str, title: Finding[str] | None, head: list[_Line]
) -> Finding[str] | None:
    field = _field(source, text, "issuer")
    if field is not None:
        return field
    signed = _signature(source, text)
    if signed is not None:
        return signed
    if title is not None and (match := _BEFORE_TITLE.match(half_width(title.quote))) is not None:
        start = title.start + match.start("issuer")
        end = title.start + match.end("issuer")
        return Finding(_bodies(source[start:end]), start, end, source[start:end])
    for line in head:
        match = _RED_HEAD.fullmatch(line.body) or _ORDER.match(line.body)
        if match is not None:
            start, end = line.start + match.start("issuer"), line.start + match.end("issuer")
            return Finding(_bodies(source[start:end]), start, end, source[start:end])
    return None


def _bodies(text: str) -> str:
    """Return issuing bodies that stand apart by spaces as one list."""
    names = text.split()
    whole = all(_BODY.fullmatch(half_width(name)) for name in names)
    return "、".join(names) if whole else text.strip()


def _signature(source: str, text: str) -> Finding[str] | None:
    """Read the bodies above the date at the end of the document."""
    dates = [
        m for m in re.finditer(rf"^{_DATE_LINE.pattern}$", text, re.M) if m.start() > FRONT // 10
    ]
    if not dates:
        return None
    above = text[: dates[-1].start()].rstrip().rsplit("\n", 9)[-8:]
    names: list[str] = []
    for line in reversed(above):
        if line.strip() and not _BODY.fullmatch(line.strip()):
            break
        if line.strip():
            names.insert(0, line.strip())
    if not names:
        return None
    start = text.rindex(names[0], 0, dates[-1].start())
    end = text.rindex(names[-1], 0, dates[-1].start()) + len(names[-1])
    return Finding("、".join(map(_bodies, names)), start, end, source[start:end])
