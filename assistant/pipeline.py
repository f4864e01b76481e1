"""The straight path from a question to an answer: screen, read, look up, compose, verify."""

import re
from dataclasses import replace
from datetime import date

from assistant import patterns, wording
from assistant.answer import Answer, AnswerStatus, Intent, Question, Sentence
from assistant.compose import compose_answer
from assistant.day_asked import day_asked_about
from assistant.dialogue import read_in_context
from assistant.eligibility import hear
from assistant.eligibility_wording import RESUME
from assistant.guardrails import (
    NO_GROUNDS,
    AnswerNotVerified,
    Grounds,
    Problem,
    screen_question,
    verify_answer,
)
from assistant.handing_over import hand_over
from assistant.lookup import Lookup, Note, unseen
from assistant.memory import asked_of_memory
from assistant.more import asks_for_more, told_more
from assistant.notes import with_notes
from assistant.offices import said_of
from assistant.reading import read_question
from assistant.recommending import read_asking, recommending_answer, with_projects
from assistant.unknown_name import no_such_name, unknown_name
from assistant.wishes import Wanting, rules_part
from knowledge.knowledge_base import Knowledge
from knowledge.tokenizer import normalize
from matching.recommending.offers import NO_OFFERS, Offers

_HAN = re.compile(r"[\u4e00-\u9fff]")
_PUNCTUATION = re.compile(r"[\W_]+")

_PROBLEMS: dict[Problem, tuple[AnswerStatus, str]] = {
    Problem.EMPTY: (AnswerStatus.CLARIFY, wording.EMPTY),
    Problem.PERSONAL_DATA: (AnswerStatus.BLOCKED_QUESTION, wording.PERSONAL_DATA),
    Problem.DISTRESS: (AnswerStatus.OUT_OF_SCOPE, wording.DISTRESS),
    Problem.ABUSE: (AnswerStatus.BLOCKED_QUESTION, wording.ABUSE),
    Problem.ORDERS: (AnswerStatus.OUT_OF_SCOPE, wording.ORDERS),
}


def answer_question(
    question: Question, knowledge: Knowledge, offers: Offers = NO_OFFERS, note: Note = unseen
) -> Answer:
    """Answer one message from the policies that hold on a day; pure of the database.

    Who tells of money, abilities and wishes is recommended projects and mentors from
    `offers`. The same question, history, knowledge and offers give the same answer to the
    byte. `note` is told what each step made, for whoever wants to see how an answer came
    about: screened, corrected, heard, asking, reading, day, judged, composed, refused.
    """
    answer = _answer(question, knowledge, offers, note)
    return with_notes(answer, knowledge.corpus, question.as_of)


def _answer(question: Question, knowledge: Knowledge, offers: Offers, note: Note) -> Answer:
    screened = screen_question(question.text)
    note("screened", screened)
    if screened.problem is not None:
        status, text = _PROBLEMS[screened.problem]
        return _fixed(status, Intent.OUT_OF_SCOPE, text)
    text = knowledge.speller.correct(normalize(screened.text))
    note("corrected", text)
    written = _as_written(screened.text, text)
    aside = _aside(written, question, knowledge, note)
    return aside or _of_matters(text, written, question, knowledge, offers, note)


def _aside(text: str, question: Question, knowledge: Knowledge, note: Note) -> Answer | None:
    """Answer what is neither small talk nor told by policies: of memory, of unknown names."""
    remembered = asked_of_memory(text, question, knowledge)
    if remembered is not None:
        return _verified(remembered[0], knowledge, note, remembered[1])
    unknown = unknown_name(text, knowledge)
    if unknown is None:
        return None
    name, general = unknown
    reading = read_question(general, knowledge.names)
    near = compose_answer(Lookup(reading, knowledge, question.as_of, note))
    answer = replace(no_such_name(name, near), completed_question=text)
    return _verified(answer, knowledge, note)


