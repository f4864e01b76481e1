"""What every pipeline gets: the same pieces of text, the same vectors."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.judged_set import JudgedSet
from knowledge.indexing import TextEncoder
from knowledge.passage import cut_text

DEPTH = 100  # pieces asked of every single retriever


@dataclass(frozen=True, slots=True)
class Pieces:
    """Documents cut to what the encoder reads; row i of each array is piece i.

    `vectors`: float32 (n, d), unit rows.
    """

    document_ids: tuple[str, ...]
    texts: tuple[str, ...]
    vectors: NDArray[np.float32]


# A pipeline indexes the pieces and returns what finds piece rows for a question, best first.
Find = Callable[[str], Sequence[int]]
Pipeline = Callable[[Pieces, TextEncoder], Find]


def cut(judged: JudgedSet, encoder: TextEncoder) -> Pieces:
    """Cut and encode the documents of a judged set, each title before each piece."""
    rows = [
        (name, f"{title}\n{text[start:end]}")
        for name, (title, text) in judged.documents.items()
        for start, end in cut_text(text or " ")
    ]
    texts = tuple(text for _, text in rows)
    return Pieces(tuple(name for name, _ in rows), texts, encoder.encode_passages(texts))


def documents_of(rows: Iterable[int], pieces: Pieces) -> list[str]:
    """Return document ids in the order of their best pieces."""
    return list(dict.fromkeys(pieces.document_ids[row] for row in rows))
