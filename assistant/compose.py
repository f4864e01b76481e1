"""From evidence to an answer, by the kind of answer asked for."""

from dataclasses import replace

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, Sentence
from assistant.comparison import compared
from assistant.draft import Draft
from assistant.evidence import (
    Evidence,
    gather_evidence,
    holds_asked,
    known_topic,
    topic_coverage,
)
from assistant.lists import CLOSE_TO_BEST
from assistant.lookup import Lookup
from assistant.parts_answers import parts_by_name
from assistant.reading import FIGURES, STRICT, Asked, asks_name_of_person
from assistant.register_answers import (
    FROM_REGISTERS,
    add_today_names,
    help_of_any_kind,
    whom_to_ask,
)
from assistant.several import answer_each
from knowledge.department import mentioned_departments
from knowledge.lexicon import groups_in
from knowledge.register import Duty
from knowledge.statement import Statement
from knowledge.tokenizer import topic_share

# How well a statement must fit: the coverage of the topic's words, its nearness in meaning, and
# how far it stays behind the statement nearest to the topic, which may hold no such content.
NEARNESS_SHARE = 0.35  # of coverage, for each standard deviation
MOST_NEARNESS = 6.0
LEAST_NEARNESS = 1.5  # of a clause that names every thing asked about
BEHIND_SHARE = 0.6
ENOUGH_TO_ANSWER = 1.55
ENOUGH_WITHOUT_KIND = 1.35  # where the kind of content proves nothing
ENOUGH_FOR_PARTLY = 1.2
ALL_NOUNS_RELIEF = 0.35  # where every thing that the question names stands in the clause
NAMED = 0.5
KNOWN_THINGS_RELIEF = 0.2  # where it names nothing that is foreign to the policies
UNKNOWN_THING = 0.4  # more is needed where the question names a thing that no policy knows
_OF_WHAT = frozenset({Asked.DATE, Asked.NAME, Asked.REASON})  # the verb says of what
OFF_TOPIC_COVERAGE = 0.35
ENOUGH_IF_EXPIRED = 0.8
WORTH_SHOWING = 0.3  # coverage of what is shown as stated nearby
WORTH_COVERING = 2.5  # weight of a topic word that deserves a sentence of its own
COVERED = 0.8
MAX_POINTS = 5
MAX_NAMES = 3  # departments in one answer whose names today are said
MAX_CLAUSE_CHARACTERS = 320


def compose_answer(look: Lookup) -> Answer:
    """Answer a question of policy, or say that the policies do not; part by part."""
    answer = answer_each(look, _compose) or _compose(look)
    return _with_names_today(answer, look)


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
    chosen = next((e for e in evidence if _answers(e, look, evidence, least)), None)
    if chosen is not None:
        return _answer(look, evidence, chosen)
    helped = help_of_any_kind(look)
    if helped is not None:
        return helped
    if not strict:
        fit = (e for e in evidence if _answers(e, look, evidence, ENOUGH_FOR_PARTLY))
        nearest = next(fit, None)
        if nearest is not None:
            partly = _answer(look, evidence, nearest)
            lead = Sentence(wording.PARTLY)
            return replace(
                partly, status=AnswerStatus.PARTLY_ANSWERED, sentences=(lead, *partly.sentences)
            )
    if _is_off_topic(look, evidence):
        draft = Draft(look.knowledge)
        draft.say(wording.OUT_OF_SCOPE)
        draft.say(wording.SCOPE_HINT)
        return draft.finish(AnswerStatus.OUT_OF_SCOPE, Intent.OUT_OF_SCOPE, wording.SUGGESTIONS)
    return _expired(look) or _refuse(look, evidence)


