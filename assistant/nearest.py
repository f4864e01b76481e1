"""Figures asked for in everyday words: found by meaning where the words are not shared.

"要帮成多少人把买卖做起来" has no word of "帮助创业成功的目标是500人". Meaning alone does not tell
what is stated from what is near it, so several things have to come together: the statement
has the unit that the question names, or at least its kind of figure; words and meaning together
are near enough; and no statement of any other kind is much nearer to the question. Sums of money
are never guessed at: most of what is asked about money is settled elsewhere.
"""

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.asked import FIGURES, Asked
from assistant.draft import Draft
from assistant.evidence import Evidence, is_note, nearest_evidence
from assistant.fit import NEARNESS_SHARE, in_scope, may_answer
from assistant.lookup import Lookup
from assistant.slot import asks_for_one_of_many, names_unit, unit_stated

LEAST = 1.0  # coverage and nearness together, as in assistant/fit.py
BEHIND = 0.25  # how far the nearest statement of any kind may be ahead
CLEAR = 0.3  # how far the next figure of the unit has to stay behind for a full answer
MAX_SHOWN = 3
# Kinds that plans set targets in, where the nearest may be shown without a unit that is named.
_TARGETS = frozenset(
    {Asked.COUNT, Asked.PEOPLE, Asked.TIMES, Asked.SHARE, Asked.AREA, Asked.NUMBER}
)
LEAST_OF_KIND = 1.05
BEHIND_OF_KIND = 1.0  # standard deviations of nearness


def nearest_figure(look: Lookup, evidence: list[Evidence]) -> Answer | None:
    """Answer with the figure nearest in meaning; with the nearest few where none stands out."""
    reading = look.reading
    if reading.asked not in FIGURES or asks_for_one_of_many(reading.text):
        return None
    said = [e for e in evidence if not e.statement.is_heading and not is_note(e.statement)]
    known = {e.statement for e in said}
    more = nearest_evidence(reading, look.knowledge, look.documents)
    said += [e for e in more if e.statement not in known]
    fit = [e for e in said if e.fills and may_answer(e, look)]
    stated = [e for e in fit if unit_stated(reading.text, e.statement)]
    best = _nearest(stated, said) if names_unit(reading.text) else []
    if not best and reading.asked in _TARGETS and in_scope(look, evidence):
        best = _nearest_of_kind(stated or fit, said)
    if not best:
        return None
    draft = Draft(look.knowledge)
    if len(best) > 1:
        draft.say(wording.PARTLY)
    for item in best:
        draft.quote(item.statement, bullet=len(best) > 1)
    status = AnswerStatus.ANSWERED if len(best) == 1 else AnswerStatus.PARTLY_ANSWERED
    return draft.finish(status, Intent.FIGURE)


def _nearest(stated: list[Evidence], said: list[Evidence]) -> list[Evidence]:
    """Return the nearest with the unit that the question names, and those hardly less near."""
    stated = sorted(stated, key=_order)
    if not stated or _closeness(stated[0]) < LEAST:
        return []
    best = _closeness(stated[0])
    if best < max(map(_closeness, said)) - BEHIND:
        return []
    return [e for e in stated if _closeness(e) > best - CLEAR][:MAX_SHOWN]


def _nearest_of_kind(fit: list[Evidence], said: list[Evidence]) -> list[Evidence]:
    """Return the nearest with the kind of figure asked for, and those hardly less near."""
    fit = sorted(fit, key=_order)
    if not fit or _closeness(fit[0]) < LEAST_OF_KIND:
        return []
    if fit[0].nearness < max(e.nearness for e in said) - BEHIND_OF_KIND:
        return []
    best = _closeness(fit[0])
    return [e for e in fit if _closeness(e) > best - CLEAR][:MAX_SHOWN]


def _order(item: Evidence) -> tuple[float, int, int]:
    return (-_closeness(item), item.statement.document_id, item.statement.start)


def _closeness(item: Evidence) -> float:
    return item.coverage + NEARNESS_SHARE * item.nearness
