"""From evidence to an answer, by the kind of answer asked for."""

from dataclasses import replace

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, Sentence
from assistant.asked import FIGURES, STRICT
from assistant.comparison import compared
from assistant.draft import Draft
from assistant.evidence import (
    Evidence,
    gather_evidence,
    holds_asked,
    topic_coverage,
)
from assistant.fit import answers, in_scope
from assistant.judging import judge
from assistant.levels import by_level
from assistant.lists import CLOSE_TO_BEST, leading_duty
from assistant.lookup import Lookup
from assistant.nearest import nearest_figure
from assistant.offices import answered_by_office, office_asked_for, with_offices
from assistant.parts_answers import parts_by_name
from assistant.register_answers import (
    FROM_REGISTERS,
    add_today_names,
    help_of_any_kind,
    nearest_duty,
    whom_to_ask,
)
from assistant.renamed import name_of_today
from assistant.several import answer_each, joined
from knowledge.department import mentioned_departments
from knowledge.register import Duty
from knowledge.statement import Statement

# Coverage and nearness together, see assistant/fit.py.
ENOUGH_TO_ANSWER = 1.55
ENOUGH_WITHOUT_KIND = 1.35  # where the kind of content proves nothing
ENOUGH_FOR_PARTLY = 1.2
ENOUGH_IF_EXPIRED = 0.8
WORTH_SHOWING = 0.3  # coverage of what is shown as stated nearby
WORTH_COVERING = 2.5  # weight of a topic word that deserves a sentence of its own
COVERED = 0.8
HOLDS_TOPIC = 0.5  # coverage of a duty that is the one for a matter
MAX_POINTS = 5
MAX_NAMES = 3  # departments in one answer whose names today are said
MAX_CLAUSE_CHARACTERS = 320


def compose_answer(look: Lookup) -> Answer:
    """Answer a question of policy, or say that the policies do not; part by part."""
    answer = answer_each(look, _with_offices) or by_level(_with_offices(look), look)
    renamed = name_of_today(answer, look)
    if renamed is not None:
        answer = joined([answer, renamed])
    return _with_names_today(answer, look)


def _with_offices(look: Lookup) -> Answer:
    return office_asked_for(look) or with_offices(_compose(look), look)


def _with_names_today(answer: Answer, look: Lookup) -> Answer:
    """Say which body has the duties today of those that the answer names by an older name."""
    if answer.intent is Intent.LIST:
        return answer
    printed = "".join(s.text for s in answer.sentences if s.citations)
    named = [d.name for d in mentioned_departments(printed) if d.name in printed]
    draft = Draft(look.knowledge)
    if len(named) <= MAX_NAMES:
        add_today_names(draft, named)
    said = {s.text for s in answer.sentences}
    more = draft.finish(answer.status, answer.intent).sentences
    return replace(answer, sentences=(*answer.sentences, *(s for s in more if s.text not in said)))


def _compose(look: Lookup) -> Answer:
    evidence = gather_evidence(look.reading, look.knowledge, look.as_of)
    for attempt in (parts_by_name, compared, *FROM_REGISTERS):
        answer = attempt(look, evidence)
        if answer is not None:
            return answer
    strict = look.reading.asked in STRICT
    least = ENOUGH_TO_ANSWER if strict else ENOUGH_WITHOUT_KIND
    chosen = next((e for e in evidence if answers(e, look, evidence, least)), None)
    verdict = judge(look, evidence, chosen)
    if verdict is not None and not verdict.answering:
        return help_of_any_kind(look) or nearest_duty(look) or _unanswered(look, evidence)
    answering = verdict.answering if verdict else (chosen,) if chosen else ()
    if answering:
        answer = _answer(look, evidence, *answering)
        return _in_part(answer) if verdict and verdict.in_doubt else answer
    helped = help_of_any_kind(look) or nearest_figure(look, evidence) or nearest_duty(look)
    if helped is not None:
        return helped
    if not strict:
        fit = (e for e in evidence if answers(e, look, evidence, ENOUGH_FOR_PARTLY))
        nearest = next(fit, None)
        if nearest is not None:
            return _in_part(_answer(look, evidence, nearest))
    return _unanswered(look, evidence)


def _in_part(answer: Answer) -> Answer:
    """Say of an answer that it is only what is stated nearest to the question."""
    lead = Sentence(wording.PARTLY)
    return replace(answer, status=AnswerStatus.PARTLY_ANSWERED, sentences=(lead, *answer.sentences))


def _unanswered(look: Lookup, evidence: list[Evidence]) -> Answer:
    if not in_scope(look, evidence):
        draft = Draft(look.knowledge)
        draft.say(wording.OUT_OF_SCOPE)
        draft.say(wording.SCOPE_HINT)
        return draft.finish(AnswerStatus.OUT_OF_SCOPE, Intent.OUT_OF_SCOPE, wording.SUGGESTIONS)
    return _expired(look) or _refuse(look, evidence)


