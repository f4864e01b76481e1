"""Brings a passage index to what a corpus holds; only changed passages are encoded."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.passage import Passage
from knowledge.tokenizer import bigrams, words
from storage.passage_index import PassageIndex, PassageRow

FORMAT = "1"  # part of every key: raise it when tokenizer, weights or row layout change
HEADING_COUNT = 3  # a word of the heading path counts as so many of the text
HEADING_SHARE = 0.3  # weight of the heading's own vector beside the passage's


class TextEncoder(Protocol):
    """What retrieval needs of an encoder; `knowledge.encoder.Encoder` is one."""

    @property
    def dimension(self) -> int:
        """Numbers of a vector."""

    @property
    def fingerprint(self) -> str:
        """Digest of the model: other models give other vectors."""

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector per question, shape (n, d)."""

    def encode_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return one unit vector per passage, shape (n, d)."""


def update_index(
    index: PassageIndex,
    passages: Sequence[Passage],
    encoder: TextEncoder,
    progress: Callable[[int], None] | None = None,
) -> bool:
    """Store new and changed passages, remove those gone; return whether anything changed.

    `progress` is called with the number of passages encoded since its last call.
    """
    stored = index.keys()
    keys = {passage.id: _key(passage, encoder.fingerprint) for passage in passages}
    changed = [passage for passage in passages if stored.get(passage.id) != keys[passage.id]]
    removed = stored.keys() - keys.keys()
    if not changed and not removed:
        return False
    vectors = _encode(changed, encoder, progress)
    index.replace(_rows(changed, keys, vectors), removed)
    return True


def _key(passage: Passage, fingerprint: str) -> int:
    parts = (FORMAT, fingerprint, str(passage.document_id), passage.heading_path, passage.text)
    digest = blake2b("\0".join(parts).encode("utf-8", errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _rows(
    passages: Sequence[Passage], keys: dict[int, int], vectors: NDArray[np.float32]
) -> Iterator[PassageRow]:
    for passage, vector in zip(passages, vectors, strict=True):
        terms = {
            "word": _count(words(passage.heading_path), words(passage.text)),
            "bigram": _count(bigrams(passage.heading_path), bigrams(passage.text)),
        }
        yield PassageRow(passage.id, passage.document_id, keys[passage.id], terms, vector)


def _count(heading: Sequence[str], text: Sequence[str]) -> Counter[str]:
    counts = Counter(text)
    for term in heading:
        counts[term] += HEADING_COUNT
    return counts


def _encode(
    passages: Sequence[Passage], encoder: TextEncoder, progress: Callable[[int], None] | None
) -> NDArray[np.float32]:
    """Return the vectors of passages, shape (n, d), unit length, headings blended in."""
    texts = [f"{passage.heading_path}\n{passage.text}" for passage in passages]
    vectors = encoder.encode_passages(texts, progress)
    paths = sorted({passage.heading_path for passage in passages})
    place = {path: i for i, path in enumerate(paths)}
    headings = encoder.encode_passages(paths)
    rows = [place[passage.heading_path] for passage in passages]
    blended = vectors + HEADING_SHARE * headings[rows]
    return np.asarray(blended / np.linalg.norm(blended, axis=1, keepdims=True), np.float32)
