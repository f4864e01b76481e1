"""Complete lists: who does something, all that a body does, the parts of a clause."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant import patterns
from assistant.evidence import (
    NEARNESS_WEIGHT,
    is_note,
    is_own_district,
    topic_coverage,
)
from assistant.reading import Reading
from knowledge.department import Department, find_department
from knowledge.knowledge_base import Knowledge
from knowledge.register import Duty, split_bodies
from knowledge.statement import Statement

ENOUGH_OF_TOPIC = 0.6
_LISTING = re.compile(r"(?:有|是|为|由|:|\uff1a)([\u4e00-\u9fff]+(?:(?:、|和)[\u4e00-\u9fff]+)+)")
CLOSE_TO_BEST = 0.85
OWN_DUTY_BONUS = 0.25  # people are sent to an office of their own district first
MAX_COMPARED = 2_000  # duties that are all compared in meaning
NEAR_IN_MEANING = 10
NEARNESS_SHARE = 0.3  # of coverage, for each standard deviation; as in the training questions
NEAR_DUTIES = 40  # duties compared in meaning after their words were
_LEADS = re.compile(r"^[^,\uff0c。]{2,20}(?:牵头|总牵头|统筹)")


@dataclass(frozen=True, slots=True)
class RankedDuty:
    """A duty with how much of the topic it holds, how near it is, and its score for ranking."""

    duty: Duty
    coverage: float
    nearness: float
    score: float

    @property
    def closeness(self) -> float:
        """Words and meaning together; what decides whether the duty is the one asked about."""
        return self.coverage + NEARNESS_SHARE * self.nearness


def duties_about(
    reading: Reading,
    knowledge: Knowledge,
    documents: frozenset[int],
    nearest: Sequence[Duty] = (),
) -> list[RankedDuty]:
    """Rank every duty in force by how much of a topic it holds and how near it is, best first.

    Duties without a word of the topic are left out, but for those in `nearest`.
    """
    scored: list[RankedDuty] = []
    words = (*reading.terms, *reading.background)
    alike = [w for word in words for w in knowledge.lexicon.alternatives(word)]
    for duty in dict.fromkeys((*knowledge.finder.duties_with(words, alike), *nearest)):
        if duty.statement.document_id not in documents:
            continue
        clause = knowledge.corpus.clauses[duty.statement.clause_id]
        coverage = topic_coverage(reading, duty.statement, clause, knowledge)
        if coverage > 0 or duty in nearest:
            bonus = OWN_DUTY_BONUS if is_own_district(clause, knowledge) else 0.0
            scored.append(RankedDuty(duty, coverage, 0.0, coverage + bonus))
    scored.sort(key=lambda d: (-d.score, d.duty.statement.document_id, d.duty.statement.start))
    scored = scored[:NEAR_DUTIES]
    texts = [d.duty.statement.text for d in scored]
    nearness = knowledge.meaning.nearness(reading.text, texts)
    scored = [
        replace(d, nearness=float(near), score=d.score + NEARNESS_WEIGHT * float(near))
        for d, near in zip(scored, nearness, strict=True)
    ]
    scored.sort(key=lambda d: (-d.score, d.duty.statement.document_id, d.duty.statement.start))
    return scored


def nearest_duties(reading: Reading, knowledge: Knowledge, documents: frozenset[int]) -> list[Duty]:
    """Return the duties nearest in meaning: who asks for help in daily words names no duty.

    Empty where duties are so many that not each can be compared.
    """
    duties = knowledge.register.duties
    if len(duties) > MAX_COMPARED:
        return []
    held = [d for d in duties if d.statement.document_id in documents]
    nearness = knowledge.meaning.nearness(reading.text, [d.statement.text for d in held])
    best = sorted(range(len(held)), key=lambda i: (-float(nearness[i]), i))[:NEAR_IN_MEANING]
    return [held[i] for i in best]


def leading_duty(knowledge: Knowledge, documents: frozenset[int]) -> Duty | None:
    """Return the duty of the body that leads the district's own plan, or None.

    Whoever has a question that no other duty covers is sent there. Where the documents
    of another place are asked about, it is the body that leads there.
    """

    def held(duties: Iterable[Duty]) -> Iterator[Duty]:
        return (d for d in duties if d.statement.document_id in documents)

    def is_own(duty: Duty) -> bool:
        return is_own_district(knowledge.corpus.clauses[duty.statement.clause_id], knowledge)

    leading = knowledge.finder.duties_with((), ("牵头", "统筹"))
    leads = [d for d in held(leading) if _LEADS.search(d.statement.text)]
    if leads:
        return next(filter(is_own, leads), leads[0])
    duties = knowledge.register.duties
    offices = (d for d in held(duties) if any(map(find_department, d.departments)))
    return next(filter(is_own, held(duties)), None) or next(offices, None)


def duties_of(
    department: Department, knowledge: Knowledge, documents: frozenset[int]
) -> list[Statement]:
    """Return every statement that makes a department act, in document order."""
    found = [
        duty.statement
        for duty in knowledge.finder.duties_of(department)
        if duty.statement.document_id in documents
    ]
    return list(dict.fromkeys(found))


def bodies_listed(text: str) -> list[str]:
    """Return the bodies that a sentence lists one after the other, in its longest list."""
    runs = _LISTING.findall(text)
    return max((split_bodies(run) for run in runs), key=len, default=[])


def help_for(
    names: Sequence[str], reading: Reading, knowledge: Knowledge, documents: frozenset[int]
) -> tuple[list[Statement], list[Statement]]:
    """Return all that documents hold of help for a group: the district's own, others'.

    Args:
        names: the words for the group.
        reading: its terms narrow the topic; where it has none, all help is returned.
    """
    pattern = re.compile("|".join(map(re.escape, names)))
    own: list[Statement] = []
    others: list[Statement] = []
    for statement in knowledge.finder.statements_with(names):
        if statement.document_id not in documents or statement.is_heading or is_note(statement):
            continue
        if not pattern.search(statement.text) or not patterns.HELP.search(statement.text):
            continue
        clause = knowledge.corpus.clauses[statement.clause_id]
        coverage = topic_coverage(reading, statement, clause, knowledge)
        if coverage >= ENOUGH_OF_TOPIC or not reading.terms:
            (own if is_own_district(clause, knowledge) else others).append(statement)
    return own, others
