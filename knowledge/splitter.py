"""A document's text -> its clauses, addressed by the document's own numbering."""

from collections import defaultdict
from dataclasses import replace

from knowledge.clause_draft import ClauseDraft
from knowledge.document import ClauseKind
from knowledge.front import Block, Counts, fold_front
from knowledge.line import BLANK, Line, find_candidates, read_lines
from knowledge.numbering import Style
from knowledge.outline import Outline
from knowledge.paragraph import (
    enumeration,
    fills_width,
    heading_of,
    is_date,
    is_table_line,
    is_title,
    is_unfinished,
    may_follow_signature,
    may_sign,
    set_width,
    stated_unit,
)

FRONT_CHARACTERS = 800  # a longer preamble is cut into its paragraphs
_FINISHED = ("。", ";", "\uff1b")
SIGNERS = 8


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
        self._lines = read_lines(text)
        self._candidates = find_candidates(text, self._lines)
        self._width = set_width([text[line.start : line.end] for line in self._lines])
        self._outline = Outline([c for found in self._candidates.values() for c in found])
        self._blocks: list[Block] = []
        self._home: list[int] = []  # entry of the outline -> position of its block
        self._counts: Counts = defaultdict(int)
        self._sentence: tuple[str, bool] | None = None  # last line of running text, is it numbered
        self._table: int | None = None

    def blocks(self) -> list[Block]:
        for number, line in enumerate(self._lines):
            if not line.body:
                self._table = None
            elif is_table_line(line.body):
                self._take_row(line)
            else:
                self._table = None
                self._take_line(number, line)
        if not self._home:
            self._fold(whole=False)
        return self._blocks or [Block(ClauseKind.FRONT, 0, None, 0, "")]

    def _take_line(self, number: int, line: Line) -> None:
        if self._take_numbered(number, line):
            self._sentence = (line.body, True)
            return
        if self._goes_on(number, line):
            self._sentence = (line.body, False)
            return
        if self._is_title_of_annex(line):
            self._blocks[-1] = replace(self._blocks[-1], heading=line.body)
            return
        finished = self._sentence is not None and self._sentence[0].endswith(_FINISHED)
        self._sentence = (line.body, False)
        if self._home and is_date(line.body) and self._ends_document(number):
            self._take_signature(line)
            return
        if finished:
            # Behind a finished item of an article stands the article's next paragraph.
            self._outline.close_below(Style.ARTICLE)
        self._close_list_before_another(number, line)
        self._add_under_current(ClauseKind.PARAGRAPH, line.start, "¶")
        self._take_enumeration(number, line.start, line.end)

    def _goes_on(self, number: int, line: Line) -> bool:
        """Whether a plain line goes on with the sentence of the line before."""
        if self._sentence is None:
            return False
        before = self._lines[number - 1]
        if fills_width(self._text[before.start : before.end], self._width):
            return True
        return is_unfinished(self._sentence[0], line.body, numbered=self._sentence[1])

    def _is_title_of_annex(self, line: Line) -> bool:
        """Whether a line is the title below the word 附件, which is no clause of its own."""
        last = self._outline.entries[-1] if self._home else None
        label = last.candidate.label if last else None
        fresh = self._home and self._home[-1] == len(self._blocks) - 1
        without = fresh and not self._blocks[-1].heading
        is_annex = label is not None and label.style is Style.ANNEX
        return bool(without and is_annex and is_title(line.body))

    def _close_list_before_another(self, number: int, line: Line) -> None:
        """A paragraph that leads in a list which begins anew is no part of the list before."""
        if line.body.endswith((":", "\uff1a")):
            following = self._candidates.get(self._next_line(number))
            label = following[0].label if following else None
            if label is not None and label.number == 1:
                self._outline.close_run(label.style)

    def _take_numbered(self, number: int, line: Line) -> bool:
        taken = False
        for candidate in self._candidates.get(number, ()):
            if not self._outline.accept(candidate):
                break
            if not self._home:
                self._fold(whole=line.start <= FRONT_CHARACTERS)
            start = candidate.label.start if taken and candidate.label else line.start
            self._add_entry(start, line.end)
            taken = True
        if taken:
            self._take_enumeration(number, self._own_start(line), line.end)
        return taken

    def _own_start(self, line: Line) -> int:
        label = self._outline.entries[-1].candidate.label
        return line.start if label is None else label.end

    def _take_enumeration(self, number: int, start: int, end: int) -> None:
        labels = enumeration(self._text, start, end)
        if not labels:
            return
        if not self._home:
            if labels[0].style is not Style.HAN or start > FRONT_CHARACTERS:
                return
            self._fold(whole=True)  # a notice may be one paragraph with all its points
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
            Block(
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
            Block(
                kind,
                start,
                parent,
                above.depth + 1 if above else 1,
                f"{above.address if above else ''}{mark}{self._counts[mark, parent]}",
            )
        )

    def _take_row(self, line: Line) -> None:
        if self._table is None and self._sentence and self._sentence[0].endswith("。"):
            self._outline.close_below(Style.ARTICLE)
        self._sentence = None
        if self._table is None:
            start = self._unit_above(line.start)
            self._table = len(self._blocks)
            self._add_under_current(ClauseKind.TABLE, start, "表")
        elif not set(line.body) <= set("|-: \t"):
            table = self._blocks[self._table]
            self._counts["行", self._table] += 1
            address = f"{table.address}行{self._counts['行', self._table]}"
            self._blocks.append(
                Block(ClauseKind.ROW, line.start, self._table, table.depth + 1, address)
            )

    def _unit_above(self, start: int) -> int:
        """Take the line that states a table's unit into the table; returns where that begins."""
        last = self._blocks[-1] if self._blocks else None
        if last is None or last.kind is not ClauseKind.PARAGRAPH:
            return start
        if stated_unit(self._text[last.start : start]) is None:
            return start
        self._blocks.pop()
        self._counts["¶", last.parent] -= 1
        return last.start

    def _ends_document(self, number: int) -> bool:
        following = self._next_line(number)
        return following < 0 or may_follow_signature(self._lines[following].body)

    def _next_line(self, number: int) -> int:
        """Return the number of the next line with text, or -1."""
        rest = range(number + 1, len(self._lines))
        return next((index for index in rest if self._lines[index].body), -1)

    def _take_signature(self, line: Line) -> None:
        """Make one clause of the issuing bodies and the date at the end of a document."""
        start = line.start
        for _ in range(SIGNERS):
            last = self._blocks[-1]
            body = self._text[last.start : start].strip(BLANK + "\n")
            if last.kind is not ClauseKind.PARAGRAPH or not may_sign(body):
                break
            self._blocks.pop()
            self._counts["¶", last.parent] -= 1
            start = last.start
        self._outline.close_all()
        self._counts["落款", None] += 1
        seen = self._counts["落款", None]
        address = "落款" if seen == 1 else f"落款#{seen}"
        self._blocks.append(Block(ClauseKind.PARAGRAPH, start, None, 1, address))

    def _fold(self, *, whole: bool) -> None:
        self._blocks, self._counts = fold_front(self._text, self._blocks, whole=whole)
        self._table = None
