"""Merkle trees as in RFC 9162: one digest that stands for many records in their order."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

LEAF = b"\x00"
NODE = b"\x01"
EMPTY_ROOT = hashlib.sha256(b"").hexdigest()


def leaf_hash(record: bytes) -> bytes:
    """Return the hash of one record, 32 bytes."""
    return hashlib.sha256(LEAF + record).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


@dataclass
class MerkleTree:
    """A tree that grows at its right end; it keeps only the roots of its full subtrees.

    `peaks` are those roots, the largest first: one for every bit that is set in `size`.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash (32 bytes)."""
        grown = self.size
        while grown & 1:
            leaf = _node(self.peaks.pop(), leaf)
            grown >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def copy(self) -> "MerkleTree":
        """Return the tree as it is now."""
        return MerkleTree(self.size, list(self.peaks))

    def root(self) -> str:
        """Return the root (RFC 9162, 2.1.1), hexadecimal."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = _node(peak, root)
        return root.hex()


def merkle_root(records: Iterable[bytes]) -> str:
    """Return the root over the records in their order, hexadecimal."""
    tree = MerkleTree()
    for record in records:
        tree.append(leaf_hash(record))
    return tree.root()
