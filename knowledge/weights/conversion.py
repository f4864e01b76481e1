"""The default encoder: packaged 4-bit weights converted into a model folder, once."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import onnx
from tqdm import tqdm

from knowledge.weights.answering_graph import build_answering_graph
from knowledge.weights.graph import build_graph
from knowledge.weights.meaning_graph import build_meaning_graph
from knowledge.weights.model_folder import (
    ANSWERING_FILE,
    CONSTANTS_FILE,
    GRAPH_FILE,
    MEANING_FILE,
    TOKENIZER_FILE,
    ModelCard,
    ModelDamaged,
    ModelFolder,
    file_digest,
    file_digests,
    locked,
    open_model_folder,
    place_model_folder,
)
from knowledge.weights.packaged import PackagedWeights, packaged_file
from knowledge.weights.trained import ANSWERING_CHANGES, MEANING_CHANGES, Changes, read_changes
from knowledge.weights.vocabulary import MAX_TOKENS, build_tokenizer, pruned_vocabulary

NAME = "multilingual-e5-small"
QUERY_PREFIX = "query: "
PASSAGE_PREFIX = "passage: "
_CONVERSION = "2"  # raise it whenever the conversion gives other embeddings

Progress = Callable[[float, str], None]
"""Is told the share done, 0 to 1, and in Chinese what is being done."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What two trainings changed in the upper layers."""

    meaning: Changes
    answering: Changes

    @property
    def digest(self) -> str:
        """Name both."""
        return self.meaning.digest + self.answering.digest


class ProgressBar:
    """A progress that draws a bar on standard error where that is a terminal."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None

    def __call__(self, share: float, step: str) -> None:
        """Show the share done, 0 to 1, and the step under way; the bar goes away at 1."""
        if self._bar is None:
            form = "{desc} {bar} {n:.0f}%"
            self._bar = tqdm(total=100, disable=None, leave=False, bar_format=form)
        self._bar.set_description_str(step, refresh=False)
        self._bar.update(100 * share - self._bar.n)
        if share >= 1:
            self._bar.close()


def default_fingerprint(weights_digest: str) -> str:
    """Return the fingerprint of the default encoder made from a weights file."""
    return hashlib.sha256(f"{NAME}:{_CONVERSION}:{weights_digest}".encode()).hexdigest()[:16]


def default_model(root: Path, progress: Progress) -> ModelFolder:
    """Return the default encoder below `root`, converting it if it is missing or damaged.

    Raises WeightsNotFound, WeightsUnreadable.
    """
    source = packaged_file()
    trained = Trained(read_changes(MEANING_CHANGES), read_changes(ANSWERING_CHANGES))
    fingerprint = default_fingerprint(file_digest(source))
    target = root / fingerprint
    with suppress(ModelDamaged):
        return _converted(target, trained)
    with locked(root):
        with suppress(ModelDamaged):  # another process was faster
            return _converted(target, trained)
        return place_model_folder(root, lambda path: _convert(source, trained, path, progress))


def _converted(path: Path, trained: Trained) -> ModelFolder:
    """Open what was converted; raises ModelDamaged, also where its upper layers are outdated."""
    model = open_model_folder(path)
    if model.card.trained != trained.digest:
        raise ModelDamaged(f"语义模型需要重新转换({path.name})")
    return model


def _convert(source: Path, trained: Trained, path: Path, progress: Progress) -> ModelCard:
    progress(0.0, "读取语义模型的权重")
    weights = PackagedWeights(source.read_bytes())
    progress(0.1, "挑选中文和拉丁字母的词表")
    vocabulary = pruned_vocabulary(weights)
    build_tokenizer(weights, vocabulary).save(str(path / TOKENIZER_FILE), pretty=False)
    graph = build_graph(weights, vocabulary, lambda share: progress(0.2 + 0.7 * share, "转换网络"))
    progress(0.9, "写入文件")
    onnx.save(build_meaning_graph(weights, trained.meaning), str(path / MEANING_FILE))
    onnx.save(build_answering_graph(weights, trained.answering), str(path / ANSWERING_FILE))
    onnx.save(
        graph,
        str(path / GRAPH_FILE),
        save_as_external_data=True,  # mapped, not read: rare words never take memory
        location=CONSTANTS_FILE,
        size_threshold=1024,
    )
    (path / CONSTANTS_FILE).chmod((path / TOKENIZER_FILE).stat().st_mode)  # onnx: owner only
    progress(1.0, "语义模型已备好")
    return ModelCard(
        name=NAME,
        fingerprint=default_fingerprint(weights.digest),
        dimension=weights.shape.hidden,
        query_prefix=QUERY_PREFIX,
        passage_prefix=PASSAGE_PREFIX,
        max_tokens=MAX_TOKENS,
        digests=file_digests(path),
        trained=trained.digest,
    )
