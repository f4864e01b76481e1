"""The in-process index on disk: one file, checked by digest, replaced atomically."""

import hashlib
import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from storage.memory_index import Contents, MemoryIndex
from storage.passage_index import FIELDS
from storage.postings import Postings
from storage.vectors import read_vectors

FORMAT = 2
ARRAYS = "passages.npz"
DIGEST = "passages.sha256"


class IndexUnreadable(ValueError):
    """A saved index is missing, damaged or of another kind: build it again."""


def save_index(index: MemoryIndex, folder: Path) -> None:
    """Write an index to a folder, replacing what is there.

    The digest is replaced last: after a crash in between it does not fit, and the
    index is built again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = index.contents
    arrays: dict[str, NDArray[np.generic]] = {
        "format": np.array([FORMAT, index.dimension]),
        "ids": contents.ids,
        "document_ids": contents.document_ids,
        "keys": contents.keys,
        "vectors": contents.vectors.to_bytes(),
    }
    for name, postings in contents.postings.items():
        arrays[f"{name}.terms"] = np.frombuffer("\n".join(postings.vocabulary).encode(), np.uint8)
        for part in ("offsets", "rows", "counts", "lengths"):
            arrays[f"{name}.{part}"] = getattr(postings, part)
    written = folder / f"{ARRAYS}.{os.getpid()}"
    with written.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    digest = _digest(written)
    written.replace(folder / ARRAYS)
    noted = folder / f"{DIGEST}.{os.getpid()}"
    noted.write_text(digest, encoding="ascii")
    noted.replace(folder / DIGEST)


def load_index(folder: Path, dimension: int) -> MemoryIndex:
    """Read an index of vectors with `dimension` numbers, or raise IndexUnreadable."""
    path = folder / ARRAYS
    try:
        noted = (folder / DIGEST).read_text(encoding="ascii")
        if noted != _digest(path):
            raise IndexUnreadable(f"索引文件 {path} 已损坏，将重新建立")
        with np.load(path, allow_pickle=False) as arrays:
            if arrays["format"].tolist() != [FORMAT, dimension]:
                raise IndexUnreadable(f"索引文件 {path} 的格式不同，将重新建立")
            contents = Contents(
                arrays["ids"],
                arrays["document_ids"],
                arrays["keys"],
                {name: _postings(arrays, name) for name in FIELDS},
                read_vectors(arrays["vectors"]),
            )
    except (OSError, KeyError, BadZipFile, UnicodeDecodeError) as error:
        raise IndexUnreadable(f"索引文件 {path} 无法读取，将重新建立") from error
    return MemoryIndex(dimension, contents)


def _postings(arrays: np.lib.npyio.NpzFile, name: str) -> Postings:
    text = arrays[f"{name}.terms"].tobytes().decode()
    terms = text.split("\n") if text else []
    return Postings(
        {term: i for i, term in enumerate(terms)},
        arrays[f"{name}.offsets"],
        arrays[f"{name}.rows"],
        arrays[f"{name}.counts"],
        arrays[f"{name}.lengths"],
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
