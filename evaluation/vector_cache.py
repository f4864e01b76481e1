"""Vectors kept between measurements: a large set is encoded once, and a broken run goes on."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.indexing import TextEncoder

PART = 256  # texts encoded between two writes
DIGEST_BYTES = 16

Vectors = NDArray[np.float32]


class CachedEncoder:
    """An encoder that keeps the vectors of passages in a folder; a `TextEncoder` itself.

    Two files per model are only ever appended to, the vectors first and then the digests of
    their texts: after a cut the rows beyond the shorter one are written again. One process
    at a time may use a folder.
    """

    def __init__(self, encoder: TextEncoder, folder: Path) -> None:
        self._encoder = encoder
        folder.mkdir(parents=True, exist_ok=True)
        name = blake2b(encoder.fingerprint.encode(), digest_size=8).hexdigest()
        self._digest_file = folder / f"{name}.digests"
        self._vector_file = folder / f"{name}.float32"
        self._cut_to_whole_rows()
        digests = self._digest_file.read_bytes()
        starts = range(0, len(digests), DIGEST_BYTES)
        self._rows = {digests[at : at + DIGEST_BYTES]: row for row, at in enumerate(starts)}

    @property
    def dimension(self) -> int:
        """Numbers of a vector."""
        return self._encoder.dimension

    @property
    def fingerprint(self) -> str:
        """Digest of the model."""
        return self._encoder.fingerprint

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per question, shape (n, d); these are never kept."""
        return self._encoder.encode_queries(texts)

    def encode_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Return one unit vector per passage, shape (n, d), encoding only what is not kept."""
        digests = [_digest(text) for text in texts]
        fresh = {
            digest: text
            for digest, text in zip(digests, texts, strict=True)
            if digest not in self._rows
        }
        waiting = list(fresh.items())
        for start in range(0, len(waiting), PART):
            part = waiting[start : start + PART]
            self._keep([d for d, _ in part], self._encoder.encode_passages([t for _, t in part]))
            if progress is not None:
                progress(len(texts) - len(waiting) + start + len(part))
        if progress is not None and not waiting:
            progress(len(texts))
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        kept = np.memmap(self._vector_file, np.float32, "r").reshape(-1, self.dimension)
        return np.asarray(kept[[self._rows[digest] for digest in digests]])

    def _cut_to_whole_rows(self) -> None:
        """Leave in both files as many rows as are whole in each."""
        files = ((self._digest_file, DIGEST_BYTES), (self._vector_file, 4 * self.dimension))
        sizes = [path.stat().st_size // width if path.exists() else 0 for path, width in files]
        for path, width in files:
            with path.open("ab") as file:
                file.truncate(min(sizes) * width)

    def _keep(self, digests: Sequence[bytes], vectors: Vectors) -> None:
        with self._vector_file.open("ab") as file:
            file.write(np.ascontiguousarray(vectors, np.float32).tobytes())
        with self._digest_file.open("ab") as file:
            file.write(b"".join(digests))
        first = len(self._rows)
        self._rows.update((digest, first + i) for i, digest in enumerate(digests))


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", errors="replace"), digest_size=DIGEST_BYTES).digest()