def _answer(look: Lookup, evidence: list[Evidence], chosen: Evidence, *beside: Evidence) -> Answer:
    draft = Draft(look.knowledge)
    draft.quote(chosen.statement)
    for item in look.knowledge.items_below(chosen.statement):
        draft.quote(item, bullet=True)
    _quote_short_clause(draft, look, chosen)
    for other in beside[: MAX_POINTS - len(draft)]:
        draft.quote(other.statement, bullet=True)
    for other in evidence:
        if len(draft) >= MAX_POINTS or other.score < CLOSE_TO_BEST * chosen.score:
            break
        if not other.statement.is_heading:
            draft.quote(other.statement, bullet=True)
    _cover_the_rest(draft, look, evidence)
    intent = Intent.FIGURE if look.reading.asked in FIGURES else Intent.POLICY
    return draft.finish(AnswerStatus.ANSWERED, intent)


def _quote_short_clause(draft: Draft, look: Lookup, chosen: Evidence) -> None:
    """Quote all of a clause that is short: its sentences are understood together."""
    siblings = look.knowledge.register.by_clause[chosen.clause.id]
    if sum(len(s.text) for s in siblings) <= MAX_CLAUSE_CHARACTERS:
        for statement in siblings:
            if not statement.is_heading:
                draft.quote(statement, bullet=True)


def _cover_the_rest(draft: Draft, look: Lookup, evidence: list[Evidence]) -> None:
    """Add a statement for each topic word not yet spoken of: a question may ask two things."""
    lexicon = look.knowledge.lexicon
    said = draft.quoted_text()
    missing = {
        term
        for term in look.reading.terms
        if lexicon.knows(term) and lexicon.weight(term) >= WORTH_COVERING
        if lexicon.found(term, said) < COVERED
    }
    strict = look.reading.asked in STRICT
    for item in evidence:
        held = {term for term in missing if lexicon.found(term, item.statement.text) >= COVERED}
        if not held or item.statement.is_heading or (strict and not item.fills):
            continue
        if item.coverage >= WORTH_SHOWING:
            draft.quote(item.statement, bullet=True)
            missing -= held


def _expired(look: Lookup) -> Answer | None:
    """Say that only rules which no longer hold speak of the matter, or None."""
    corpus, register = look.knowledge.corpus, look.knowledge.register
    best: tuple[float, Statement] | None = None
    for statement in register.of_documents(corpus, corpus.ended_documents(look.as_of)):
        if statement.is_heading:
            continue
        if not holds_asked(look.reading.asked, statement):
            continue
        clause = look.knowledge.corpus.clauses[statement.clause_id]
        coverage = topic_coverage(look.reading, statement, clause, look.knowledge)
        if coverage >= ENOUGH_IF_EXPIRED and (best is None or coverage > best[0]):
            best = (coverage, statement)
    if best is None:
        return None
    draft = Draft(look.knowledge)
    draft.say(wording.EXPIRED_ONLY)
    draft.quote(_without_figures(best[1], look), bullet=True)
    _send_on(draft, whom_to_ask(look))
    return draft.finish(AnswerStatus.EXPIRED_ONLY, Intent.POLICY)


def _without_figures(found: Statement, look: Lookup) -> Statement:
    """Return what tells which document ended: a figure of the past would be taken for today's."""
    if look.reading.asked not in FIGURES or not found.figures:
        return found
    corpus, register = look.knowledge.corpus, look.knowledge.register
    of_document = register.of_documents(corpus, (found.document_id,))
    own = (s for s in of_document if not s.figures)
    return max(own, key=lambda s: (s.clause_id == found.clause_id, not s.is_heading), default=found)


def _refuse(look: Lookup, evidence: list[Evidence]) -> Answer:
    """Say what is not stated, what is stated nearby, and whom to ask."""
    duty = whom_to_ask(look)
    if duty is not None and _is_for_the_topic(duty, look):
        sent_on = Draft(look.knowledge)
        _send_on(sent_on, duty)
        why = sent_on.finish(AnswerStatus.ANSWERED, Intent.DEPARTMENT)
        if (told := answered_by_office(look, duty.departments, why)) is not None:
            return told
    draft = Draft(look.knowledge)
    draft.say(wording.not_stated(look.reading.asked))
    near = [
        e.statement
        for e in evidence
        if not e.statement.is_heading and e.coverage > WORTH_SHOWING
        if duty is None or e.statement != duty.statement
    ]
    draft.quote_all(wording.NEARBY, near[:2])
    _send_on(draft, duty)
    return draft.finish(AnswerStatus.NOT_IN_POLICY, Intent.POLICY)


def _is_for_the_topic(duty: Duty, look: Lookup) -> bool:
    """Whether a body has the very matter, and is not only the one that leads everything."""
    held = look.knowledge.lexicon.coverage(look.reading.terms, duty.statement.text)
    return held >= HOLDS_TOPIC or duty != leading_duty(look.knowledge, look.documents)


def _send_on(draft: Draft, duty: Duty | None) -> None:
    """Name the body to ask, with the sentence that makes it responsible."""
    if duty is not None:
        draft.quote_all(wording.ASK_THERE, [duty.statement])
        add_today_names(draft, duty.departments)
