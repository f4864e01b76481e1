"""Two things side by side: what the policies say of the one, and of the other."""

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant import patterns, wording
from assistant.answer import Answer, AnswerStatus, Computation, Intent, Operand
from assistant.asked import FIGURES, STRICT, Asked
from assistant.draft import Draft
from assistant.evidence import Evidence, gather_evidence
from assistant.lookup import Lookup
from assistant.reading import Reading
from knowledge.eligibility.formula import InvalidFormula
from knowledge.eligibility.quantity import InvalidQuantity, read_quantity
from knowledge.figure import Figure, FigureKind
from knowledge.statement import Statement

MAX_OF_A_SIDE = 3
NAMES_SIDE = 0.7  # how well a statement must hold the word for its side
CLOSE_TO_BEST = 0.85
LEAST_NEARNESS = 2.0
# Asks by how much, not only what each is.
_DIFFERENCE = re.compile(r"差(?!异|别)|[多少高低长短]出?(?:多少|几)|更|(?:哪个|谁)[多少高低长短]")
# 60% − 50% are percentage points, and days have no sum.
_NO_AMOUNTS = frozenset({FigureKind.DATE, FigureKind.CLOCK, FigureKind.RATIO, FigureKind.SHARE})
_JOINS = re.compile(r"^(?:的)?[^,。;]{0,2}?(?:和|与|跟|同|及|比|、|还是|或者|对)(?:起|新增|每年)?$")


def compared(look: Lookup, _evidence: list[Evidence]) -> Answer | None:
    """Set the two things that a question compares side by side, each with its clause."""
    sides = sides_of(look.reading) if patterns.COMPARED.search(look.reading.text) else None
    if sides is None:
        return None
    draft = Draft(look.knowledge)
    firsts: list[Statement] = []
    for own, other in (sides, sides[::-1]):
        found = _side(look, own, other)
        if not found:
            return None
        before = len(draft)
        for item in found:
            draft.quote(item.statement, bullet=True)
        if len(draft) == before:
            return None  # both sides say the same
        firsts += [e.statement for e in found if _names_only(own, other, e, look)][:1]
    if _DIFFERENCE.search(look.reading.text):
        _add_difference(draft, look.reading, firsts)
    intent = Intent.FIGURE if look.reading.asked in FIGURES else Intent.POLICY
    return draft.finish(AnswerStatus.ANSWERED, intent)


def _add_difference(draft: Draft, reading: Reading, sides: Sequence[Statement]) -> None:
    """Add by how much two figures differ, where each side states one and the units agree."""
    named = [(f"数{i}", f) for i, side in enumerate(sides) if (f := _only_figure(side, reading))]
    if len(named) != 2 or len({f.unit for _, f in named}) != 1:
        return
    try:
        named.sort(key=lambda pair: read_quantity(pair[1].text).value, reverse=True)
        unit = read_quantity(named[0][1].text).unit
        operands = tuple(Operand(name, figure.text) for name, figure in named)
        formula = " − ".join(name for name, _ in named)
        statements = {f"数{i}": side for i, side in enumerate(sides)}
        draft.compute(Computation(wording.DIFFERENCE, formula, operands, unit), statements)
    except (InvalidQuantity, InvalidFormula):
        return  # a range or a word: nothing to subtract


def _names_only(own: str, other: str, item: Evidence, look: Lookup) -> bool:
    """Whether a statement is of one side alone: a sum of both is no figure of either."""
    found = look.knowledge.lexicon.found
    text = item.statement.text
    return found(own, text) >= NAMES_SIDE > found(other, text)


def _only_figure(statement: Statement, reading: Reading) -> Figure | None:
    kinds = reading.figure_kinds or frozenset(FigureKind)
    held = [f for f in statement.figures if f.kind in kinds and f.kind not in _NO_AMOUNTS]
    return held[0] if len(held) == 1 else None


def sides_of(reading: Reading) -> tuple[str, str] | None:
    """Return the two topic words that a question joins with 和, 跟, 比 ..., or None."""
    places = sorted((reading.text.find(t), t) for t in reading.terms if t in reading.text)
    for (at, one), (start, other) in zip(places[:-1], places[1:], strict=True):
        between = reading.text[at + len(one) : start]
        if _JOINS.match(between):
            return one, other
    return None


def _side(look: Lookup, own: str, other: str) -> list[Evidence]:
    """Return what best answers the question for one of its sides."""
    reading = look.reading
    terms = tuple(t for t in reading.terms if t != other)
    asked = Asked.ANY if reading.asked in (Asked.YES_NO, Asked.LIST) else reading.asked
    text = reading.text.replace(other, " ")
    one_side = replace(reading, text=text, terms=terms, asked=asked)
    evidence = gather_evidence(one_side, look.knowledge, look.as_of)
    held = [e for e in evidence if _speaks_of(e, own, other, look)]
    if asked in STRICT:
        held = [e for e in held if e.fills]
    return _best(held)


def _speaks_of(item: Evidence, own: str, other: str, look: Lookup) -> bool:
    found = look.knowledge.lexicon.found
    text = item.statement.text
    return (
        not item.statement.is_heading
        and item.nearness >= LEAST_NEARNESS
        and found(own, text) >= NAMES_SIDE
        and found(own, text) >= found(other, text)
    )


def _best(evidence: Sequence[Evidence]) -> list[Evidence]:
    if not evidence:
        return []
    least = CLOSE_TO_BEST * evidence[0].score
    return [item for item in evidence[:MAX_OF_A_SIDE] if item.score >= least]
