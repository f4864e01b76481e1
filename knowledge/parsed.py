"""What a parser returns, and the one error of reading a file."""

from dataclasses import dataclass


class UnreadableDocument(ValueError):
    """A file cannot be read; the message, in Chinese, says why and what to do."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Text out of a file; tables as rows | a | b |, unnumbered headings with ##."""

    text: str
    dropped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def table_lines(rows: list[list[str]]) -> list[str]:
    """Write a table as Markdown rows, the first one as its header.

    A table of one column is only layout: its cells become lines.
    """
    cells = [[" ".join(cell.split()).replace("|", "\uff5c") for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if max((len(row) for row in cells), default=0) < 2:
        return [cell for row in cells for cell in row]
    above = []
    while len(cells) > 1 and len(set(cells[0])) == 1:
        above.append(cells.pop(0)[0])  # a caption that spans the whole width
    lines = [f"| {' | '.join(row)} |" for row in cells]
    width = len(cells[0])
    return [*above, lines[0], "|" + " --- |" * width, *lines[1:]]
