"""Statements: the sentences of clauses, the pieces that answers are made of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.document import Clause, ClauseKind, PolicyDocument
from knowledge.figure import Figure, find_figures
from knowledge.paragraph import stated_unit
from knowledge.parsed import FORM, NO_NAME

# A sentence ends at 。!?; in either width or at a line end; closing marks stay with it.
_END = r"。!?;\uff01\uff1f\uff1b"
_SENTENCE = re.compile(rf"[^{_END}\n]*(?:[{_END}]+[”’」』)\uff09\]】]*|\n+|$)")
_BRACKETS = {"(": ")", "\uff08": "\uff09", "“": "”", "《": "》"}
_BARE_FIGURE = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
_OWN_MEASURE = re.compile(
    r"[(\uff08%\uff05]|序号|编号|代码|年[度份]$|月份|名次|数量|[人户家个次]数|[比占]|面积"
)
_CELL_EDGE = re.compile(r"[|\t]")
_LEAD = " \t\u3000\n、.:\uff1a,\uff0c-·*#"
# "答:" and "问:" mark who speaks; a question states no rule.
_SPEAKER = re.compile(r"(?:问|答|问题|回答|解答|[QA](?=[0-9:\uff1a]))[0-9]{0,3}[:\uff1a]\s*")
# "附件：申请表.docx" names a paper, "来源：… 发布时间：…" a page.
_ANNEX = re.compile(
    r"(?:附|附件|附表)[0-9一二三四五六七八九十]{0,2}[:\uff1a][^。;\uff1b]{1,60}"
    r"|(?:信息)?来源[:\uff1a].{1,40}(?:时间|日期)[:\uff1a].{6,40}"
)
_QUESTION_MARKS = ("?", "\uff1f")
_BROKEN_LINE = re.compile(r"[\u4e00-\u9fff0-9,\uff0c、]\n+$")
MAX_STATEMENT_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a clause.

    `text` is document.text[start:end] with line breaks and blanks removed. Of a table row
    it is `labelled_row` of the header and the row; `header_id` is then the header's clause.
    """

    clause_id: int
    document_id: int
    start: int
    end: int
    text: str
    is_heading: bool
    figures: tuple[Figure, ...]
    header_id: int | None = None


def statements_of(document: PolicyDocument) -> Iterator[Statement]:
    """Cut every clause of a document into statements, in reading order.

    Labels ("(一)") are left out; a sentence with an open bracket or quotation goes
    on to its close. Front matter and the header of a table hold no rule and give no
    statement.
    """
    header: Clause | None = None
    for clause in document.clauses:
        if clause.kind is ClauseKind.TABLE:
            header = clause
        elif clause.kind is ClauseKind.ROW:
            yield from _row(clause, header)
        elif clause.kind is not ClauseKind.FRONT:
            yield from _cut(clause)


def labelled_row(header: str, row: str) -> str:
    """Return a table row with the name of its column before each cell.

    Args:
        header: the first line of the table as printed, "| 项目 | 标准 |", below the line that
            states the unit of its figures if there is one (单位：万元); "" for none.
        row: the row as printed, "| 开业补助 | 5,000元 |".

    Returns:
        "项目：开业补助；标准：5,000元". Where the columns do not match, the cells alone.
    """
    cells = _cells(row)
    unit, line = _unit_and_names(header)
    columns = _cells(line)
    if columns[0] == FORM and len(columns) == len(cells) == 2:
        about = "" if columns[1] == NO_NAME else f"{columns[1]}\uff0c"
        return about + "\uff1a".join(cells)
    if len(columns) == len(cells) and all(columns):
        pairs = [(c, v) for c, v in zip(columns, cells, strict=True) if v]
        return "\uff1b".join(f"{c}\uff1a{v}{_unit_of(c, v, unit)}" for c, v in pairs)
    return "\uff1b".join(cells)


def column_names_end(header: str) -> int:
    """Return where the line with the names of a table's columns ends in its head."""
    at = header.find("|")
    end = header.find("\n", max(at, 0))
    return len(header) if end < 0 else end


def _unit_and_names(header: str) -> tuple[str, str]:
    text = header.strip()[: column_names_end(header.strip())]
    above, _, line = text.rpartition("\n")
    return stated_unit(above) or "", line


def _unit_of(column: str, cell: str, unit: str) -> str:
    """Return the table's unit for a bare figure whose column has no measure of its own."""
    return "" if _OWN_MEASURE.search(column) or not _BARE_FIGURE.fullmatch(cell) else unit


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _CELL_EDGE.split(line.replace("\n", "").strip(" |\t"))]


def _cut(clause: Clause) -> Iterator[Statement]:
    offset = clause.text.find(clause.label) + len(clause.label) if clause.label else 0
    for start, end in _join_open(clause, offset):
        raw = clause.text[start:end]
        start += len(raw) - len(raw.lstrip(_LEAD))
        if speaker := _SPEAKER.match(clause.text, start, end):
            start = speaker.end()
        end = start + len(clause.text[start:end].rstrip())
        text = re.sub(r"\s*\n\s*|\u3000", "", clause.text[start:end])
        if len(text) < 2 or not any(map(str.isalnum, text)):
            continue
        # A whole sentence that stands alone is what the clause says, not a title above it.
        alone = text[-1] in "。;\uff1b" and not clause.text[end:].strip()
        yield Statement(
            clause.id,
            clause.document_id,
            clause.start + start,
            clause.start + end,
            text,
            is_heading=_is_heading(text, clause, alone=alone),
            figures=tuple(find_figures(text)),
        )


def _is_heading(text: str, clause: Clause, *, alone: bool) -> bool:
    """Whether a sentence only names what follows.

    "1. 培训600人。" is what the clause says although more sentences follow.
    """
    if text.endswith(_QUESTION_MARKS) or _ANNEX.fullmatch(text):
        return True
    if alone or _bare(text) != _bare(clause.heading):
        return False
    return not (text.endswith("。") and find_figures(text))


def _row(clause: Clause, header: Clause | None) -> Iterator[Statement]:
    """A table row is one statement: each cell behind the name of its column."""
    raw = clause.text
    start = len(raw) - len(raw.lstrip(" |\t\n"))
    end = len(raw.rstrip(" |\t\n"))
    inside = header is not None and header.id == clause.parent_id
    text = labelled_row(header.text if inside and header else "", raw[start:end])
    if any(map(str.isalnum, text)):
        yield Statement(
            clause.id,
            clause.document_id,
            clause.start + start,
            clause.start + end,
            text,
            is_heading=False,
            figures=tuple(find_figures(text)),
            header_id=header.id if inside and header and "\uff1a" in text else None,
        )


def _bare(text: str) -> str:
    return text.strip().rstrip("。:;,\uff1a\uff1b\uff0c")


def _join_open(clause: Clause, offset: int) -> Iterator[tuple[int, int]]:
    """Cut at sentence ends, but go on while a bracket is open or a line was broken."""
    first: int | None = None
    for match in _SENTENCE.finditer(clause.text, offset):
        if match.end() == match.start():
            continue
        first = match.start() if first is None else first
        piece = clause.text[first : match.end()]
        if len(piece) < MAX_STATEMENT_CHARACTERS and _is_open(piece, clause.heading):
            continue
        yield first, match.end()
        first = None
    if first is not None:
        yield first, len(clause.text)


def _is_open(piece: str, heading: str) -> bool:
    if _BROKEN_LINE.search(piece):
        return _bare(piece) != _bare(heading)
    return any(piece.count(left) > piece.count(right) for left, right in _BRACKETS.items())
