"""Finds the clauses that answer a question, among those valid on a day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.bm25 import bm25, inverse_frequency
from knowledge.corpus import Corpus
from knowledge.indexing import TextEncoder, update_index
from knowledge.passage import Passage, cut_passages
from knowledge.passage_scores import PassageOutline
from knowledge.ranking import fuse
from knowledge.tokenizer import grams, words
from storage.database import Database
from storage.index_file import IndexUnreadable, load_index, save_index
from storage.memory_index import MemoryIndex
from storage.passage_index import Ids, PassageIndex, TermStatistics
from storage.postgres_index import PostgresIndex

POOL = 200  # candidates from each of the three rankings

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hit:
    """A clause found for a question, with the scores it was ranked by.

    `start` and `end` are its offsets in the document's text. The three raw scores are
    those of its best piece, raised where its block has more than any clause of it.
    """

    clause_id: int
    document_id: int
    start: int
    end: int
    score: float  # fused: orders the hits of one question
    word_score: float  # BM25 over words, as a share of the question's term weight
    bigram_score: float  # the same over characters and bigrams
    cosine: float  # of the question and the passage with its heading


class Retriever:
    """Searches one corpus snapshot; any number of threads may do so at once."""

    def __init__(
        self,
        corpus: Corpus,
        passages: Sequence[Passage],
        index: PassageIndex,
        encoder: TextEncoder,
    ) -> None:
        self._corpus = corpus
        self._outline = PassageOutline(passages)
        self._index = index
        self._encoder = encoder

    def search(self, question: str, k: int, as_of: date) -> list[Hit]:
        """Return up to k clauses of documents that hold on a day, best first.

        Equal scores are ordered by clause id. A question without any letter or digit
        finds nothing.
        """
        return self._search(question, k, self._corpus.valid_documents(as_of))

    def search_any_time(self, question: str, k: int) -> list[Hit]:
        """Return up to k clauses of all documents, also those that do not hold, best first."""
        return self._search(question, k, frozenset(self._corpus.documents))

    def _search(self, question: str, k: int, valid: frozenset[int]) -> list[Hit]:
        terms = {"word": words(question), "gram": grams(question)}
        if not terms["gram"] or not valid:
            return []
        allowed = None if len(valid) == len(self._corpus.documents) else valid
        vector = self._encoder.encode_queries([question])[0]
        statistics = {
            field: self._index.statistics(field, list(dict.fromkeys(terms[field])))
            for field in terms
        }
        weights = {field: _weights(statistics[field]) for field in terms}
        ids = [self._index.nearest(vector, allowed, POOL)]
        ids += [self._index.matching(f, of, allowed, POOL) for f, of in weights.items()]
        found = self._index.fetch(
            self._outline.with_neighbours(np.concatenate(ids)),
            {field: list(of) for field, of in weights.items()},
        )
        scores = {
            field: bm25(
                found.counts[field],
                found.lengths[field],
                statistics[field].mean_length,
                np.fromiter(of.values(), np.float32, len(of)),
            )
            for field, of in weights.items()
        }
        scores["dense"] = found.vectors @ vector
        return self._rank(found.ids, scores, k)

    def _rank(self, ids: Ids, scores: Mapping[str, Vector], k: int) -> list[Hit]:
        """Bring the scores of passages to their clauses, fuse them, and take the best."""
        if not len(ids):
            return []
        clauses, best = self._outline.by_clause(ids, scores)
        fused = fuse(best["word"], best["gram"], best["dense"])
        hits = []
        for place in np.lexsort((clauses, -fused))[:k]:
            clause = self._corpus.clauses[int(clauses[place])]
            hits.append(
                Hit(
                    clause_id=clause.id,
                    document_id=clause.document_id,
                    start=clause.start,
                    end=clause.end,
                    score=float(fused[place]),
                    word_score=float(best["word"][place]),
                    bigram_score=float(best["gram"][place]),
                    cosine=float(best["dense"][place]),
                )
            )
        return hits


def build_retriever(
    corpus: Corpus,
    encoder: TextEncoder,
    data_dir: Path,
    progress: Callable[[int], None] | None = None,
    database: Database | None = None,
) -> Retriever:
    """Return a retriever over a corpus.

    The index is kept in data_dir/index, or in `database` where that is PostgreSQL. It
    is brought up to date first: passages that are new or changed are encoded, which
    `progress` is told of; a missing or damaged index is built anew.
    """
    passages = cut_passages(corpus)
    if database is not None and database.engine.dialect.name == "postgresql":
        shared = PostgresIndex(database, encoder.dimension)
        update_index(shared, passages, encoder, progress)
        return Retriever(corpus, passages, shared, encoder)
    folder = data_dir / "index"
    try:
        index = load_index(folder, encoder.dimension)
    except IndexUnreadable:
        index = MemoryIndex(encoder.dimension)
    if update_index(index, passages, encoder, progress):
        save_index(index, folder)
    return Retriever(corpus, passages, index, encoder)


def _weights(statistics: TermStatistics) -> dict[str, float]:
    """Return the idf of every known term; a term that a question repeats counts once."""
    terms = list(statistics.frequency)
    frequency = np.fromiter(statistics.frequency.values(), np.float32, len(terms))
    idf = inverse_frequency(frequency, statistics.passages)
    return dict(zip(terms, idf.tolist(), strict=True))
