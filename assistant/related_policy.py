"""Which clauses help with a project: found by what the project names and who the person is."""

from collections.abc import Iterator, Mapping, Sequence
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
    documents = knowledge.corpus.documents
    valid = knowledge.corpus.valid_documents(day) if terms else frozenset()
    titled = {i: lexicon.coverage(terms, documents[i].title) for i in valid}
    for statement in _help_about(terms, titled, knowledge):
        title = documents[statement.document_id].title
        said = lexicon.coverage(terms, statement.text)
        score = said + TITLE_SHARE * titled[statement.document_id]
        score += GROUP_BONUS * any(word in statement.text or word in title for word in words)
        if score < ENOUGH or not _meant_for(title, words):
            continue
        score += SUM_BONUS * any(figure.kind is FigureKind.MONEY for figure in statement.figures)
        if best is None or score > best[0]:
            best = (score, statement)
    return None if best is None else best[1]


def _help_about(
    terms: Sequence[str], titled: Mapping[int, float], knowledge: Knowledge
) -> Iterator[Statement]:
    """Yield, in reading order, the help that holds a piece of a topic, or whose title does.

    `titled`: how much of the topic the title of each document in force holds; nothing else
    reaches ENOUGH.
    """
    alike = [word for term in terms for word in knowledge.lexicon.alternatives(term)]
    named = [i for i, share in titled.items() if share > 0]
    found = {
        *knowledge.finder.statements_touching(terms, alike),
        *knowledge.register.of_documents(knowledge.corpus, named),
    }
    for statement in sorted(found, key=lambda s: (s.document_id, s.start)):
        in_force = not statement.is_heading and statement.document_id in titled
        if in_force and patterns.HELP.search(statement.text):
            yield statement
