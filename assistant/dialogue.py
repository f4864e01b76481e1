"""Follow-ups: a message that leans on the last turns is read together with them."""

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant import patterns
from assistant.answer import AnswerStatus, Intent, PastTurn
from assistant.asked import Asked
from assistant.reading import Reading, read_question
from knowledge.department import mentioned_departments
from knowledge.knowledge_base import Knowledge
from knowledge.lexicon import groups_in

_CARRIES_NO_TOPIC = (Intent.SMALLTALK, Intent.OUT_OF_SCOPE, Intent.HANDOFF, Intent.PROGRESS)
_LEAD = re.compile(
    r"^(?:那么?|然后|还有|另外|再|接着|对了|请问|哦|嗯|好的?|行|如果是?|要是|换成|改成|[,\s])+"
)
_TAIL = re.compile(r"(?:呢|啊|呀|吧|嘛)?[?!。\s]*$")
MAX_LEANING_WORDS = 4
_TAKEN_BACK = re.compile(
    r"(?:(?<=[,。!\s])|^)(?:而|又)?不是(?:问|说|指)?([^,。?!\s]{2,12}?)(?:的)?(?:[?。!\s]*$|(?=[,。]))"
)


def read_in_context(text: str, history: Sequence[PastTurn], knowledge: Knowledge) -> Reading:
    """Read a question; what it leaves out is taken from the last turn that had a topic.

    The reading's text is the completed question. A message that stands on its own, or
    that says it changes the subject, is read alone.
    """
    reading = read_question(text, knowledge.names, knowledge.places, knowledge.lexicon.phrases)
    last = last_topic(history)
    if last is None or patterns.SWITCH.search(text) or not _leans(text, reading, knowledge):
        return reading
    before = read_question(
        last.completed_question or last.question,
        knowledge.names,
        knowledge.places,
        knowledge.lexicon.phrases,
    )
    corrects = patterns.CORRECTION.search(text) is not None
    taken_back = _TAKEN_BACK.findall(text) if corrects else []
    if corrects:
        text = _TAKEN_BACK.sub(" ", text)
        reading = read_question(text, knowledge.names, knowledge.places, knowledge.lexicon.phrases)
        before = _without(before, taken_back, reading)
    own = _TAIL.sub("", _LEAD.sub("", text))
    inherits_form = reading.asked in (Asked.ANY, Asked.YES_NO)
    if not reading.terms:
        asked = before.asked if inherits_form else reading.asked
        topic = "".join(_longest(before.terms))
        return Reading(f"{topic} {own}".strip(), asked, before.terms)
    background = tuple(t for t in before.terms if not _replaced(t, text))
    if inherits_form:
        return Reading(f"{own} {before.text}", before.asked, reading.terms, background)
    topic = "".join(_longest(background))
    return Reading(f"{topic} {own}", reading.asked, reading.terms, background)


def last_topic(history: Sequence[PastTurn]) -> PastTurn | None:
    """Return the last turn that was about a matter of policy, or None."""
    for turn in reversed(history):
        blocked = turn.status in (AnswerStatus.BLOCKED_QUESTION, AnswerStatus.FAILED)
        if turn.intent not in _CARRIES_NO_TOPIC and not blocked:
            return turn
    return None


def _leans(text: str, reading: Reading, knowledge: Knowledge) -> bool:
    """Whether a message needs the last one to be understood."""
    if not reading.terms or patterns.CORRECTION.search(text):
        return True
    own = _longest(reading.terms)
    if len(own) > MAX_LEANING_WORDS:
        return False
    if patterns.FOLLOW_UP.search(text):
        return True
    if not any(map(knowledge.lexicon.knows, own)):
        return False
    return reading.asked is not Asked.ANY and len(text) <= 8 and len(own) <= 1


def _without(before: Reading, taken_back: Sequence[str], reading: Reading) -> Reading:
    """Return the last reading without what a correction takes back or puts something else for."""
    own = [t for t in reading.terms if len(t) > 1]
    kept = [
        term
        for term in before.terms
        if not any(term in words or words in term for words in taken_back)
        and not any(_of_one_kind(term, new) for new in own)
    ]
    gone = [term for term in before.terms if term not in kept]
    text = before.text
    for words in (*taken_back, *gone):
        text = text.replace(words, " ")
    return replace(before, text=" ".join(text.split()), terms=tuple(kept))


def _of_one_kind(term: str, other: str) -> bool:
    """Whether two words end or begin alike, as 创业培训 and 创业指导 or 街道 and 创业型街道."""
    return term != other and len(term) > 2 and (term[:2] == other[:2] or term[-2:] == other[-2:])


def _replaced(term: str, text: str) -> bool:
    """Whether the message names another of the same kind: other people, another department."""
    groups = groups_in(text)
    if groups and groups_in(term):
        return True
    return bool(mentioned_departments(text) and mentioned_departments(term))


def _longest(terms: Sequence[str]) -> list[str]:
    """Keep the words that are not part of a longer one."""
    return [t for t in terms if not any(t != other and t in other for other in terms)]
