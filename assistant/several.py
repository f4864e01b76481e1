"""Several questions in one message: each is answered, and what is not stated is said."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

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
    joined = _joined(answered)
    sentences = (*joined.sentences, *(Sentence(text) for text in dict.fromkeys(missing)))
    status = AnswerStatus.PARTLY_ANSWERED if missing else AnswerStatus.ANSWERED
    return replace(joined, status=status, sentences=sentences)


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


def _joined(answers: Sequence[Answer]) -> Answer:
    """Put answers one after the other; a sentence said before is not said again."""
    sentences: list[Sentence] = []
    citations: list[Citation] = []
    offices: list[OfficeSource] = []
    said: set[str] = set()
    for answer in answers:
        shift = len(citations)
        office_shift = len(offices)
        citations += answer.citations
        offices += answer.offices
        counted = any(not sentence.citations for sentence in answer.sentences)
        for sentence in answer.sentences:
            if sentence.text in said and not counted:
                continue
            said.add(sentence.text)
            cited = tuple(place + shift for place in sentence.citations)
            office = None if sentence.office is None else sentence.office + office_shift
            sentences.append(replace(sentence, citations=cited, office=office))
    return replace(
        answers[0],
        sentences=tuple(sentences),
        citations=tuple(citations),
        offices=tuple(offices),
    )
