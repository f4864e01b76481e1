"""Front matter: what stands above the first number becomes one clause, or its title lines do."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.document import ClauseKind
from knowledge.line import BLANK
from knowledge.paragraph import is_title

FRONT_LINES = 6

Counts = dict[tuple[str, int | None], int]  # of ¶, 表 and 行 below each block


@dataclass(frozen=True, slots=True)
class Block:
    """A clause without its end: it runs to the start of the next."""

    kind: ClauseKind
    start: int
    parent: int | None
    depth: int
    address: str
    label: str = ""
    heading: str = ""


def fold_front(text: str, blocks: Sequence[Block], *, whole: bool) -> tuple[list[Block], Counts]:
    """Join the paragraphs of a text so far, or only its title lines, to one block.

    `whole`: all of them, unless there is a table. What stays is counted anew.
    """
    counts: Counts = defaultdict(int)
    titles = _title_lines(text, blocks)
    if whole and all(block.kind is ClauseKind.PARAGRAPH for block in blocks):
        titles = len(blocks)
    folded: list[Block] = []
    if titles:
        folded.append(Block(ClauseKind.FRONT, blocks[0].start, None, 0, ""))
    moved = max(titles - 1, 0)
    for block in blocks[titles:]:
        above = None if block.parent is None else block.parent - moved
        mark = {ClauseKind.TABLE: "表", ClauseKind.ROW: "行"}.get(block.kind, "¶")
        counts[mark, above] += 1
        base = "" if above is None else folded[above].address
        folded.append(replace(block, parent=above, address=f"{base}{mark}{counts[mark, above]}"))
    return folded, counts


def _title_lines(text: str, blocks: Sequence[Block]) -> int:
    """Count the lines at the beginning that are title, document number or addressee."""
    edges = [block.start for block in blocks[1 : FRONT_LINES + 1]] + [len(text)]
    for count, (block, end) in enumerate(zip(blocks[:FRONT_LINES], edges, strict=False)):
        body = text[block.start : end].strip(BLANK + "\n")
        if block.kind is not ClauseKind.PARAGRAPH or not is_title(body):
            return count
    return min(len(blocks), FRONT_LINES)
