"""How near statements are to a question in meaning: one vector for each statement."""

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

MAX_PREPARED = 20_000  # statements encoded ahead; of larger corpora, when first needed
MAX_REMEMBERED = 50_000
SAMPLE_SIZE = 256

Vector = NDArray[np.float32]


class SentenceVectors(Protocol):
    """What makes vectors of questions and sentences; an encoder is one."""

    @property
    def dimension(self) -> int:
        """Numbers of a vector."""

    @property
    def fingerprint(self) -> str:
        """Digest of the model: other models give other vectors."""

    def encode_queries(self, texts: Sequence[str]) -> Vector:
        """Return one unit vector per question, shape (n, d)."""

    def encode_passages(self, texts: Sequence[str]) -> Vector:
        """Return one unit vector per sentence, shape (n, d)."""


class StatementVectors:
    """Unit vectors of statements by their text, kept in a file between starts.

    Each text is encoded alone: in a batch, quantised models give a text slightly other
    vectors beside other texts, and the same question has to get the same answer.
    """

    def __init__(self, encoder: SentenceVectors, data_dir: Path) -> None:
        self._encoder = encoder
        name = sha256(encoder.fingerprint.encode()).hexdigest()[:16]
        self._file = data_dir / "index" / f"statements-{name}.npz"
        self._vectors: dict[str, Vector] = {}
        self._sample: Vector = np.zeros((0, encoder.dimension), np.float32)

    def prepare(self, texts: Iterable[str], progress: Callable[[int], None] | None = None) -> None:
        """Encode the statements of a corpus ahead, those that the file lacks; then save it."""
        wanted = list(dict.fromkeys(texts))[:MAX_PREPARED]
        known = self._load()
        fresh = [text for text in wanted if text not in known]
        self._vectors = {text: known[text] for text in wanted if text in known}
        for text in fresh:
            self._vectors[text] = self._encode(text)
            if progress is not None:
                progress(1)
        if fresh or len(known) != len(self._vectors):
            self._save()
        step = max(1, len(wanted) // SAMPLE_SIZE)
        if wanted:
            self._sample = np.stack([self._vectors[text] for text in wanted[::step]])

    def nearness(self, question: str, texts: Sequence[str]) -> Vector:
        """Return how much nearer each text is to a question than any text is, shape (n,).

        The unit is standard deviations of the question's cosine with a fixed sample of
        the corpus: raw cosines of one model say little, and another model's say other things.
        """
        if not texts or not len(self._sample):
            return np.zeros(len(texts), np.float32)
        asked: Vector = self._encoder.encode_queries([question])[0]
        usual = self._sample @ asked
        cosines = np.stack([self._vector(text) for text in texts]) @ asked
        nearness: Vector = (cosines - usual.mean()) / max(float(usual.std()), 1e-6)
        return nearness

    @property
    def usual(self) -> Vector:
        """The mean direction of the corpus, float32 (d,): what all texts have in common."""
        if not len(self._sample):
            return np.zeros(self._encoder.dimension, np.float32)
        mean: Vector = self._sample.mean(axis=0)
        return mean

    def vectors(self, texts: Sequence[str]) -> Vector:
        """Return the unit vectors of texts, float32 (n, d); those of the corpus are at hand."""
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> Vector:
        vector = self._vectors.get(text)
        if vector is None:
            vector = self._encode(text)
            if len(self._vectors) < MAX_REMEMBERED:
                self._vectors[text] = vector
        return vector

    def _encode(self, text: str) -> Vector:
        vector: Vector = self._encoder.encode_passages([text])[0].astype(np.float16)
        return vector.astype(np.float32)  # as the file gives it back

    def _load(self) -> dict[str, Vector]:
        try:
            with self._file.open("rb") as file, np.load(file, allow_pickle=False) as data:
                texts, vectors = data["texts"], data["vectors"].astype(np.float32)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return {}  # missing or damaged: encoded again
        return dict(zip(texts.tolist(), vectors, strict=True))

    def _save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        vectors = np.array(list(self._vectors.values()), np.float16)
        handle, partial = tempfile.mkstemp(dir=self._file.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, texts=np.array(list(self._vectors)), vectors=vectors)
        Path(partial).replace(self._file)
