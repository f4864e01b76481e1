"""A document's text -> its clauses, addressed by the document's own numbering."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace

from knowledge.document import ClauseKind
from knowledge.numbering import UNIT_STYLES, Label, read_label
from knowledge.outline import Candidate, Outline
from knowledge.paragraph import (
    enumeration,
    heading_of,
    is_date,
    is_table_line,
    is_title,
    is_unfinished,
    may_follow_signature,
    may_sign,
)

FRONT_CHARACTERS = 800  # a longer preamble is cut into its paragraphs
FRONT_LINES = 6
SIGNERS = 8
MAX_CHAIN = 3

_LEAD = re.compile(r"[ \t\u3000\xa0\ufeff>]*(?P<marks>#{1,6}[ \t]+)?(?:\*\*|__)?")
_CONTENTS = re.compile(r"目[ \t\u3000]*[录次]")
_BLANK = " \t\r\u3000\xa0\ufeff"


@dataclass(frozen=True, slots=True)
class ClauseDraft:
    """One clause before it is stored; see `Clause` for the fields.

    `parent` is the position of the parent in the same list, smaller than its own.
    """

    position: int
    parent: int | None
    depth: int
    kind: ClauseKind
    address: str
    label: str
    heading: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int  # without the line break
    body: str  # stripped


@dataclass(frozen=True, slots=True)
class _Block:
    """A clause without its end: it runs to the start of the next."""

    kind: ClauseKind
    start: int
    parent: int | None
    depth: int
    address: str
    label: str = ""
    heading: str = ""


def split(text: str) -> list[ClauseDraft]:
    r"""Cut a text into clauses whose spans, in order, partition it.

    Takes any string with \n line ends; an empty one has no clauses. Time is linear
    in the length of the text.
    """
    if not text:
        return []
    blocks = _Assembly(text).blocks()
    starts = [0, *(block.start for block in blocks[1:]), len(text)]
    return [
        ClauseDraft(
            position=position,
            parent=block.parent,
            depth=block.depth,
            kind=block.kind,
            address=block.address,
            label=block.label,
            heading=block.heading,
            text=text[starts[position] : starts[position + 1]],
            start=starts[position],
            end=starts[position + 1],
        )
        for position, block in enumerate(blocks)
    ]


class _Assembly:
    """Walks the lines of one text once and collects its blocks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = _lines(text)
        self._candidates = _candidates(text, self._lines)
        self._outline = Outline([c for found in self._candidates.values() for c in found])
        self._blocks: list[_Block] = []
        self._home: list[int] = []  # entry of the outline -> position of its block
        self._counts: dict[tuple[str, int | None], int] = defaultdict(int)
        self._sentence: tuple[str, bool] | None = None  # last line of running text, is it numbered
        self._table: int | None = None

    def blocks(self) -> list[_Block]:
        for number, line in enumerate(self._lines):
            if not line.body:
                self._table = None
            elif is_table_line(line.body):
                self._take_row(line)
            else:
                self._table = None
                self._take_line(number, line)
        if not self._home:
            self._fold_front(whole=False)
        return self._blocks or [_Block(ClauseKind.FRONT, 0, None, 0, "")]

    def _take_line(self, number: int, line: _Line) -> None:
        if self._take_numbered(number, line):
            self._sentence = (line.body, True)
            return
        if self._sentence is not None and is_unfinished(
            self._sentence[0], line.body, numbered=self._sentence[1]
        ):
            self._sentence = (line.body, False)
            return
        self._sentence = (line.body, False)
        if self._home and is_date(line.body) and self._ends_document(number):
            self._take_signature(line)
            return
        self._add_under_current(ClauseKind.PARAGRAPH, line.start, "¶")
        self._take_enumeration(number, line.start, line.end)

    def _take_numbered(self, number: int, line: _Line) -> bool:
        taken = False
        for candidate in self._candidates.get(number, ()):
            if not self._outline.accept(candidate):
                break
            if not self._home:
                self._fold_front(whole=line.start <= FRONT_CHARACTERS)
            start = candidate.label.start if taken and candidate.label else line.start
            self._add_entry(start, line.end)
            taken = True
        if taken:
            self._take_enumeration(number, self._own_start(line), line.end)
        return taken

    def _own_start(self, line: _Line) -> int:
        label = self._outline.entries[-1].candidate.label
        return line.start if label is None else label.end

    def _take_enumeration(self, number: int, start: int, end: int) -> None:
        labels = enumeration(self._text, start, end)
        if not labels or not self._home:
            return
        before = len(self._home)
        if self._outline.accept_inline(labels, number):
            edges = [label.start for label in labels[1:]] + [end]
            for entry, label, edge in zip(
                range(before, before + len(labels)), labels, edges, strict=True
            ):
                self._add_entry(label.start, edge, entry)
            self._outline.end_inline()

    def _add_entry(self, start: int, end: int, index: int = -1) -> None:
        entry = self._outline.entries[index]
        label = entry.candidate.label
        first_line = self._text[label.end if label else start : end][:200]
        self._home.append(len(self._blocks))
        self._blocks.append(
            _Block(
                ClauseKind.HEADING,
                start,
                None if entry.parent is None else self._home[entry.parent],
                entry.depth,
                entry.address,
                label.printed if label else "",
                heading_of(first_line, label.style if label else None),
            )
        )

    def _add_under_current(self, kind: ClauseKind, start: int, mark: str) -> None:
        entry = self._outline.current
        parent = None if entry is None else self._home[entry]
        above = None if parent is None else self._blocks[parent]
        self._counts[mark, parent] += 1
        self._blocks.append(
            _Block(
                kind,
                start,
                parent,
                above.depth + 1 if above else 1,
                f"{above.address if above else ''}{mark}{self._counts[mark, parent]}",
            )
        )

    def _take_row(self, line: _Line) -> None:
        self._sentence = None
        if self._table is None:
            self._table = len(self._blocks)
            self._add_under_current(ClauseKind.TABLE, line.start, "表")
        elif not set(line.body) <= set("|-: \t"):
            table = self._blocks[self._table]
            self._counts["行", self._table] += 1
            address = f"{table.address}行{self._counts['行', self._table]}"
            self._blocks.append(
                _Block(ClauseKind.ROW, line.start, self._table, table.depth + 1, address)
            )

    def _ends_document(self, number: int) -> bool:
        rest = (self._lines[index].body for index in range(number + 1, len(self._lines)))
        following = next((body for body in rest if body), None)
        return following is None or may_follow_signature(following)

    def _take_signature(self, line: _Line) -> None:
        """Make one clause of the issuing bodies and the date at the end of a document."""
        start = line.start
        for _ in range(SIGNERS):
            last = self._blocks[-1]
            body = self._text[last.start : start].strip(_BLANK + "\n")
            if last.kind is not ClauseKind.PARAGRAPH or not may_sign(body):
                break
            self._blocks.pop()
            self._counts["¶", last.parent] -= 1
            start = last.start
        self._outline.close_all()
        self._counts["落款", None] += 1
        seen = self._counts["落款", None]
        address = "落款" if seen == 1 else f"落款#{seen}"
        self._blocks.append(_Block(ClauseKind.PARAGRAPH, start, None, 1, address))

    def _fold_front(self, *, whole: bool) -> None:
        """Make one clause of what stands before the first number, or of its title lines."""
        if not self._blocks:
            return
        titles = self._title_lines()
        plain = all(block.kind is ClauseKind.PARAGRAPH for block in self._blocks)
        if whole and plain:
            titles = len(self._blocks)
        if not titles:
            return
        front = _Block(ClauseKind.FRONT, self._blocks[0].start, None, 0, "")
        rest = self._blocks[titles:]
        self._blocks, self._table = [front], None
        self._counts.clear()
        self._renumber(rest, titles)

    def _title_lines(self) -> int:
        edges = [block.start for block in self._blocks[1 : FRONT_LINES + 1]] + [len(self._text)]
        for count, (block, end) in enumerate(zip(self._blocks[:FRONT_LINES], edges, strict=False)):
            body = self._text[block.start : end].strip(_BLANK + "\n")
            if block.kind is not ClauseKind.PARAGRAPH or not is_title(body):
                return count
        return min(len(self._blocks), FRONT_LINES)

    def _renumber(self, blocks: list[_Block], folded: int) -> None:
        """Count paragraphs and tables anew after title lines became the front matter."""
        for block in blocks:
            above = None if block.parent is None else block.parent - folded + 1
            mark = {ClauseKind.TABLE: "表", ClauseKind.ROW: "行"}.get(block.kind, "¶")
            self._counts[mark, above] += 1
            base = "" if above is None else self._blocks[above].address
            address = f"{base}{mark}{self._counts[mark, above]}"
            self._blocks.append(replace(block, parent=above, address=address))


