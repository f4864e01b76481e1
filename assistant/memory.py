"""What is remembered of the person: told and forgotten when they ask for it in the talk."""

from assistant import patterns, wording
from assistant.answer import Answer, AnswerStatus, Intent, Question, Sentence
from assistant.eligibility import facts_known
from assistant.eligibility_wording import facts_line
from assistant.guardrails import NO_GROUNDS, Grounds
from knowledge.knowledge_base import Knowledge


def asked_of_memory(
    text: str, question: Question, knowledge: Knowledge
) -> tuple[Answer, Grounds] | None:
    """Answer who wants what they said of themselves told or forgotten; None for anything else."""
    if patterns.FORGET.search(text):
        taken_back = dict.fromkeys(question.known)
        return _told(wording.FORGOTTEN, learned=taken_back), NO_GROUNDS
    if patterns.REMEMBERED.search(text) is None:
        return None
    line = facts_line(facts_known(question, knowledge))
    if not line:
        return _told(wording.NOTHING_REMEMBERED), NO_GROUNDS
    return _told(line, wording.WHERE_REMEMBERED), Grounds(frozenset({line}), frozenset())


def _told(*lines: str, learned: dict[str, None] | None = None) -> Answer:
    sentences = tuple(map(Sentence, lines))
    return Answer(AnswerStatus.ANSWERED, Intent.SMALLTALK, sentences, learned=learned or {})
