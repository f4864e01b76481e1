"""Brings a passage index to what a corpus holds; only changed passages are encoded."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.passage import Passage
from knowledge.tokenizer import grams, words
from storage.passage_index import PassageIndex, PassageRow

FORMAT = "3"  # part of every key: raise it when tokenizer, weights or row layout change
HEADING_COUNT = 3  # a word of the heading path counts as so many of the text
HEADING_SHARE = 0.5  # weight of the heading's own vector beside the passage's

_NUMBERING = re.compile(r"[0-9零〇一二三四五六七八九十百千第条章节款项]+")


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

    `progress` is told how many more passages have been encoded.
    """
    stored = index.keys()
    shares = heading_shares(passages)
    keys = {p.id: _key(p, shares[p.id], encoder.fingerprint) for p in passages}
    changed = [passage for passage in passages if stored.get(passage.id) != keys[passage.id]]
    removed = stored.keys() - keys.keys()
    if not changed and not removed:
        return False
    vectors = _encode(changed, shares, encoder, progress)
    index.replace(_rows(changed, shares, keys, vectors), removed)
    return True


def heading_shares(passages: Sequence[Passage]) -> dict[int, float]:
    """Return by passage id how much its heading path tells it apart, 0 to 1.

    A heading tells most where it names one text. It tells 1 / n where n blocks or
    clauses of a document share it, or where n documents have the same heading but for
    numbers: the thousand articles of a code are told apart by what they say and not by
    "第五十四条". A clause within a block adds nothing to what its block has.
    """
    units: dict[int, set[int]] = {}
    documents: dict[str, set[int]] = {}
    names = {path: _NUMBERING.sub("", path) for path in {p.heading_path for p in passages}}
    whole = [passage for passage in passages if not passage.within_block]
    for passage in whole:
        units.setdefault(passage.document_id, set()).add(passage.clause_id)
        documents.setdefault(names[passage.heading_path], set()).add(passage.document_id)
    return dict.fromkeys((p.id for p in passages), 0.0) | {
        p.id: 1 / (len(documents[names[p.heading_path]]) * len(units[p.document_id])) for p in whole
    }


def _key(passage: Passage, share: float, fingerprint: str) -> int:
    parts = (
        FORMAT,
        fingerprint,
        str(passage.document_id),
        f"{share:.3f} {passage.encoded}",
        passage.heading_path,
        passage.text,
    )
    digest = blake2b("\0".join(parts).encode("utf-8", errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _rows(
    passages: Sequence[Passage],
    shares: Mapping[int, float],
    keys: Mapping[int, int],
    vectors: NDArray[np.float32],
) -> Iterator[PassageRow]:
    for passage, vector in zip(passages, vectors, strict=True):
        heading_count = max(1, round(HEADING_COUNT * shares[passage.id]))
        terms = {
            "word": _count(words(passage.heading_path), words(passage.text), heading_count),
            "gram": _count(grams(passage.heading_path), grams(passage.text), heading_count),
        }
        yield PassageRow(passage.id, passage.document_id, keys[passage.id], terms, vector)


def _count(heading: Sequence[str], text: Sequence[str], heading_count: int) -> Counter[str]:
    counts = Counter(text)
    for term in heading:
        counts[term] += heading_count
    return counts


def _encode(
    passages: Sequence[Passage],
    shares: Mapping[int, float],
    encoder: TextEncoder,
    progress: Callable[[int], None] | None,
) -> NDArray[np.float32]:
    """Return the vectors of passages, shape (n, d), unit length, headings blended in.

    The sum of two vectors stands for the sum of two cosines: one search serves both.
    Passages that are not encoded get zeros, which are nearest to nothing.
    """
    rows = [row for row, passage in enumerate(passages) if passage.encoded]
    texts = [f"{passages[row].heading_path}\n{passages[row].text}" for row in rows]
    vectors = np.zeros((len(passages), encoder.dimension), np.float32)
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if progress is not None:
            progress(done - told)
        told = done

    vectors[rows] = encoder.encode_passages(texts, tell)
    paths = sorted({passages[row].heading_path for row in rows if shares[passages[row].id]} - {""})
    headings = dict(zip(paths, encoder.encode_passages(paths), strict=True))
    for row in rows:
        share = HEADING_SHARE * shares[passages[row].id]
        if share and passages[row].heading_path:
            vectors[row] += share * headings[passages[row].heading_path]
        vectors[row] /= np.linalg.norm(vectors[row])
    return vectors
