"""Complete lists: who does something, all that a body does, the parts of a clause."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from assistant.evidence import (
    NEARNESS_WEIGHT,
    OWN_DISTRICT_BONUS,
    is_own_district,
    topic_coverage,
)
from assistant.reading import Reading
from knowledge.department import Department, find_department
from knowledge.document import Clause, ClauseKind
from knowledge.knowledge_base import Knowledge
from knowledge.register import Duty
from knowledge.statement import Statement

ENOUGH_OF_TOPIC = 0.6
CLOSE_TO_BEST = 0.85
NEAR_DUTIES = 40  # duties compared in meaning after their words were
_LEADS = re.compile(r"^[^,\uff0c。]{2,20}(?:牵头|总牵头|统筹)")


@dataclass(frozen=True, slots=True)
class RankedDuty:
    """A duty with how much of the topic it holds, and its score for ranking."""

    duty: Duty
    coverage: float
    score: float


@dataclass(frozen=True, slots=True)
class Listing:
    """A complete list with the statements it was read from, in document order."""

    statements: tuple[Statement, ...]
    coverage: float  # how much of the topic it is about, 0 to 1


def duties_about(reading: Reading, knowledge: Knowledge, as_of: date) -> list[RankedDuty]:
    """Rank every duty in force by how much of a topic it holds and how near it is, best first."""
    valid = knowledge.corpus.valid_documents(as_of)
    scored: list[RankedDuty] = []
    for duty in knowledge.register.duties:
        if duty.statement.document_id not in valid:
            continue
        clause = knowledge.corpus.clauses[duty.statement.clause_id]
        coverage = topic_coverage(reading, duty.statement, clause, knowledge)
        if coverage > 0:
            bonus = OWN_DISTRICT_BONUS if is_own_district(clause, knowledge) else 0.0
            scored.append(RankedDuty(duty, coverage, coverage + bonus))
    scored.sort(key=lambda d: (-d.score, d.duty.statement.document_id, d.duty.statement.start))
    scored = scored[:NEAR_DUTIES]
    texts = [d.duty.statement.text for d in scored]
    nearness = knowledge.meaning.nearness(reading.text, texts)
    scored = [
        replace(d, score=d.score + NEARNESS_WEIGHT * float(near))
        for d, near in zip(scored, nearness, strict=True)
    ]
    scored.sort(key=lambda d: (-d.score, d.duty.statement.document_id, d.duty.statement.start))
    return scored


def leading_duty(knowledge: Knowledge, as_of: date) -> Duty | None:
    """Return the duty of the body that leads the district's own plan, or None.

    Whoever has a question that no other duty covers is sent there.
    """
    valid = knowledge.corpus.valid_documents(as_of)
    own = [
        duty
        for duty in knowledge.register.duties
        if duty.statement.document_id in valid
        and is_own_district(knowledge.corpus.clauses[duty.statement.clause_id], knowledge)
    ]
    return next((d for d in own if _LEADS.search(d.statement.text)), own[0] if own else None)


def duties_of(department: Department, knowledge: Knowledge, as_of: date) -> Listing | None:
    """Return every statement that makes a department act, or None."""
    valid = knowledge.corpus.valid_documents(as_of)
    found = [
        duty.statement
        for duty in knowledge.register.duties
        if duty.statement.document_id in valid and is_named(department, duty.departments)
    ]
    return Listing(tuple(dict.fromkeys(found)), 1.0) if found else None


def is_named(department: Department, names: Sequence[str]) -> bool:
    """Whether one of the names that a document prints means this department."""
    return any(find_department(name) == department for name in names)


def parts_about(reading: Reading, knowledge: Knowledge, as_of: date) -> Listing | None:
    """Return the numbered parts of the clause whose heading the question is about, or None.

    "创建工作分几个阶段" is about a clause headed 创建工作步骤 whose every part is a 阶段.
    """
    valid = knowledge.corpus.valid_documents(as_of)
    best: Listing | None = None
    for document_id in sorted(valid):
        for clause in knowledge.corpus.documents[document_id].clauses:
            parts = [c for c in knowledge.corpus.children(clause) if c.kind is ClauseKind.HEADING]
            if len(parts) < 2:
                continue
            coverage = _parts_coverage(reading.terms, clause, parts, knowledge)
            if coverage >= ENOUGH_OF_TOPIC and (best is None or coverage > best.coverage):
                first = [knowledge.register.by_clause.get(part.id, ()) for part in parts]
                best = Listing(tuple(s[0] for s in first if s), coverage)
    return best


def _parts_coverage(
    terms: Sequence[str], clause: Clause, parts: Sequence[Clause], knowledge: Knowledge
) -> float:
    """Weigh each topic word by where it stands: in the heading, or in all of the parts' own."""
    lexicon = knowledge.lexicon
    names = [part.heading or part.text[:30] for part in parts]
    total = held = 0.0
    for term in terms:
        weight = lexicon.weight(term)
        in_parts = sum(lexicon.found(term, name) for name in names) / len(names)
        total += weight
        held += weight * max(lexicon.found(term, clause.heading), in_parts)
    return held / total if total else 0.0


def mentions(
    names: Sequence[str], reading: Reading, knowledge: Knowledge, as_of: date
) -> Listing | None:
    """Return every statement in force that names one thing and is about the reading's topic.

    Args:
        names: the words for the thing, a group of people for instance.
        reading: its terms without these names; where it has none, all are returned.
    """
    valid = knowledge.corpus.valid_documents(as_of)
    pattern = re.compile("|".join(map(re.escape, names)))
    found = []
    for statement in knowledge.register.statements:
        if statement.document_id not in valid or not pattern.search(statement.text):
            continue
        clause = knowledge.corpus.clauses[statement.clause_id]
        coverage = topic_coverage(reading, statement, clause, knowledge)
        if coverage >= ENOUGH_OF_TOPIC or not reading.terms:
            found.append(statement)
    return Listing(tuple(found), 1.0) if found else None
