"""A converted encoder on disk: model.onnx, tokenizer.json, and encoder.json with their digests."""

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

GRAPH_FILE = "model.onnx"
CONSTANTS_FILE = "model.onnx.data"  # beside the graph where its constants are large
# The upper layers as trained, of the default encoder only.
MEANING_FILE = "meaning.onnx"
ANSWERING_FILE = "answering.onnx"
TOKENIZER_FILE = "tokenizer.json"
CARD_FILE = "encoder.json"
_LOCK_FILE = ".lock"
_SCRATCH = ".new-"


class ModelDamaged(ValueError):
    """A converted encoder is missing, incomplete, or was changed on disk."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What encoder.json says of a converted encoder.

    `fingerprint` changes whenever its embeddings may change; `dimension` is the length of an
    embedding; the prefixes are put before every text; what goes beyond `max_tokens` is cut off;
    `digests` are SHA-256 by file name; `trained` names the upper layers as trained.
    """

    name: str
    fingerprint: str
    dimension: int
    query_prefix: str
    passage_prefix: str
    max_tokens: int
    digests: dict[str, str]
    trained: str = ""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A converted encoder whose files are as they were written."""

    path: Path
    card: ModelCard


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a new model folder, by name."""
    return {path.name: file_digest(path) for path in sorted(folder.iterdir())}


def open_model_folder(path: Path) -> ModelFolder:
    """Read a converted encoder and check every file. Raises ModelDamaged."""
    try:
        card = ModelCard(**json.loads((path / CARD_FILE).read_text("utf-8")))
        found = {name: file_digest(path / name) for name in card.digests}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelDamaged(f"语义模型的文件不完整({path.name}):{error}") from error
    changed = sorted(name for name in found if found[name] != card.digests[name])
    if changed or not {GRAPH_FILE, TOKENIZER_FILE} <= found.keys():
        raise ModelDamaged(f"语义模型的文件已损坏({path.name}):{'、'.join(changed)}")
    return ModelFolder(path, card)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the lock of a folder of encoders: one process converts, the others wait."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / _LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def place_model_folder(root: Path, write: Callable[[Path], ModelCard]) -> ModelFolder:
    """Let `write` fill a new folder, check it, and move it to root/fingerprint in one step.

    Whatever stood there is removed. The caller holds the lock of `root`.
    """
    for abandoned in root.glob(_SCRATCH + "*"):  # by a process that was killed
        shutil.rmtree(abandoned)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=root) as scratch:
        fresh = Path(scratch) / "model"
        fresh.mkdir()
        card = write(fresh)
        text = json.dumps(asdict(card), ensure_ascii=False, indent=1)
        (fresh / CARD_FILE).write_text(text + "\n", "utf-8")
        open_model_folder(fresh)
        target = root / card.fingerprint
        if target.exists():
            target.rename(Path(scratch) / "old")
        fresh.rename(target)
    return ModelFolder(target, card)
