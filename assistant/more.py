"""What else is stated of the matter last asked about: "还有吗" after an answer."""

from collections.abc import Sequence

from assistant import patterns, wording
from assistant.answer import Answer, AnswerStatus, Intent, PastTurn
from assistant.dialogue import last_topic
from assistant.draft import Draft
from assistant.evidence import gather_evidence
from assistant.lookup import Lookup
from assistant.wishes import is_after_projects

MORE = 5
OF_THE_MATTER = 0.6  # coverage of a sentence that speaks of the same matter


def asks_for_more(bare: str, history: Sequence[PastTurn]) -> PastTurn | None:
    """Return the turn of which a message without punctuation wants more; None of none.

    After projects it is they of which more is wanted.
    """
    if patterns.MORE.fullmatch(bare) is None or is_after_projects(history):
        return None
    last = last_topic(history)
    return None if last is None or last.intent is Intent.ELIGIBILITY and _judged(last) else last


def told_more(last: PastTurn, history: Sequence[PastTurn], look: Lookup) -> Answer:
    """Quote what bears on the last matter and was not said yet, or say that there is no more."""
    said = {clause for turn in history for clause in turn.clause_ids}
    draft = Draft(look.knowledge)
    whole = last.intent in (Intent.LIST, Intent.ELIGIBILITY)  # registers leave nothing out
    evidence = [] if whole else gather_evidence(look.reading, look.knowledge, look.as_of)
    more = [
        e.statement
        for e in evidence
        if e.coverage >= OF_THE_MATTER and e.clause.id not in said and not e.statement.is_heading
    ]
    draft.quote_all(wording.NEARBY, more[:MORE])
    if not len(draft):
        draft.say(wording.NO_MORE)
    return draft.finish(AnswerStatus.ANSWERED, last.intent)


def _judged(last: PastTurn) -> bool:
    """Whether the turn judged the person's own case; then more is the next question."""
    return last.status in (AnswerStatus.CLARIFY, AnswerStatus.PARTLY_ANSWERED)
