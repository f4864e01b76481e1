"""Texts to unit vectors: the encoder that retrieval compares questions and passages with."""

import os
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from knowledge.encoder_choice import chosen_model, encoder_root
from knowledge.weights.conversion import Progress, ProgressBar, default_model
from knowledge.weights.model_folder import GRAPH_FILE, TOKENIZER_FILE, ModelFolder

QUERY_CHARACTERS = 500
PASSAGE_CHARACTERS = 2000
_PROGRESS_STEP = 256  # passages between two reports
REMEMBERED_QUERIES = 1024

STATES = "states"

FloatArray = NDArray[np.float32]
States = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the encoder makes of a text.

    embedding: float32 (dimension,), of length 1. states: float16 (tokens, dimension), what its
    lower layers make of each token; no rows where the model does not give them.
    """

    embedding: FloatArray
    states: States


class Encoder:
    """A converted encoder in memory. Safe to call from many threads."""

    def __init__(self, model: ModelFolder, threads: int | None = None) -> None:
        """Load a model folder. `threads` encode passages side by side (default: every core)."""
        options = onnxruntime.SessionOptions()
        # One thread a call: callers run side by side without fighting over a pool, and ten users
        # at once wait for one another no more than the cores demand.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.path / GRAPH_FILE, options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(model.path / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(model.card.max_tokens)
        self._card = model.card
        self.model = model
        self._threads = threads or os.cpu_count() or 1
        self._remembered: OrderedDict[str, Reading] = OrderedDict()
        self._lock = threading.Lock()
        self._gives_states = STATES in {output.name for output in self._session.get_outputs()}

    @property
    def name(self) -> str:
        """What the model is called."""
        return self._card.name

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return self._card.dimension

    @property
    def trained(self) -> str:
        """Names the upper layers that were trained for questions; empty where there are none."""
        return self._card.trained

    @property
    def fingerprint(self) -> str:
        """Changes whenever embeddings may change; stored with every index built from them."""
        return self._card.fingerprint

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return the embeddings of questions, float32 (len(texts), dimension), rows of length 1.

        Only the first 500 characters count. An empty text gets the embedding of the bare prefix.
        """
        rows = [self.read_query(text).embedding for text in texts]
        return np.array(rows, np.float32).reshape(len(rows), self.dimension)

    def read_query(self, text: str) -> Reading:
        """Return embedding and states of a question; only the first 500 characters count."""
        text = self._card.query_prefix + clean(text, QUERY_CHARACTERS)
        with self._lock:
            if (known := self._remembered.get(text)) is not None:
                self._remembered.move_to_end(text)
                return known
        reading = self._read(text)
        with self._lock:
            self._remembered[text] = reading
            if len(self._remembered) > REMEMBERED_QUERIES:
                self._remembered.popitem(last=False)
        return reading

    def read_passage(self, text: str) -> Reading:
        """Return embedding and states of a passage; only the first 2,000 characters count."""
        return self._read(self._card.passage_prefix + clean(text, PASSAGE_CHARACTERS))

    def encode_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Return the embeddings of passages, float32 (len(texts), dimension), rows of length 1.

        Only the first 2,000 characters and 512 tokens count. `progress` is told how many
        passages have been encoded so far.
        """
        embeddings = np.empty((len(texts), self.dimension), np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for start in range(0, len(texts), _PROGRESS_STEP):
                part = texts[start : start + _PROGRESS_STEP]
                for offset, embedding in enumerate(pool.map(self._passage, part)):
                    embeddings[start + offset] = embedding
                if progress is not None:
                    progress(start + len(part))
        return embeddings

    def _passage(self, text: str) -> FloatArray:
        return self.read_passage(text).embedding

    def _read(self, text: str) -> Reading:
        tokens = np.array([self._tokenizer.encode(text).ids], np.int64)
        wanted = ["embedding", STATES] if self._gives_states else ["embedding"]
        embedding, *states = self._session.run(wanted, {"input_ids": tokens})
        nothing: States = np.zeros((0, self.dimension), np.float16)
        return Reading(embedding[0], states[0][0].astype(np.float16) if states else nothing)


def clean(text: str, characters: int) -> str:
    """Return a text as the tokenizer may see it: NFKC, at most `characters` long.

    The text is cut before it is normalised and again after, as one character may become 18.
    Control and format characters and lone surrogates become spaces.
    """
    normalized = unicodedata.normalize("NFKC", text[:characters])[:characters]
    if normalized.isprintable():
        return normalized
    return "".join(
        " " if unicodedata.category(character)[0] == "C" else character for character in normalized
    )


def load_encoder(data_dir: Path, progress: Progress | None = None) -> Encoder:
    """Load the active encoder, converting the default one at first use (seconds).

    `progress` is told how far the conversion is; by default a bar is drawn on a terminal.
    Raises WeightsNotFound, WeightsUnreadable, ModelDamaged.
    """
    root = encoder_root(data_dir)
    return Encoder(chosen_model(root) or default_model(root, progress or ProgressBar()))
