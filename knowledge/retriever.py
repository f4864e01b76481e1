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
from knowledge.ranking import fuse
from knowledge.tokenizer import bigrams, words
from storage.index_file import IndexUnreadable, load_index, save_index
from storage.memory_index import MemoryIndex
from storage.passage_index import Candidates, PassageIndex

POOL = 200  # candidates from each of the three rankings

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hit:
    """A clause found for a question, with the scores it was ranked by.

    `start` and `end` are the offsets, in the document's text, of its best passage.
    Raw scores are those of the clause's best passage in each ranking.
    """

    clause_id: int
    document_id: int
    start: int
    end: int
    score: float  # fused: orders the hits of one question, means nothing beyond
    word_score: float  # BM25 over words
    bigram_score: float  # BM25 over character bigrams
    cosine: float


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
        self._passages = {passage.id: passage for passage in passages}
        self._index = index
        self._encoder = encoder

    def search(self, question: str, k: int, as_of: date) -> list[Hit]:
        """Return up to k clauses of documents that hold on a day, best first.

        Equal scores are ordered by clause id. A question without any letter or digit
        finds nothing.
        """
        terms = {"word": _weigh(words(question)), "bigram": _weigh(bigrams(question))}
        valid = self._corpus.valid_documents(as_of)
        if not terms["bigram"] or not valid:
            return []
        allowed = None if len(valid) == len(self._corpus.documents) else valid
        vector = self._encoder.encode_queries([question])[0]
        weights = {field: self._weights(field, terms[field]) for field in terms}
        ids = np.union1d(
            np.union1d(
                self._index.matching("word", weights["word"], allowed, POOL),
                self._index.matching("bigram", weights["bigram"], allowed, POOL),
            ),
            self._index.nearest(vector, allowed, POOL),
        )
        found = self._index.fetch(ids, {field: list(weights[field]) for field in weights})
        return self._rank(found, weights, vector)[:k]

    def _weights(self, field: str, terms: Mapping[str, float]) -> dict[str, float]:
        """Return idf times query weight of each term that the index knows."""
        statistics = self._index.statistics(field, list(terms))
        known = [term for term in terms if term in statistics.frequency]
        frequency = np.array([statistics.frequency[term] for term in known], np.float32)
        idf = inverse_frequency(frequency, statistics.passages)
        return {term: float(idf[i]) * terms[term] for i, term in enumerate(known)}

    def _rank(
        self, found: Candidates, weights: Mapping[str, Mapping[str, float]], vector: Vector
    ) -> list[Hit]:
        scores = {
            field: bm25(
                found.counts[field],
                found.lengths[field],
                self._index.statistics(field, []).mean_length,
                np.fromiter(weights[field].values(), np.float32, len(weights[field])),
            )
            for field in weights
        }
        scores["dense"] = found.vectors @ vector
        return self._best_of_clauses(found, scores)

    def _best_of_clauses(self, found: Candidates, scores: Mapping[str, Vector]) -> list[Hit]:
        """Take the best score of each clause's passages in each ranking, fuse, and order."""
        passages = [self._passages[int(i)] for i in found.ids]
        clauses, places = np.unique([p.clause_id for p in passages], return_inverse=True)
        if not len(clauses):
            return []
        best = {name: _largest_of(places, of, len(clauses)) for name, of in scores.items()}
        fused = fuse(best["word"], best["bigram"], best["dense"])
        by_passage = fuse(scores["word"], scores["bigram"], scores["dense"])
        order = np.lexsort((clauses, -fused))
        shown: dict[int, Passage] = {}
        for i in np.lexsort((found.ids, -by_passage)):
            shown.setdefault(passages[i].clause_id, passages[i])
        return [
            Hit(
                clause_id=int(clauses[c]),
                document_id=shown[int(clauses[c])].document_id,
                start=shown[int(clauses[c])].start,
                end=shown[int(clauses[c])].end,
                score=float(fused[c]),
                word_score=float(best["word"][c]),
                bigram_score=float(best["bigram"][c]),
                cosine=float(best["dense"][c]),
            )
            for c in order
        ]


def build_retriever(
    corpus: Corpus,
    encoder: TextEncoder,
    data_dir: Path,
    progress: Callable[[int], None] | None = None,
) -> Retriever:
    """Return a retriever over a corpus with the index kept in data_dir/index.

    The saved index is brought up to date first: passages that are new or changed are
    encoded, which `progress` hears of; a missing or damaged index is built anew.
    """
    passages = cut_passages(corpus)
    folder = data_dir / "index"
    try:
        index = load_index(folder, encoder.dimension)
    except IndexUnreadable:
        index = MemoryIndex(encoder.dimension)
    if update_index(index, passages, encoder, progress):
        save_index(index, folder)
    return Retriever(corpus, passages, index, encoder)


def _weigh(terms: Sequence[str]) -> dict[str, float]:
    """Return each distinct term with the weight 1: questions repeat words by accident."""
    return dict.fromkeys(terms, 1.0)


def _largest_of(places: NDArray[np.int64], scores: Vector, groups: int) -> Vector:
    best = np.full(groups, -np.inf, np.float32)
    np.maximum.at(best, places, scores)
    return best
