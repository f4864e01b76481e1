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
TOKENIZER_FILE = "tokenizer.json"
CARD_FILE = "encoder.json"
_LOCK_FILE = ".lock"


class ModelDamaged(ValueError):
    """A converted encoder is missing, incomplete, or was changed on disk."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What encoder.json says of a converted encoder.

    `fingerprint` changes whenever its embeddings may change; `dimension` is the length of an
    embedding; the prefixes are put before every text; `digests` are SHA-256 by file name.
    """

    name: str
    fingerprint: str
    dimension: int
    query_prefix: str
    passage_prefix: str
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A converted encoder whose files are as they were written."""

    path: Path
    card: ModelCard


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def write_model_card(path: Path, card: ModelCard) -> None:
    """Write encoder.json beside the files it names."""
    text = json.dumps(asdict(card), ensure_ascii=False, indent=1)
    (path / CARD_FILE).write_text(text + "\n", "utf-8")


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the lock of a folder of encoders: one process converts, the others wait."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / _LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def place_model_folder(target: Path, write: Callable[[Path], None]) -> ModelFolder:
    """Write an encoder beside its place, check it, then move it there in one step.

    Whatever stood there is removed. The caller holds the lock of the parent folder.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as scratch:
        fresh = Path(scratch) / "model"
        fresh.mkdir()
        write(fresh)
        open_model_folder(fresh)
        if target.exists():
            shutil.move(target, Path(scratch) / "old")
        fresh.rename(target)
    return open_model_folder(target)
