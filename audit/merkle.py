"""Merkle trees as in RFC 9162: one digest that stands for many records in their order."""

import hashlib
from collections.abc import Iterable, Sequence
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


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    path: list[bytes] = []
    first, last = 0, len(leaves)
    while last - first > 1:
        middle = first + (1 << (last - first - 1).bit_length() - 1)
        if index < middle:
            path.append(_root_of(leaves[middle:last]))
            last = middle
        else:
            path.append(_root_of(leaves[first:middle]))
            first = middle
    return path[::-1]


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: str) -> bool:
    """Whether the path proves that the leaf stands at this place (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = _node(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = _node(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found.hex() == root


def _root_of(leaves: Sequence[bytes]) -> bytes:
    tree = MerkleTree()
    for leaf in leaves:
        tree.append(leaf)
    return bytes.fromhex(tree.root())
