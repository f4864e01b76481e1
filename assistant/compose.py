"""From evidence to an answer, by the kind of answer asked for."""

from dataclasses import dataclass, replace
from datetime import date

from assistant import patterns, wording
from assistant.answer import Answer, AnswerStatus, Intent
from assistant.draft import Draft
from assistant.evidence import STRICT, Evidence, best_filled, gather_evidence
from assistant.lists import (
    CLOSE_TO_BEST,
    ENOUGH_OF_TOPIC,
    Listing,
    duties_about,
    duties_of,
    mentions,
    parts_about,
)
from assistant.reading import FIGURES, Asked, Reading
from knowledge.department import find_department, mentioned_departments
from knowledge.knowledge_base import Knowledge
from knowledge.lexicon import groups_in

ENOUGH_FOR_FIGURE = 0.55
ENOUGH_FOR_TEXT = 0.5
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
    for attempt in (_department_duties, _responsible, _group, _parts):
        answer = attempt(look, evidence)
        if answer is not None:
            return answer
    if look.reading.asked in STRICT:
        chosen = best_filled(evidence, ENOUGH_FOR_FIGURE)
    else:
        chosen = next((e for e in evidence if e.coverage >= ENOUGH_FOR_TEXT), None)
    return _refuse(look, evidence) if chosen is None else _answer(look, evidence, chosen)


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


def _responsible(look: Lookup, evidence: list[Evidence]) -> Answer | None:
    """Who does what the question is about."""
    if look.reading.asked is not Asked.DEPARTMENT:
        return None
    ranked = duties_about(look.reading, look.knowledge, look.as_of)
    if not ranked or ranked[0][0] < ENOUGH_FOR_TEXT:
        return None
    closeness = {e.statement: e.score for e in evidence}
    ranked.sort(key=lambda p: -(p[0] + 0.3 * closeness.get(p[1].statement, 0.0)))
    best = ranked[0][0]
    draft = Draft(look.knowledge)
    names: dict[str, None] = {}
    for coverage, duty in ranked[: 3 * MAX_POINTS]:
        if coverage < CLOSE_TO_BEST * best or len(draft) >= MAX_POINTS:
            continue
        if draft.quote(duty.statement, bullet=len(draft) > 0):
            names.update(dict.fromkeys(duty.departments))
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
    ranked = duties_about(look.reading, look.knowledge, look.as_of)
    if ranked and ranked[0][0] >= 0.3:
        draft.say(wording.ASK_THERE)
        draft.quote(ranked[0][1].statement, bullet=True)
        _today_names(draft, list(ranked[0][1].departments))
    return draft.finish(AnswerStatus.NOT_IN_POLICY, Intent.POLICY)


__all__ = ["ENOUGH_OF_TOPIC", "Lookup", "compose_answer"]