def _lines(text: str) -> list[_Line]:
    lines, start = [], 0
    for line in text.split("\n"):
        end = start + len(line)
        lines.append(_Line(start, end, line.strip(_BLANK)))
        start = end + 1
    return lines


def _candidates(text: str, lines: list[_Line]) -> dict[int, list[Candidate]]:
    """Find what may be a number at the start of each line, keyed by line."""
    found: dict[int, list[Candidate]] = {}
    contents_at: int | None = None
    for number, line in enumerate(lines):
        if not line.body or is_table_line(line.body):
            continue
        if contents_at is None and _CONTENTS.fullmatch(line.body):
            contents_at = number
        lead = _LEAD.match(text, line.start, line.end)
        marks = len((lead["marks"] or "").strip()) if lead else 0
        labels = _labels(text, lead.end() if lead else line.start, line.end)
        if labels:
            found[number] = [Candidate(label, number, marks) for label in labels]
        elif marks and line.body.strip("# \t") and (found or number > _first(lines) or marks > 1):
            found[number] = [Candidate(None, number, marks)]
    return found if contents_at is None else _without_contents(found, contents_at)


def _first(lines: list[_Line]) -> int:
    return next(number for number, line in enumerate(lines) if line.body)


def _labels(text: str, start: int, end: int) -> list[Label]:
    """Read one label, or several that stand together: 第一条 (一) 1."""
    labels: list[Label] = []
    while start < end and len(labels) < MAX_CHAIN:
        label = read_label(text, start)
        if label is None or label.end > end:
            break
        if labels and (label.number != 1 or label.style in UNIT_STYLES):
            break  # a title may begin with 第一部分
        labels.append(label)
        start = label.end
        while start < end and text[start] in _BLANK:
            start += 1
    return labels


def _without_contents(
    found: dict[int, list[Candidate]], contents_at: int
) -> dict[int, list[Candidate]]:
    """Drop the numbers of a table of contents: the text repeats the first of them."""
    listed = [number for number in found if number > contents_at]
    if not listed:
        return found
    first = found[listed[0]][0].label
    for number in listed[1:]:
        label = found[number][0].label
        if first and label and (first.style, first.number) == (label.style, label.number):
            return {n: c for n, c in found.items() if n < contents_at or n >= number}
    return found
