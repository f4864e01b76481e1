"""Follow-ups: a message that leans on the last turns is read together with them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant import patterns
from assistant.answer import AnswerStatus, Intent, PastTurn
from assistant.asked import FIGURES, STRICT, Asked
from assistant.reading import Reading, read_question
from knowledge.department import mentioned_departments
from knowledge.knowledge_base import Knowledge
from knowledge.lexicon import groups_in
from knowledge.tokenizer import topic_share

_CARRIES_NO_TOPIC = (Intent.SMALLTALK, Intent.OUT_OF_SCOPE, Intent.HANDOFF, Intent.PROGRESS)
_LEAD = re.compile(
    r"^(?:那么?(?![个些种项笔边里时位家样次])|其中|然后|还有|另外|再|接着|对了|请问|哦|嗯|好的?|行|如果是?|要是|换成|改成|[,\s])+"
)
_TAIL = re.compile(r"(?:呢|啊|呀|吧|嘛)?[?!。\s]*$")
MAX_LEANING_WORDS = 4
TELLING = 4.0  # weight of a word that names a matter by itself
_OWN_KIND = STRICT | {Asked.DEPARTMENT, Asked.PROCEDURE}
_BODY = re.compile(r"(?:这|那|该|此)个?(?:部门|单位|机构|局)|[他它]们?")
_POINTS = re.compile(
    r"(?:[这那]笔钱?|[这那]项(?!目)|[这那][些种](?!人)|[这那]个(?!体)|[他她它]们?|[其该](?![他它中]))的?"
)
_BACK = re.compile(
    r"(?:回到|前面|刚才|刚刚|之前|上面)+(?:说|问|讲|提)?(?:到|过)?的?(?:[这那]个(?!体))?"
)
_RETRACTS = re.compile(
    r"^(?:不对|不是|错了|[说弄搞]错了|你理解错了)[^\w]+|(?:我|俺)(?:是|要|想)*(?:问|说|指)(?:的是?|是)?"
)
_NTH = re.compile(r"(?:第[一二三四五六七八九十\d]+|最后一)(?:个|类|项|种|条|步|批|款)?")
_TAKEN_BACK = re.compile(
    r"(?:(?<=[,。!\s])|^)(?:而|又)?不是(?:问|说|指)?([^,。?!\s]{2,12}?)(?:的)?(?:[?。!\s]*$|(?=[,。]))"
)


def read_in_context(text: str, history: Sequence[PastTurn], knowledge: Knowledge) -> Reading:
    """Read a question; what it leaves out is taken from the last turn that had a topic.

    The reading's text is the completed question. A message that stands on its own, or
    that says it changes the subject, is read alone.
    """
    reading = _read(text, knowledge)
    last = last_topic(history)
    if last is None or patterns.SWITCH.search(text):
        return reading
    if (named := _with_body_named(text, reading, last, knowledge)) is not None:
        return _read(named, knowledge)
    if not _leans(text, reading, knowledge):
        return reading
    before = _spoken_of_before(text, reading, history, knowledge)
    corrects = patterns.CORRECTION.search(text) is not None
    taken_back = _TAKEN_BACK.findall(text) if corrects else []
    if corrects:
        text = _TAKEN_BACK.sub(" ", text)
        reading = _read(text, knowledge)
        before = _without(before, taken_back, reading)
        text = _RETRACTS.sub("", text)
    own = _LEAD.sub("", _TAIL.sub("", text))
    points = _POINTS.search(own) is not None
    own = _POINTS.sub("", _BACK.sub("", own)).strip(" ,") or own
    # "那笔钱要还利息吗" asks something else of the matter, "残疾人有没有" the same of others.
    inherits_form = reading.asked is Asked.ANY or (reading.asked is Asked.YES_NO and not points)
    if not reading.terms:
        asked = before.asked if inherits_form else reading.asked
        topic = _topic(before, before.terms)
        return Reading(f"{topic} {own}".strip(), asked, before.terms)
    background = tuple(t for t in before.terms if not _replaced(t, text))
    if inherits_form:
        rest = _without_replaced(before, text)
        return Reading(f"{own} {rest}", before.asked, reading.terms, background)
    topic = _topic(before, background)
    return Reading(f"{topic} {own}", reading.asked, reading.terms, background)


def last_topic(history: Sequence[PastTurn]) -> PastTurn | None:
    """Return the last turn that was about a matter of policy, or None."""
    return next(_topics(history), None)


def _read(text: str, knowledge: Knowledge) -> Reading:
    return read_question(text, knowledge.names, knowledge.places, knowledge.lexicon.phrases)


def _read_past(turn: PastTurn, knowledge: Knowledge) -> Reading:
    return _read(turn.completed_question or turn.question, knowledge)


def _topics(history: Sequence[PastTurn]) -> Iterator[PastTurn]:
    """Go back through the turns that were about a matter of policy, the newest first."""
    for turn in reversed(history):
        blocked = turn.status in (AnswerStatus.BLOCKED_QUESTION, AnswerStatus.FAILED)
        if turn.intent not in _CARRIES_NO_TOPIC and not blocked:
            yield turn


def _spoken_of_before(
    text: str, reading: Reading, history: Sequence[PastTurn], knowledge: Knowledge
) -> Reading:
    """Return the last topic; where a message goes back by name ("前面说的贷款"), the one named."""
    topics = [_read_past(turn, knowledge) for turn in _topics(history)]
    if _BACK.search(text):
        for topic in topics:
            if any(a in b or b in a for a in reading.terms for b in topic.terms if len(a) > 1):
                return topic
    return topics[0]


def _with_body_named(
    text: str, reading: Reading, last: PastTurn, knowledge: Knowledge
) -> str | None:
    """Put the body last spoken of in the place of a pronoun, or None where none is meant.

    A body that only the last answer named is meant by 这个部门 and 他们, not by 它.
    """
    pronoun = _BODY.search(text)
    if pronoun is None or reading.asked in FIGURES or mentioned_departments(text):
        return None
    asked_about = mentioned_departments(last.completed_question or last.question)
    names = [d.name for d in asked_about]
    if not names and last.intent is Intent.DEPARTMENT and pronoun[0] not in ("它", "他"):
        found = (knowledge.register.departments(clause) for clause in last.clause_ids)
        names = list(next(filter(None, found), ()))
    if len(names) != 1:
        return None
    return _LEAD.sub("", text.replace(pronoun[0], names[0]))


def _leans(text: str, reading: Reading, knowledge: Knowledge) -> bool:
    """Whether a message needs the last one to be understood."""
    if not reading.terms or patterns.CORRECTION.search(text):
        return True
    own = _longest(reading.terms)
    if len(own) > MAX_LEANING_WORDS or _asks_duties(text, reading, own):
        return False
    if patterns.FOLLOW_UP.search(text):
        return True
    if _names_no_matter(text, reading, knowledge):
        return True
    if not any(map(knowledge.lexicon.knows, own)):
        return False
    return reading.asked is not Asked.ANY and len(text) <= 8 and len(own) <= 1


def _asks_duties(text: str, reading: Reading, own: Sequence[str]) -> bool:
    """Whether a message asks what a body does, which stands alone: 那商务局负责什么."""
    return reading.asked is Asked.LIST and len(own) == len(mentioned_departments(text)) == 1


def _names_no_matter(text: str, reading: Reading, knowledge: Knowledge) -> bool:
    """Whether a message asks for something without saying of what: 到什么时候截止, 几天能办下来."""
    if reading.asked not in _OWN_KIND or patterns.SELF.search(text):
        return False
    if groups_in(text) or mentioned_departments(text):
        return False
    lexicon, words = knowledge.lexicon, [t for t in reading.terms if len(t) > 1]
    if any(topic_share(word) >= 1.0 or lexicon.weight(word) >= TELLING for word in words):
        return False
    return sum(map(lexicon.knows, words)) < 2  # two known verbs name a matter


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


def _without_replaced(before: Reading, text: str) -> str:
    """Return the last question without what the message puts something else for."""
    rest = _NTH.sub("", before.text) if _NTH.search(text) else before.text
    for term in before.terms:
        if _replaced(term, text):
            rest = re.sub(rf"[区县市]?{re.escape(term)}", "", rest)
    return rest.strip()


def _replaced(term: str, text: str) -> bool:
    """Whether the message names another of the same kind: other people, another department."""
    groups = groups_in(text)
    if groups and groups_in(term):
        return True
    return bool(mentioned_departments(text) and mentioned_departments(term))


def _topic(before: Reading, kept: Sequence[str]) -> str:
    """Return the words of the last topic; "补贴多少" asks for a sum, and 补贴 is a topic too."""
    rest = re.sub("|".join(map(re.escape, _longest(before.terms))) or "$", " ", before.text)
    helps = dict.fromkeys(patterns.HELP.findall(rest))
    return "".join(sorted([*_longest(kept), *helps], key=before.text.find))


def _longest(terms: Sequence[str]) -> list[str]:
    """Keep the words that are not part of a longer one."""
    return [t for t in terms if not any(t != other and t in other for other in terms)]
