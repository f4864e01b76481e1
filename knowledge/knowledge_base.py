"""Everything an answer is looked up in, as one immutable value."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from knowledge.corpus import Corpus
from knowledge.document import Clause
from knowledge.lexicon import Lexicon, load_synonyms
from knowledge.meaning import StatementVectors
from knowledge.register import Register, build_register
from knowledge.tokenizer import topic_share, words


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


Search = Callable[[str, int, date], Iterable[RankedClause]]


@dataclass(frozen=True)
class Knowledge:
    """The corpus with all that is computed from it, and the search over it."""

    corpus: Corpus
    register: Register
    lexicon: Lexicon
    search: Search  # (question, k, as_of) -> clauses, best first
    meaning: StatementVectors

    def heading_path(self, clause: Clause) -> str:
        """Return the document's title and the headings above and of a clause, one a line."""
        title = self.corpus.document_of(clause).title
        return "\n".join([title, *(c.heading for c in [*self.corpus.ancestors(clause), clause])])


def build_knowledge(
    corpus: Corpus,
    search: Search,
    meaning: StatementVectors,
    progress: Callable[[int], None] | None = None,
) -> Knowledge:
    """Compute registers, word weights and statement vectors of a corpus; join its search."""
    register = build_register(corpus)
    texts = [statement.text for statement in register.statements]
    meaning.prepare(texts, progress)
    lexicon = Lexicon(texts, words, load_synonyms(), topic_share)
    return Knowledge(corpus, register, lexicon, search, meaning)
