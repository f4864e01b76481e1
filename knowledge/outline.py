"""Which labels of a text are real numbers of its outline, and how they nest."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.numbering import DECIMALS, RANK, UNIT_STYLES, Label, Style, join_address

MAX_SKIPPED = 2  # 一、 二、 四、: a gap is a slip of the pen, a larger jump is not numbering
# These need a second member to be taken for numbers.
FEEBLE = frozenset({Style.LATIN, Style.ROMAN, Style.BARE, *DECIMALS.values()})
_COUNTED_IN_DECIMALS = frozenset({Style.DOT, Style.ARABIC, Style.BARE, *DECIMALS.values()})


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something at the start of a line that may be a number of the outline.

    `label` is None for an unnumbered heading, whose `mark_level` is the number of #,
    or 7 for a line in 【】.
    `inline` marks an enumeration inside a line; its runs end with that line.
    """

    label: Label | None
    line: int
    mark_level: int = 0
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An accepted number: `parent` is an index into the entries, `depth` begins at 1."""

    candidate: Candidate
    parent: int | None
    depth: int
    address: str


class Outline:
    """The open numbers from the top down, and every entry accepted so far.

    Decides candidate by candidate, each in time bounded by the depth of the outline.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.entries: list[Entry] = []
        self._open: list[int] = []
        self._last: dict[Style, Label] = {}  # of the whole text, also when closed since
        self._first_seen: dict[Style, int] = {}
        self._addresses: dict[str, int] = defaultdict(int)
        self._unnumbered: dict[int | None, int] = defaultdict(int)
        self._next = _following(candidates)

    @property
    def current(self) -> int | None:
        """Index of the innermost open entry, or None at the top."""
        return self._open[-1] if self._open else None

    def accept(self, candidate: Candidate) -> bool:
        """Enter a candidate, or return False if it is plain text after all."""
        if candidate.label is None:
            self._enter_unnumbered(candidate)
            return True
        if candidate.mark_level:
            self._close_marked(candidate.mark_level)
        level = self._level_for(candidate.label)
        if level is None or (candidate.inline and level < len(self._open)):
            return False
        del self._open[level:]
        self._first_seen.setdefault(candidate.label.style, len(self.entries))
        self._last[candidate.label.style] = candidate.label
        self._enter(candidate, self._address_of(candidate.label))
        return True

    def accept_inline(self, labels: Sequence[Label], line: int) -> bool:
        """Enter an enumeration inside a line as a whole, or not at all."""
        if any(self._style(index) is labels[0].style for index in self._open):
            return False
        home = len(self._open)
        for label in labels:
            del self._open[home:]
            self._enter(Candidate(label, line, inline=True), self._address_of(label))
        return True

    def end_inline(self) -> None:
        """Close what an enumeration inside a line opened."""
        while self._open and self.entries[self._open[-1]].candidate.inline:
            self._open.pop()

    def close_below(self, style: Style) -> None:
        """Close what is open below the innermost number of a style, if there is one."""
        for level in range(len(self._open) - 1, -1, -1):
            if self._style(self._open[level]) is style:
                del self._open[level + 1 :]
                return

    def close_run(self, style: Style) -> None:
        """Close the innermost number of a style and what is open below it."""
        self.close_below(style)
        if self._open and self._style(self._open[-1]) is style:
            self._open.pop()

    def close_all(self) -> None:
        """Return to the top: what follows belongs to no number."""
        self._open.clear()

    def _enter(self, candidate: Candidate, address: str) -> None:
        parent = self.current
        self._addresses[address] += 1
        if (seen := self._addresses[address]) > 1:
            address = f"{address}#{seen}"  # the number stands twice in the source
        self.entries.append(Entry(candidate, parent, len(self._open) + 1, address))
        self._open.append(len(self.entries) - 1)

    def _enter_unnumbered(self, candidate: Candidate) -> None:
        while self._open and not self._holds_unnumbered(self._open[-1], candidate.mark_level):
            self._open.pop()
        parent = self.current
        self._unnumbered[parent] += 1
        base = "" if parent is None else self.entries[parent].address
        self._enter(candidate, f"{base}§{self._unnumbered[parent]}")

    def _holds_unnumbered(self, index: int, mark_level: int) -> bool:
        """Whether an unnumbered heading stands inside an open number or heading."""
        above = self.entries[index].candidate
        if above.mark_level or above.label is None:
            return above.mark_level < mark_level
        following = self._next.get(above.label.start)
        return following is not None and _continues(above.label, following)

    def _close_marked(self, mark_level: int) -> None:
        """Close the unnumbered headings that a number in a heading of this level ends."""
        while self._open:
            above = self.entries[self._open[-1]].candidate
            if above.label is not None or above.mark_level < mark_level:
                return
            self._open.pop()

    def _address_of(self, label: Label) -> str:
        above = list(self._open)
        while label.parts and above and self._style(above[-1]) in _COUNTED_IN_DECIMALS:
            above.pop()  # 1.2 already names the number above it
        parent = above[-1] if above else None
        # Articles are counted through all chapters, so their number alone is the address.
        if parent is None or (
            label.style is Style.ARTICLE and label.address not in self._addresses
        ):
            return label.address
        return join_address(self.entries[parent].address, label.address)

    def _style(self, index: int) -> Style | None:
        label = self.entries[index].candidate.label
        return None if label is None else label.style

    def _level_for(self, label: Label) -> int | None:
        """How many open numbers stay open above this one; None if it is no number."""
        shut = False  # an unnumbered heading begins its own lists, but outer ones may go on
        begun = False
        for level in range(len(self._open) - 1, -1, -1):
            there = self.entries[self._open[level]].candidate.label
            if there is None:
                shut = True
            elif self._fits(there, label):
                return level
            elif there.style is label.style and not shut:
                if label.number == 1 and not label.sub and self._may_begin(label):
                    return level
                begun = True
        if begun or not self._may_begin(label):
            return None
        level = len(self._open)
        while level and not self._encloses(self._open[level - 1], label):
            level -= 1
        return level

    def _fits(self, last: Label, label: Label) -> bool:
        """Whether a label goes on with a run, in the light of what comes after it."""
        if not _continues(last, label):
            return False
        jump = label.number - last.number
        if jump <= 1:
            return True
        following = self._next.get(label.start)
        if following is None:
            return jump <= 1 + MAX_SKIPPED
        if last.number < following.number <= label.number and not following.sub:
            return False  # the run goes on behind: this was a reference at a line's start
        return jump <= 1 + MAX_SKIPPED or following.number > label.number

    def _may_begin(self, label: Label) -> bool:
        """Whether a label may open a run of its style here."""
        following = self._next.get(label.start)
        goes_on = following is not None and _continues(label, following)
        if label.style in FEEBLE:
            return label.number == 1 and (goes_on or self._names_open_number(label))
        if label.number == 1:
            return True
        last = self._last.get(label.style)
        if last is not None:
            return self._fits(last, label)
        return goes_on or label.style in UNIT_STYLES  # an excerpt that begins in the middle

    def _names_open_number(self, label: Label) -> bool:
        """Whether a decimal number names the number above it: 3.2.1 below 3.2."""
        above = self.entries[self._open[-1]].candidate.label if self._open else None
        if above is None or above.style not in _COUNTED_IN_DECIMALS or not label.parts:
            return False
        return label.parts[:-1] == (above.parts or (above.number,))

    def _encloses(self, index: int, label: Label) -> bool:
        outer = self.entries[index].candidate.label
        if outer is None:
            return True
        usual = RANK[outer.style] < RANK[label.style]
        if outer.parts and label.parts:
            return label.parts[: len(outer.parts)] == outer.parts
        styles = {outer.style, label.style}
        if Style.ARTICLE in styles and styles & {Style.HAN, Style.ROMAN}:
            # Both 一、 over 第一条 and the reverse are in use: the first seen is above.
            label_seen = self._first_seen.get(label.style)
            return label_seen is None or self._first_seen[outer.style] < label_seen
        following = self._next.get(outer.start)
        if styles & UNIT_STYLES or following is None or following.start < label.start:
            return usual
        # If the outer run goes on behind this one, it holds it whatever the usual order is.
        return usual or following.number == outer.number + 1


def _continues(last: Label, label: Label) -> bool:
    """Whether a label is the plausible next of its run."""
    if last.parts or label.parts:
        same_run = len(last.parts) == len(label.parts) and last.parts[:-1] == label.parts[:-1]
        return same_run and label.number == last.number + 1
    if last.style is not label.style:
        return RANK[last.style] == RANK[label.style] and 1 < label.number == last.number + 1
    if label.sub:
        return label.number == last.number and label.sub == last.sub + 1
    if label.style in UNIT_STYLES:
        return label.number > last.number
    return 0 < label.number - last.number <= 1 + MAX_SKIPPED


def _following(candidates: Sequence[Candidate]) -> dict[int, Label]:
    """Map the start of each label to the next candidate label of the same style."""
    following: dict[int, Label] = {}
    upcoming: dict[Style, Label] = {}
    for candidate in reversed(candidates):
        if (label := candidate.label) is not None:
            if label.style in upcoming:
                following[label.start] = upcoming[label.style]
            upcoming[label.style] = label
    return following
