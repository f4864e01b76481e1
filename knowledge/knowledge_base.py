"""Everything an answer is looked up in, as one immutable value."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.corpus import Corpus
from knowledge.document import Clause, ClauseKind
from knowledge.eligibility.rulebook import Rulebook, RulesInForce, load_rulebook, rules_in_force
from knowledge.finder import Finder
from knowledge.lexicon import Lexicon, load_synonyms
from knowledge.meaning import StatementVectors
from knowledge.office import NO_OFFICES, Offices
from knowledge.own_terms import NO_TERMS, OwnTerms, with_own
from knowledge.parts import NumberedParts
from knowledge.register import Register, build_register
from knowledge.spelling import Speller, build_speller
from knowledge.statement import Statement
from knowledge.tokenizer import segments, topic_share, words


class RankedClause(Protocol):
    """What a search returns for each clause, best first."""

    @property
    def clause_id(self) -> int:
        """The clause found."""

    @property
    def score(self) -> float:
        """The fused score: it orders clauses, it is no probability."""

    @property
    def cosine(self) -> float:
        """Similarity in meaning, -1 to 1."""


class AnswerScores(Protocol):
    """Says how likely sentences answer a question, see knowledge/answering.py."""

    def scores(
        self, question: str, sentences: Sequence[str], features: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the log odds of each, float32 (n,)."""

    def read_ahead(self, sentences: Iterable[str]) -> None:
        """Read sentences before they are asked about."""

    def off_topic(self, message: str) -> float:
        """Return the log odds that a message is no matter of the desk."""


HEAD_CHARACTERS = 60
LONGEST_NAME = 10
_QUOTED = re.compile(r"[“《]([\u4e00-\u9fff]{2,10})[”》]")
# 青溪 of 青溪县人民政府; 全国, 市 and 区 alone name no place, nor do 社区 and 示范区.
_PLACE = re.compile(
    r"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]{2,3}?)"
    r"(?=[省市县](?!场|直|级|区)|(?<![社园发范新城地景片校小])区)"
)
_LAW = re.compile(
    r"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]{2,8}(?:法|条例))(?=第|$|\n|[(\uff08:\uff1a])"
)
_INTRODUCES = re.compile(r"[:\uff1a]$|(?:下列|以下|如下)[^。]{0,20}$")

Search = Callable[[str, int, date], Iterable[RankedClause]]


def introduces(statement: Statement) -> bool:
    """Whether a statement leads in a list: it ends in a colon or says 下列."""
    return _INTRODUCES.search(statement.text) is not None


@dataclass(frozen=True)
class Knowledge:
    """The corpus with all that is computed from it, and the search over it."""

    corpus: Corpus
    register: Register
    lexicon: Lexicon
    search: Search  # (question, k, as_of) -> clauses, best first
    meaning: StatementVectors
    speller: Speller
    names: tuple[str, ...]  # what documents give a name to, longest first

    places: Mapping[str, frozenset[int]]  # 青溪 -> the documents of that county

    heads: Mapping[int, str]  # clause id -> what heads it and all above it, see heads_of
    finder: Finder
    rulebook: Rulebook
    offices: Offices = NO_OFFICES
    answering: AnswerScores | None = None  # only the default encoder has been trained for it

    def rules_on(self, day: date) -> RulesInForce:
        """Return the eligibility rules whose clauses are in force on a day."""
        return rules_in_force(self.rulebook, self.corpus, self.register, day)

    def heading_path(self, clause: Clause) -> str:
        """Return the document's title and what heads a clause and all above it, one a line."""
        return self.heads[clause.id]

    def items_below(self, statement: Statement) -> list[Statement]:
        """Return what a statement introduces with a colon: every statement below its clause."""
        if not introduces(statement):
            return []
        clause = self.corpus.clauses[statement.clause_id]
        own = self.register.by_clause[clause.id]
        after = list(own[own.index(statement) + 1 :])
        for part in self._parts_introduced(clause):
            after += self.register.by_clause.get(part.id, ())
        return after

    def _parts_introduced(self, clause: Clause) -> list[Clause]:
        """Return what is below a clause; of a paragraph the list or table right behind it."""
        below = self.corpus.subtree(clause)[1:]
        parent = self.corpus.parent(clause)
        if below or parent is None or clause.kind is not ClauseKind.PARAGRAPH:
            return below
        beside = list(self.corpus.children(parent))
        for sibling in beside[beside.index(clause) + 1 :]:
            if sibling.kind is ClauseKind.PARAGRAPH:
                break
            below += self.corpus.subtree(sibling)
        return below


