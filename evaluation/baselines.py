"""Plain rankings to compare the retriever with: BM25, dense, and their rank fusion."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.indexing import TextEncoder
from knowledge.passage import cut_text
from knowledge.tokenizer import bigrams, words
from storage.postings import Postings, build_postings

K1 = 1.2
B = 0.75
RRF_CONSTANT = 60  # Cormack, Clarke and Buettcher, SIGIR 2009, doi:10.1145/1571941.1572114

Vector = NDArray[np.float32]


class Baselines:
    """Whole documents, their titles before their texts, ranked by one signal at a time."""

    def __init__(
        self,
        documents: Mapping[str, tuple[str, str]],
        encoder: TextEncoder,
        progress: Callable[[str, int, int], None],
    ) -> None:
        self._names = list(documents)
        self._encoder = encoder
        texts = [f"{title}\n{text}" for title, text in documents.values()]
        self._words = build_postings(Counter(_terms(words, text)) for text in texts)
        self._bigrams = build_postings(Counter(_terms(bigrams, text)) for text in texts)
        pieces = [
            (row, f"{title}\n{text[start:end]}")
            for row, (title, text) in enumerate(documents.values())
            for start, end in cut_text(text or " ")
        ]
        self._rows = np.array([row for row, _ in pieces])
        self._vectors = encoder.encode_passages(
            [piece for _, piece in pieces], lambda n: progress("对照编码", n, len(pieces))
        )

    def rank(self, question: str, k: int) -> dict[str, list[str]]:
        """Return the k best document ids by words, by bigrams, dense and fused by rank."""
        dense = np.full(len(self._names), -1, np.float32)
        cosines = self._vectors @ self._encoder.encode_queries([question])[0]
        np.maximum.at(dense, self._rows, cosines)
        scores = {
            "words": _bm25(self._words, words(question)),
            "bigrams": _bm25(self._bigrams, bigrams(question)),
            "dense": dense,
        }
        orders = {
            name: np.argsort(-of, kind="stable")[: max(k, 100)] for name, of in scores.items()
        }
        fused = np.zeros(len(self._names))
        for order in orders.values():
            fused[order] += 1 / (RRF_CONSTANT + 1 + np.arange(len(order)))
        orders["rank_fusion"] = np.argsort(-fused, kind="stable")
        return {name: [self._names[i] for i in order[:k]] for name, order in orders.items()}


def _terms(cut: Callable[[str], list[str]], text: str) -> list[str]:
    """Return the terms of a text of any length; the tokenizer reads a bounded piece at a time."""
    return [term for start, end in cut_text(text) for term in cut(text[start:end])]


def _bm25(postings: Postings, terms: Sequence[str]) -> Vector:
    scores = np.zeros(len(postings.lengths), np.float32)
    norm = K1 * (1 - B + B * postings.lengths / postings.mean_length)
    for term in dict.fromkeys(terms):
        rows, counts = postings.of(term)
        idf = np.log1p((len(scores) - len(rows) + 0.5) / (len(rows) + 0.5))
        scores[rows] += idf * counts * (K1 + 1) / (counts + norm[rows])
    return scores
