"""From evidence to an answer, by the kind of answer asked for."""

from collections.abc import Sequence
from dataclasses import replace

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, Sentence
from assistant.asked import FIGURES, STRICT
from assistant.comparison import compared
from assistant.draft import Draft
from assistant.evidence import (
    Evidence,
    gather_evidence,
)
from assistant.fit import answers, is_off_topic, may_be_off_topic
from assistant.judging import judge
from assistant.levels import by_level
from assistant.lists import CLOSE_TO_BEST
from assistant.lookup import Lookup
from assistant.nearest import nearest_figure
from assistant.offices import office_asked_for, with_offices
from assistant.parts_answers import parts_by_name
from assistant.refusing import ended_rule, refuse, say_expired, what_follows
from assistant.register_answers import (
    FROM_REGISTERS,
    add_today_names,
    help_of_any_kind,
    nearest_duty,
)
from assistant.renamed import name_of_today
from assistant.several import answer_each, joined
from knowledge.department import mentioned_departments

# Coverage and nearness together, see assistant/fit.py.
ENOUGH_TO_ANSWER = 1.55
ENOUGH_WITHOUT_KIND = 1.35  # where the kind of content proves nothing
ENOUGH_FOR_PARTLY = 1.2
WORTH_SHOWING = 0.3  # coverage of what is added for a word not yet spoken of
WORTH_COVERING = 2.5  # weight of a topic word that deserves a sentence of its own
COVERED = 0.8
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
    for attempt in (_of_elsewhere, parts_by_name, compared, *FROM_REGISTERS):
        answer = attempt(look, evidence)
        if answer is not None:
            return answer
    strict = look.reading.asked in STRICT
    least = ENOUGH_TO_ANSWER if strict else ENOUGH_WITHOUT_KIND
    chosen = next((e for e in evidence if answers(e, look, evidence, least)), None)
    verdict = judge(look, evidence, chosen)
    if verdict is not None and not verdict.answering:
        helped = help_of_any_kind(look) or nearest_duty(look)
        return helped or _unanswered(look, evidence, verdict.refused)
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


def _unanswered(look: Lookup, evidence: list[Evidence], refused: Sequence[Evidence] = ()) -> Answer:
    if may_be_off_topic(look, evidence):
        return _out_of_scope(look)
    ended = ended_rule(look)
    if ended is None:
        return refuse(look, evidence)
    follows = what_follows(ended, look, refused or evidence)
    if follows is not None:
        return _in_part(_answer(look, evidence, follows))
    return say_expired(ended[1], look)


def _of_elsewhere(look: Lookup, evidence: list[Evidence]) -> Answer | None:
    return _out_of_scope(look) if is_off_topic(look, evidence) else None


def _out_of_scope(look: Lookup) -> Answer:
    draft = Draft(look.knowledge)
    draft.say(wording.OUT_OF_SCOPE)
    draft.say(wording.SCOPE_HINT)
    return draft.finish(AnswerStatus.OUT_OF_SCOPE, Intent.OUT_OF_SCOPE, wording.SUGGESTIONS)


def _answer(look: Lookup, evidence: list[Evidence], chosen: Evidence, *beside: Evidence) -> Answer:
    draft = Draft(look.knowledge)
    draft.quote(chosen.statement)
    for item in look.knowledge.items_below(chosen.statement):
        draft.quote(item, bullet=True)
    for other in beside[: MAX_POINTS - len(draft)]:
        draft.quote(other.statement, bullet=True)
    _quote_short_clause(draft, look, chosen)
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