def _of_matters(
    text: str, written: str, question: Question, knowledge: Knowledge, offers: Offers, note: Note
) -> Answer:
    """Answer of the person's own case, of projects, of policies; small talk as such."""
    heard = hear(written, question, knowledge)
    note("heard", heard)
    if heard.answer is not None:
        own = replace(heard.answer, completed_question=f"{heard.about} {text}".strip())
        judged = _verified(own, knowledge, note, heard.grounds)
        return replace(judged, learned=heard.learned if question.profile_in_use else {})
    small = _small_talk(text, question, knowledge)
    if small is not None:
        return _verified(small, knowledge, note)

    asking = read_asking(question, written)
    note("asking", asking)
    learned = {**heard.learned, **asking.learned} if question.profile_in_use else {}
    recommended = recommending_answer(asking, offers, knowledge)
    if recommended is not None:
        return replace(recommended, learned=learned, completed_question=text)

    about_rules = rules_part(text) if asking.wish.wanting is Wanting.PROJECTS else text
    reading = read_in_context(about_rules, question.history, knowledge)
    day = day_asked_about(reading.text, question.as_of)
    note("reading", reading)
    note("day", day)
    answer = compose_answer(Lookup(reading, knowledge, day, note))
    if day != question.as_of and answer.citations:
        dated = Sentence(wording.AS_OF_EARLIER)
        answer = replace(answer, sentences=(dated, *answer.sentences))
    if not offers.table.projects:
        answer = _with_wish(answer, text, knowledge, day)
    answer = replace(answer, completed_question=reading.text, learned=learned)
    if heard.pending:
        answer = replace(answer, suggestions=(RESUME, *answer.suggestions))
    return with_projects(_verified(answer, knowledge, note), asking, offers, knowledge)


def _as_written(text: str, corrected: str) -> str:
    """Return what people say of themselves: as they wrote it, for the speller knows policies;
    but pinyin as it was read."""
    written = normalize(text)
    return written if _HAN.search(written) else corrected


def _with_wish(answer: Answer, text: str, knowledge: Knowledge, day: date) -> Answer:
    """Say plainly that there is no project or mentor to recommend yet."""
    for pattern, intent, lead, topic in (
        (patterns.PROJECT, Intent.PROJECT, wording.PROJECT, wording.PROJECT_TOPIC),
        (patterns.MENTOR, Intent.MENTOR, wording.MENTOR, wording.MENTOR_TOPIC),
    ):
        if not pattern.search(text):
            continue
        if answer.status is not AnswerStatus.ANSWERED:
            answer = compose_answer(Lookup(read_question(topic, knowledge.names), knowledge, day))
        if answer.citations:
            sentences = (Sentence(lead), *answer.sentences)
            status = AnswerStatus.PARTLY_ANSWERED
            return replace(answer, status=status, intent=intent, sentences=sentences)
    return answer


def _small_talk(text: str, question: Question, knowledge: Knowledge) -> Answer | None:
    """Answer what needs no look-up: greetings, thanks, questions about the desk itself."""
    bare = _PUNCTUATION.sub("", text)
    for pattern, reply in (
        (patterns.GREETING, wording.GREETING),
        (patterns.THANKS, wording.THANKS),
        (patterns.ABOUT, wording.ABOUT),
    ):
        if pattern.fullmatch(bare):
            return replace(
                _fixed(AnswerStatus.ANSWERED, Intent.SMALLTALK, reply),
                suggestions=wording.SUGGESTIONS,
            )
    if patterns.CLOCK.fullmatch(bare):
        return replace(
            _fixed(AnswerStatus.OUT_OF_SCOPE, Intent.OUT_OF_SCOPE, wording.OUT_OF_SCOPE),
            suggestions=wording.SUGGESTIONS,
        )
    last = asks_for_more(bare, question.history)
    if last is not None:
        reading = read_question(last.completed_question or last.question, knowledge.names)
        more = told_more(last, question.history, Lookup(reading, knowledge, question.as_of))
        return replace(more, completed_question=reading.text)
    if patterns.PROGRESS.search(text):
        return _fixed(AnswerStatus.HANDED_OVER, Intent.PROGRESS, wording.PROGRESS)
    if patterns.HANDOFF.search(text):
        return hand_over(question, knowledge)
    return None


def _fixed(status: AnswerStatus, intent: Intent, text: str) -> Answer:
    return Answer(status, intent, (Sentence(text),))


def _verified(
    answer: Answer, knowledge: Knowledge, note: Note, own: Grounds = NO_GROUNDS
) -> Answer:
    note("composed", answer)
    try:
        verify_answer(
            answer,
            lambda i: knowledge.corpus.documents[i].text,
            wording.is_fixed,
            wording.stated_count,
            own,
            lambda source: said_of(source, knowledge.offices),
        )
    except AnswerNotVerified as refused:
        note("refused", refused)
        return _fixed(AnswerStatus.BLOCKED_ANSWER, answer.intent, wording.BLOCKED_ANSWER)
    return answer
