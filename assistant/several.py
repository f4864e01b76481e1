"""Several questions in one message: each is answered, and what is not stated is said."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Citation, OfficeSource, Sentence
from assistant.asked import STRICT, Asked
from assistant.lookup import Lookup
from assistant.reading import Reading, read_question

MAX_QUESTIONS = 4
_BREAK = re.compile(r"[,;?!。\s]+|(?:然后|还有|以及|另外|顺便)")
_OWN_ANSWER = STRICT | {Asked.DEPARTMENT, Asked.PROCEDURE}
_ANSWERED = (AnswerStatus.ANSWERED, AnswerStatus.PARTLY_ANSWERED)


def answer_each(look: Lookup, compose: Callable[[Lookup], Answer]) -> Answer | None:
    """Answer every question of a message, or None where it asks but one thing.

    Where the policies answer none of them, None too: the message is then read as a whole.
    """
    questions = questions_in(look)
    if len(questions) < 2:
        return None
    answers = [compose(replace(look, reading=reading)) for reading in questions]
    pairs = list(zip(questions, answers, strict=True))
    answered = [a for a in answers if a.status in _ANSWERED]
    if not any(a in answered and r.asked is not Asked.PROCEDURE for r, a in pairs):
        return None
    missing = [
        wording.not_stated(reading.asked)
        for reading, answer in pairs
        if answer.status not in _ANSWERED
    ]
    whole = joined(answered)
    sentences = (*whole.sentences, *(Sentence(text) for text in dict.fromkeys(missing)))
    status = AnswerStatus.PARTLY_ANSWERED if missing else AnswerStatus.ANSWERED
    return replace(whole, status=status, sentences=sentences)


def questions_in(look: Lookup) -> list[Reading]:
    """Cut a message into the questions that it asks; one without a topic takes the first one's."""
    if look.reading.background:
        return []
    knowledge = look.knowledge
    found: list[Reading] = []
    lead = ""
    for piece in filter(None, _BREAK.split(look.reading.text)):
        reading = read_question(piece, knowledge.names, knowledge.places, knowledge.lexicon.phrases)
        if reading.asked not in _OWN_ANSWER:
            if found:
                return []  # a remark behind a question may turn it
            lead += piece
            continue
        if lead:
            reading = read_question(
                lead + piece, knowledge.names, knowledge.places, knowledge.lexicon.phrases
            )
            lead = ""
        found.append(_completed(reading, found[0]) if found else reading)
    kinds = {reading.asked for reading in found}
    return found if 1 < len(found) <= MAX_QUESTIONS and len(kinds) > 1 else []


def _completed(reading: Reading, first: Reading) -> Reading:
    terms = tuple(dict.fromkeys((*first.terms, *reading.terms)))
    topic = "".join(t for t in first.terms if not any(t != o and t in o for o in first.terms))
    return Reading(f"{topic} {reading.text}", reading.asked, terms)


def joined(answers: Sequence[Answer]) -> Answer:
    """Put answers one after the other; what was said before is not said again."""
    sentences: list[Sentence] = []
    citations: list[Citation] = []
    offices: list[OfficeSource] = []
    said: set[tuple[str, OfficeSource | None]] = set()
    for answer in answers:
        shift = len(citations)
        citations += answer.citations
        counted = any(wording.stated_count(sentence.text) for sentence in answer.sentences)
        for sentence in answer.sentences:
            source = None if sentence.office is None else answer.offices[sentence.office]
            if (sentence.text, source) in said and (source is not None or not counted):
                continue
            said.add((sentence.text, source))
            if source is not None and source not in offices:
                offices.append(source)
            cited = tuple(place + shift for place in sentence.citations)
            place = None if source is None else offices.index(source)
            sentences.append(replace(sentence, citations=cited, office=place))
    return replace(
        answers[0],
        sentences=tuple(_without_bare_leads(sentences)),
        citations=tuple(citations),
        offices=tuple(offices),
    )


def _without_bare_leads(sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """Leave out what leads in nothing any more: "建议向其咨询：" with no body behind it."""
    for sentence, following in zip_longest(sentences, sentences[1:]):
        is_lead = sentence.text.endswith("：") and not sentence.citations
        if not is_lead or (following is not None and following.citations):
            yield sentence
