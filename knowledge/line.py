"""The lines of a text, and which of them may begin a numbered item."""

import re
from dataclasses import dataclass

from knowledge.numbering import UNIT_STYLES, Label, read_label
from knowledge.outline import Candidate
from knowledge.paragraph import is_boxed_title, is_question, is_table_line

BOXED_LEVEL = 7  # 【申请条件】 or a question stands below every # heading
MAX_CHAIN = 3  # labels that stand together: 第一条 (一) 1.
BLANK = " \t\r\u3000\xa0\ufeff"

_LEAD = re.compile(r"[ \t\u3000\xa0\ufeff>]*(?P<marks>#{1,6}[ \t]+)?(?:\*\*|__)?")
_CONTENTS = re.compile(r"目[ \t\u3000]*[录次]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: [start, end) without its break, and the body without spaces around it."""

    start: int
    end: int  # without the line break
    body: str  # stripped


def read_lines(text: str) -> list[Line]:
    """Return every line of a text, empty ones included."""
    lines, start = [], 0
    for line in text.split("\n"):
        end = start + len(line)
        lines.append(Line(start, end, line.strip(BLANK)))
        start = end + 1
    return lines


def find_candidates(text: str, lines: list[Line]) -> dict[int, list[Candidate]]:
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
        elif number > _first(lines) and (
            is_boxed_title(line.body) or is_question(line.body, _below(lines, number))
        ):
            found[number] = [Candidate(None, number, BOXED_LEVEL)]
        elif marks and line.body.strip("# \t") and (found or number > _first(lines) or marks > 1):
            found[number] = [Candidate(None, number, marks)]
    return found if contents_at is None else _without_contents(found, contents_at)


def _first(lines: list[Line]) -> int:
    return next(number for number, line in enumerate(lines) if line.body)


def _below(lines: list[Line], number: int) -> str:
    return next((line.body for line in lines[number + 1 : number + 3] if line.body), "")


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
        while start < end and text[start] in BLANK:
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
