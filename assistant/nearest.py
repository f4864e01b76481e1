"""Figures asked for in everyday words: found by meaning where the words are not shared.

"要帮成多少人把买卖做起来" has no word of "帮助创业成功的目标是500人". Meaning alone does not tell
what is stated from what is near it, so three things have to come together: the question
names the unit of its figure, the statement has that unit, and no statement of any other
kind is nearer to the question.
"""

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.draft import Draft
from assistant.evidence import Evidence, is_note
from assistant.fit import NEARNESS_SHARE, may_answer
from assistant.lookup import Lookup
from assistant.reading import FIGURES
from assistant.slot import asks_for_one_of_many, unit_stated

LEAST = 1.0  # coverage and nearness together, as in assistant/fit.py
BEHIND = 0.25  # how far the nearest statement of any kind may be ahead
CLEAR = 0.3  # how far the next figure of the unit has to stay behind for a full answer
MAX_SHOWN = 3


def nearest_figure(look: Lookup, evidence: list[Evidence]) -> Answer | None:
    """Answer with the figure nearest in meaning; with the nearest few where none stands out."""
    text = look.reading.text
    if look.reading.asked not in FIGURES or asks_for_one_of_many(text):
        return None
    said = [e for e in evidence if not e.statement.is_heading and not is_note(e.statement)]
    stated = [e for e in said if e.fills and unit_stated(text, e.statement)]
    stated = sorted((e for e in stated if may_answer(e, look)), key=_closeness, reverse=True)
    if not stated or _closeness(stated[0]) < LEAST:
        return None
    best = _closeness(stated[0])
    if best < max(map(_closeness, said)) - BEHIND:
        return None
    shown = [e for e in stated if _closeness(e) > best - CLEAR][:MAX_SHOWN]
    draft = Draft(look.knowledge)
    if len(shown) > 1:
        draft.say(wording.PARTLY)
    for item in shown:
        draft.quote(item.statement, bullet=len(shown) > 1)
    clear = len(shown) == 1
    status = AnswerStatus.ANSWERED if clear else AnswerStatus.PARTLY_ANSWERED
    return draft.finish(status, Intent.FIGURE)


def _closeness(item: Evidence) -> float:
    return item.coverage + NEARNESS_SHARE * item.nearness
