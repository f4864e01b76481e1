"""From evidence to an answer, by the kind of answer asked for."""

from dataclasses import dataclass, replace
from datetime import date

from assistant import patterns, wording
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.draft import Draft
from assistant.evidence import Evidence, best_filled, gather_evidence, known_share
from assistant.lists import (
    CLOSE_TO_BEST,
    Listing,
    duties_about,
    duties_of,
    leading_duty,
    mentions,
    parts_about,
)
from assistant.reading import FIGURES, STRICT, Asked, Reading
from knowledge.department import find_department, mentioned_departments
from knowledge.knowledge_base import Knowledge
from knowledge.lexicon import groups_in
from knowledge.register import Duty

ENOUGH_FOR_FIGURE = 0.55
ENOUGH_FOR_TEXT = 0.5
USUAL_NEARNESS = 3.0  # standard deviations that a passing mention reaches, too
NEARNESS_RELIEF = 0.1  # a sentence that much nearer may miss that much more of the words
OFF_TOPIC_COVERAGE = 0.35
OFF_TOPIC_KNOWN = 0.5
ENOUGH_FOR_DUTY = 0.2
MAX_POINTS = 5
MAX_CLAUSE_CHARACTERS = 320


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question with what it is looked up in."""

    reading: Reading
    said: str  # the message itself, normalised
    knowledge: Knowledge
    as_of: date

    def with_terms(self, terms: tuple[str, ...]) -> "Lookup":
        """The same lookup about other topic words."""
        return replace(self, reading=replace(self.reading, terms=terms))


def compose_answer(look: Lookup) -> Answer:
    """Answer a question of policy, or say that the policies do not."""
    evidence = gather_evidence(look.reading, look.knowledge, look.as_of)
    for attempt in (_department_duties, _responsible, _parts, _group):
        answer = attempt(look, evidence)
        if answer is not None:
            return answer
    chosen = next((e for e in evidence if _answers(e, look.reading)), None)
    if chosen is not None:
        return _answer(look, evidence, chosen)
    if _is_off_topic(look, evidence):
        draft = Draft(look.knowledge)
        draft.say(wording.OUT_OF_SCOPE)
        draft.say(wording.SCOPE_HINT)
        return draft.finish(AnswerStatus.OUT_OF_SCOPE, Intent.OUT_OF_SCOPE, wording.SUGGESTIONS)
    return _refuse(look, evidence)


def _answers(item: Evidence, reading: Reading) -> bool:
    """Whether a statement answers the question: the right kind of content on the right topic."""
    if item.statement.is_heading or (reading.asked in STRICT and not item.fills):
        return False
    enough = ENOUGH_FOR_FIGURE if reading.asked in STRICT else ENOUGH_FOR_TEXT
    return item.coverage + NEARNESS_RELIEF * max(0.0, item.nearness - USUAL_NEARNESS) >= enough


def _is_off_topic(look: Lookup, evidence: list[Evidence]) -> bool:
    best = max((e.coverage for e in evidence), default=0.0)
    known = known_share(look.reading, look.knowledge)
    return best < OFF_TOPIC_COVERAGE and known < OFF_TOPIC_KNOWN


def _answer(look: Lookup, evidence: list[Evidence], chosen: Evidence) -> Answer:
    draft = Draft(look.knowledge)
    draft.quote(chosen.statement)
    _support(draft, look, evidence, chosen)
    intent = Intent.FIGURE if look.reading.asked in FIGURES else Intent.POLICY
    return draft.finish(AnswerStatus.ANSWERED, intent)


def _support(draft: Draft, look: Lookup, evidence: list[Evidence], chosen: Evidence) -> None:
    """Add the rest of a short clause, then the next best statements, then who is responsible."""
    siblings = look.knowledge.register.by_clause[chosen.clause.id]
    if sum(len(s.text) for s in siblings) <= MAX_CLAUSE_CHARACTERS:
        for statement in siblings:
            if not statement.is_heading and statement is not chosen.statement:
                draft.quote(statement, bullet=True)
    for other in evidence:
        if len(draft) >= MAX_POINTS:
            break
        if other.score >= CLOSE_TO_BEST * chosen.score and not other.statement.is_heading:
            draft.quote(other.statement, bullet=True)


def _department_duties(look: Lookup, _evidence: list[Evidence]) -> Answer | None:
    """All that a body does, when the question is about the body and nothing else."""
    named = mentioned_departments(look.said)
    if not named or look.reading.asked in STRICT:
        return None
    words = "".join(name for d in named for name in (d.name, d.today or "", *d.aliases))
    others = [t for t in look.reading.terms if t not in words]
    if others:
        return None
    draft = Draft(look.knowledge)
    for department in named:
        listing = duties_of(department, look.knowledge, look.as_of)
        if listing is None:
            continue
        draft.quote_all(wording.LIST_SIZE, listing.statements)
        if department.today and department.renamed:
            draft.say(wording.today_name(department.name, department.today))
    return draft.finish(AnswerStatus.ANSWERED, Intent.DEPARTMENT) if len(draft) else None


def _responsible(look: Lookup, _evidence: list[Evidence]) -> Answer | None:
    """Who does what the question is about."""
    if look.reading.asked is not Asked.DEPARTMENT:
        return None
    ranked = duties_about(look.reading, look.knowledge, look.as_of)
    if not ranked or ranked[0].coverage < ENOUGH_FOR_TEXT:
        return None
    draft = Draft(look.knowledge)
    names: dict[str, None] = {}
    for item in ranked:
        if len(draft) >= MAX_POINTS or item.score < CLOSE_TO_BEST * ranked[0].score:
            break
        if draft.quote(item.duty.statement, bullet=len(draft) > 0):
            names.update(dict.fromkeys(item.duty.departments))
    _today_names(draft, list(names))
    return draft.finish(AnswerStatus.ANSWERED, Intent.DEPARTMENT)


def _today_names(draft: Draft, names: list[str]) -> None:
    for name in names:
        department = find_department(name)
        if department is not None and department.today and department.renamed:
            draft.say(wording.today_name(department.name, department.today))


def _group(look: Lookup, _evidence: list[Evidence]) -> Answer | None:
    """Everything that applies to the group of people the question speaks of."""
    groups = groups_in(look.said)
    personal = patterns.FIRST_PERSON.search(look.said) is not None
    if not groups or look.reading.asked in STRICT or look.reading.asked is Asked.DEPARTMENT:
        return None
    words = {w for group in groups for w in group}
    others = tuple(t for t in look.reading.terms if not any(t in w or w in t for w in words))
    general = all(look.knowledge.lexicon.weight(t) < 2.0 for t in others)
    if not (personal or look.reading.asked in (Asked.LIST, Asked.ANY)) or not general:
        return None
    narrowed = look.with_terms(()).reading
    listing = mentions(groups[0], narrowed, look.knowledge, look.as_of)
    return None if listing is None else _list_answer(look, listing, Intent.ELIGIBILITY)


def _parts(look: Lookup, evidence: list[Evidence]) -> Answer | None:
    """The numbered parts of a clause, complete and counted."""
    if look.reading.asked not in (Asked.LIST, Asked.COUNT, Asked.ANY, Asked.PROCEDURE):
        return None
    listing = parts_about(look.reading, look.knowledge, look.as_of)
    if listing is None:
        return None
    rival = best_filled(evidence, 0.0)
    if rival is not None and rival.coverage > listing.coverage + 0.05:
        return None
    return _list_answer(look, listing, Intent.LIST)


def _list_answer(look: Lookup, listing: Listing, intent: Intent) -> Answer:
    draft = Draft(look.knowledge)
    draft.quote_all(wording.LIST_SIZE, listing.statements)
    return draft.finish(AnswerStatus.ANSWERED, intent)


def _refuse(look: Lookup, evidence: list[Evidence]) -> Answer:
    """Say what is not stated, what is stated nearby, and whom to ask."""
    draft = Draft(look.knowledge)
    draft.say(wording.not_stated(look.reading.asked))
    near = [e for e in evidence if not e.statement.is_heading and e.coverage > 0.3][:2]
    if near:
        draft.say(wording.NEARBY)
        for item in near:
            draft.quote(item.statement, bullet=True)
    duty = _whom_to_ask(look)
    if duty is not None:
        draft.say(wording.ASK_THERE)
        draft.quote(duty.statement, bullet=True)
        _today_names(draft, list(duty.departments))
    return draft.finish(AnswerStatus.NOT_IN_POLICY, Intent.POLICY)


def _whom_to_ask(look: Lookup) -> Duty | None:
    """The body named in the question, or whose duty is nearest, or that leads the plan."""
    for department in mentioned_departments(look.said):
        listing = duties_of(department, look.knowledge, look.as_of)
        if listing is not None:
            return Duty((department.name,), listing.statements[0])
    ranked = duties_about(look.reading, look.knowledge, look.as_of)
    if ranked and ranked[0].coverage >= ENOUGH_FOR_DUTY:
        return ranked[0].duty
    return leading_duty(look.knowledge, look.as_of)