def build_knowledge(
    corpus: Corpus,
    search: Search,
    meaning: StatementVectors,
    progress: Callable[[int], None] | None = None,
    rulebook: Rulebook | None = None,
    own_terms: OwnTerms = NO_TERMS,
) -> Knowledge:
    """Compute registers, word weights and statement vectors of a corpus; join its search."""
    register = build_register(corpus)
    texts = [statement.text for statement in register.statements]
    meaning.prepare(texts, progress)
    names = _names(corpus, texts, own_terms.names)
    topic_share("")  # reads the dictionary's tags now, not in the first question
    synonyms = with_own(load_synonyms(), own_terms.same)
    lexicon = Lexicon(texts, names, words, synonyms, topic_share, segments)
    heads = {clause.id: heads_of(corpus, clause) for clause in corpus.clauses.values()}
    return Knowledge(
        corpus=corpus,
        register=register,
        lexicon=lexicon,
        search=search,
        meaning=meaning,
        speller=build_speller(texts, own_terms),
        names=names,
        places=_places(corpus),
        heads=heads,
        finder=Finder(corpus, register, tuple(_outlines(corpus)), heads),
        rulebook=rulebook or load_rulebook(),
    )


def _places(corpus: Corpus) -> dict[str, frozenset[int]]:
    """Return the places that titles and issuers name, each with the ids of its documents."""
    found: dict[str, set[int]] = {}
    for document in corpus.documents.values():
        for place in _PLACE.findall(f"{document.title} {document.issuer or ''}"):
            found.setdefault(place, set()).add(document.id)
    return {place: frozenset(ids) for place, ids in found.items()}


def heads_of(corpus: Corpus, clause: Clause) -> str:
    """Join a document's title with what heads a clause and all above it, one a line.

    A clause without a heading is headed by the beginning of its text: the items
    below "申报应当提交下列材料:" are understood through it.
    """
    above = [*corpus.ancestors(clause), clause]
    heads = [c.heading or c.text[:HEAD_CHARACTERS] for c in above]
    return "\n".join([corpus.document_of(clause).title, *heads])


def _outlines(corpus: Corpus) -> Iterator[NumberedParts]:
    for clause in corpus.clauses.values():
        parts = tuple(c for c in corpus.children(clause) if c.kind is ClauseKind.HEADING)
        if clause.heading and len(parts) > 1:
            yield NumberedParts(clause, parts)


def _names(corpus: Corpus, texts: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    """Return what is quoted, begins a table row or is a law's title, and is no dictionary word.

    A programme's own name ("乡创贷") is a word that no dictionary has.
    """
    found = {name for text in texts for name in _QUOTED.findall(text)}
    for document in corpus.documents.values():
        found.update(_LAW.findall(f"{document.title}\n{document.doc_number or ''}"))
    for clause in corpus.clauses.values():
        if clause.kind is ClauseKind.ROW:
            found.add(re.split(r"[|\t]", clause.text.strip(" |\t\n"))[0].strip())
    kept = {name for name in found if 2 <= len(name) <= LONGEST_NAME and len(segments(name)) > 1}
    kept.update(own)
    return tuple(sorted(kept, key=lambda name: (-len(name), name)))
