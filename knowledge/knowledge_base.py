"""Everything an answer is looked up in, as one immutable value."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from knowledge.corpus import Corpus
from knowledge.document import Clause
from knowledge.lexicon import Lexicon, load_synonyms
from knowledge.register import Register, build_register


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
    words: Callable[[str], list[str]]

    def heading_path(self, clause: Clause) -> str:
        """Return the document's title and the headings above and of a clause, one a line."""
        title = self.corpus.document_of(clause).title
        return "\n".join([title, *(c.heading for c in [*self.corpus.ancestors(clause), clause])])


def build_knowledge(corpus: Corpus, search: Search, words: Callable[[str], list[str]]) -> Knowledge:
    """Compute registers and word weights of a corpus and join them with its search."""
    register = build_register(corpus)
    lexicon = Lexicon((s.text for s in register.statements), words, load_synonyms())
    return Knowledge(corpus, register, lexicon, search, words)
