"""Statements: the sentences of clauses, the pieces that answers are made of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.document import Clause, ClauseKind, PolicyDocument
from knowledge.figure import Figure, find_figures

# A sentence ends at 。!?; in either width or at a line end; closing marks stay with it.
_END = r"。!?;\uff01\uff1f\uff1b"
_SENTENCE = re.compile(rf"[^{_END}\n]*(?:[{_END}]+[”’」』)\uff09\]】]*|\n+|$)")
_BRACKETS = {"(": ")", "\uff08": "\uff09", "“": "”", "《": "》"}
_LEAD = " \t\u3000\n、.:\uff1a,\uff0c-·*#"
_BROKEN_LINE = re.compile(r"[\u4e00-\u9fff0-9,\uff0c、]\n+$")
MAX_STATEMENT_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a clause.

    `text` is document.text[start:end] with line breaks and blanks removed.
    """

    clause_id: int
    document_id: int
    start: int
    end: int
    text: str
    is_heading: bool
    figures: tuple[Figure, ...]


def statements_of(document: PolicyDocument) -> Iterator[Statement]:
    """Cut every clause of a document into statements, in reading order.

    Labels ("(一)") are left out; a sentence with an open bracket or quotation goes
    on to its close. Front matter and the header of a table hold no rule and give no
    statement.
    """
    for clause in document.clauses:
        if clause.kind not in (ClauseKind.FRONT, ClauseKind.TABLE):
            yield from _cut(clause)


def _cut(clause: Clause) -> Iterator[Statement]:
    if clause.kind is ClauseKind.ROW:
        yield from _row(clause)
        return
    offset = clause.text.find(clause.label) + len(clause.label) if clause.label else 0
    for start, end in _join_open(clause, offset):
        raw = clause.text[start:end]
        start += len(raw) - len(raw.lstrip(_LEAD))
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
            is_heading=not alone and _bare(text) == _bare(clause.heading),
            figures=tuple(find_figures(text)),
        )


def _row(clause: Clause) -> Iterator[Statement]:
    """A table row is one statement; its cells are parted by semicolons."""
    raw = clause.text
    start = len(raw) - len(raw.lstrip(" |\t\n"))
    end = len(raw.rstrip(" |\t\n"))
    text = re.sub(r"\s*[|\t]\s*", "\uff1b", raw[start:end].replace("\n", ""))
    if any(map(str.isalnum, text)):
        yield Statement(
            clause.id,
            clause.document_id,
            clause.start + start,
            clause.start + end,
            text,
            is_heading=False,
            figures=tuple(find_figures(text)),
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