def _answers(item: Evidence, look: Lookup, evidence: list[Evidence], least: float) -> bool:
    """Whether a statement answers the question: the right kind of content on the right topic."""
    reading, lexicon = look.reading, look.knowledge.lexicon
    if item.statement.is_heading or (reading.asked in STRICT and not item.fills):
        return False
    if not all(specific in item.context for specific in reading.specifics):
        return False
    # A word of the field that no policy uses is a matter that no policy settles.
    if any(map(lexicon.is_foreign, reading.terms)) or asks_name_of_person(reading):
        return False
    # Another programme's rule is no answer about the one that is named.
    named = (t for t in reading.terms if t in look.knowledge.names)
    if any(lexicon.found(name, item.context) < NAMED for name in named):
        return False
    near = min(item.nearness, MOST_NEARNESS)
    missing = _things_missing(item, look)
    if missing is not None and not missing and reading.asked not in _OF_WHAT:
        least -= ALL_NOUNS_RELIEF
        near = max(near, LEAST_NEARNESS)
    elif any(not lexicon.knows(t) for t in missing or ()):
        least += 0.0 if reading.asked in STRICT else UNKNOWN_THING
    elif reading.asked in FIGURES and reading.asked not in _OF_WHAT:
        least -= KNOWN_THINGS_RELIEF
    behind = max(e.topic for e in evidence) - item.topic
    return item.coverage + NEARNESS_SHARE * near - BEHIND_SHARE * behind >= least


def _things_missing(item: Evidence, look: Lookup) -> list[str] | None:
    """Return the things of a question that a clause does not name; None where it names none.

    People vary the verbs, not the things.
    """
    found = look.knowledge.lexicon.found
    things = [t for t in look.reading.terms if len(t) > 1 and topic_share(t) >= 1.0]
    return [t for t in things if found(t, item.context) < NAMED] if things else None


def _is_off_topic(look: Lookup, evidence: list[Evidence]) -> bool:
    best = max((e.coverage for e in evidence), default=0.0)
    if best >= OFF_TOPIC_COVERAGE or known_topic(look.reading, look.knowledge):
        return False
    return not (mentioned_departments(look.reading.text) or groups_in(look.reading.text))


def _answer(look: Lookup, evidence: list[Evidence], chosen: Evidence) -> Answer:
    draft = Draft(look.knowledge)
    draft.quote(chosen.statement)
    for item in look.knowledge.items_below(chosen.statement):
        draft.quote(item, bullet=True)
    siblings = look.knowledge.register.by_clause[chosen.clause.id]
    if sum(len(s.text) for s in siblings) <= MAX_CLAUSE_CHARACTERS:
        for statement in siblings:
            if not statement.is_heading:
                draft.quote(statement, bullet=True)
    for other in evidence:
        if len(draft) >= MAX_POINTS or other.score < CLOSE_TO_BEST * chosen.score:
            break
        if not other.statement.is_heading:
            draft.quote(other.statement, bullet=True)
    _cover_the_rest(draft, look, evidence)
    intent = Intent.FIGURE if look.reading.asked in FIGURES else Intent.POLICY
    return draft.finish(AnswerStatus.ANSWERED, intent)


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
    documents = look.knowledge.corpus.documents
    ended = {i for i, d in documents.items() if d.ended_before(look.as_of)}
    best: tuple[float, Statement] | None = None
    for statement in look.knowledge.register.statements:
        if statement.document_id not in ended or statement.is_heading:
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
    statements = look.knowledge.register.statements
    own = (s for s in statements if s.document_id == found.document_id and not s.figures)
    return max(own, key=lambda s: (s.clause_id == found.clause_id, not s.is_heading), default=found)


def _refuse(look: Lookup, evidence: list[Evidence]) -> Answer:
    """Say what is not stated, what is stated nearby, and whom to ask."""
    duty = whom_to_ask(look)
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


def _send_on(draft: Draft, duty: Duty | None) -> None:
    """Name the body to ask, with the sentence that makes it responsible."""
    if duty is not None:
        draft.quote_all(wording.ASK_THERE, [duty.statement])
        add_today_names(draft, duty.departments)
