"""Two things side by side: what the policies say of the one, and of the other."""

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant import patterns
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.draft import Draft
from assistant.evidence import Evidence, gather_evidence
from assistant.lookup import Lookup
from assistant.reading import FIGURES, STRICT, Asked, Reading

MAX_OF_A_SIDE = 3
NAMES_SIDE = 0.7  # how well a statement must hold the word for its side
CLOSE_TO_BEST = 0.85
LEAST_NEARNESS = 2.0
_JOINS = re.compile(r"^(?:的)?[^,。;]{0,2}?(?:和|与|跟|同|及|比|、|还是|或者|对)(?:起)?$")


def compared(look: Lookup, _evidence: list[Evidence]) -> Answer | None:
    """Set the two things that a question compares side by side, each with its clause."""
    sides = sides_of(look.reading) if patterns.COMPARED.search(look.reading.text) else None
    if sides is None:
        return None
    draft = Draft(look.knowledge)
    for own, other in (sides, sides[::-1]):
        found = _side(look, own, other)
        if not found:
            return None
        before = len(draft)
        for item in found:
            draft.quote(item.statement, bullet=True)
        if len(draft) == before:
            return None  # both sides say the same
    intent = Intent.FIGURE if look.reading.asked in FIGURES else Intent.POLICY
    return draft.finish(AnswerStatus.ANSWERED, intent)


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
