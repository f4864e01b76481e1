"""Which clauses help with a project: found by what the project names and who the person is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from assistant import patterns
from assistant.reading import content_words
from knowledge.figure import FigureKind
from knowledge.knowledge_base import Knowledge
from knowledge.lexicon import groups_in
from knowledge.statement import Statement
from matching.profile.profile import Profile
from matching.projects.facts import ProjectFacts
from matching.target_group import GROUP_NAMES, TargetGroup

ENOUGH = 0.8  # of a topic's weight that a sentence, with its title, has to hold
TITLE_SHARE = 0.5
SUM_BONUS = 0.3
GROUP_BONUS = 0.4
LOAN = "创业担保贷款"


@dataclass(frozen=True, slots=True)
class RelatedPolicy:
    """One clause in force that helps: `statement` is the sentence that says so."""

    clause_id: int
    document: str  # title
    address: str
    statement: str


def related_policies(
    project: ProjectFacts, profile: Profile, day: date, knowledge: Knowledge, limit: int = 2
) -> tuple[RelatedPolicy, ...]:
    """Return clauses in force about what the project may get, the person's groups first."""
    words = _group_words(profile)
    found: dict[int, RelatedPolicy] = {}
    for topic in dict.fromkeys((*project.policy_topics, LOAN)):
        if not _meant_for(topic, words):
            continue
        best = _best(topic, words, knowledge, day)
        if best is not None and best.clause_id not in found:
            clause = knowledge.corpus.clauses[best.clause_id]
            title = knowledge.corpus.document_of(clause).title
            found[clause.id] = RelatedPolicy(clause.id, title, clause.address, best.text)
        if len(found) == limit:
            break
    return tuple(found.values())


def _meant_for(text: str, words: Sequence[str]) -> bool:
    """Whether a topic or title names no group of people, or one that the person belongs to."""
    return all(any(word in words for word in group) for group in groups_in(text))


def _group_words(profile: Profile) -> tuple[str, ...]:
    named = (GROUP_NAMES[TargetGroup(group)] for group in profile.groups)
    return tuple(word for name in named for group in groups_in(name) for word in group)


def _best(topic: str, words: Sequence[str], knowledge: Knowledge, day: date) -> Statement | None:
    """Return the sentence that tells most of a topic: its words, a sum, the person's groups."""
    lexicon = knowledge.lexicon
    terms = [term for term in content_words(topic) if lexicon.knows(term)]
    best: tuple[float, Statement] | None = None
    for statement in _help_in_force(knowledge, day) if terms else ():
        said = lexicon.coverage(terms, statement.text)
        title = knowledge.corpus.documents[statement.document_id].title
        score = said + TITLE_SHARE * lexicon.coverage(terms, title)
        score += GROUP_BONUS * any(word in statement.text or word in title for word in words)
        if score < ENOUGH or not _meant_for(title, words):
            continue
        score += SUM_BONUS * any(figure.kind is FigureKind.MONEY for figure in statement.figures)
        if best is None or score > best[0]:
            best = (score, statement)
    return None if best is None else best[1]


def _help_in_force(knowledge: Knowledge, day: date) -> Iterator[Statement]:
    valid = knowledge.corpus.valid_documents(day)
    for statement in knowledge.register.statements:
        in_force = not statement.is_heading and statement.document_id in valid
        if in_force and patterns.HELP.search(statement.text):
            yield statement
