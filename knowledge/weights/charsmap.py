"""The normalisation table of SentencePiece, in the binary form that tokenizers read.

A double array maps the UTF-8 bytes of a character to an offset in a list of NUL-terminated
replacements. Unit layout: darts-clone, https://github.com/s-yata/darts-clone.
"""

import struct
from collections.abc import Mapping

_LEAF = 1 << 31  # the unit holds a value
_HAS_LEAF = 1 << 8  # the child at label 0 is a leaf
_OFFSET_SHIFT = 10
_OFFSET_LIMIT = 1 << 21


class _Node:
    """A trie node: children by byte, and the value of the key that ends here."""

    def __init__(self) -> None:
        self.children: dict[int, _Node] = {}
        self.value: int | None = None


def precompiled_charsmap(replacements: Mapping[int, str]) -> bytes:
    """Return the table (code point -> text that replaces it) as a precompiled charsmap."""
    texts = bytearray()
    offsets: dict[str, int] = {}
    root = _Node()
    for code_point, text in replacements.items():
        if code_point == 0 or 0xD800 <= code_point < 0xE000:
            continue  # no key in UTF-8
        if text not in offsets:
            offsets[text] = len(texts)
            texts += text.encode() + b"\0"
        node = root
        for byte in chr(code_point).encode():
            node = node.children.setdefault(byte, _Node())
        node.value = offsets[text]
    units = _double_array(root)
    return struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + bytes(texts)


def _double_array(root: _Node) -> list[int]:
    """Lay the trie out so that the child of a node by a byte is at its base XOR the byte."""
    units = [0] * 1024
    used = {0}
    lowest_free = 1
    waiting = [(root, 0)]
    while waiting:
        node, at = waiting.pop()
        labels = [*node.children, *([] if node.value is None else [0])]
        base = lowest_free
        while at ^ base == 0 or any(base ^ label in used for label in labels):
            base += 1
        if at ^ base >= _OFFSET_LIMIT:
            raise ValueError("the normalisation table is too large for a double array")
        used.update(base ^ label for label in labels)
        while lowest_free in used:
            lowest_free += 1
        missing = (base | 0xFF) + 1 - len(units)
        units += [0] * max(0, missing)
        units[at] |= (at ^ base) << _OFFSET_SHIFT
        if node.value is not None:
            units[at] |= _HAS_LEAF
            units[base] = _LEAF | node.value
        for byte, child in node.children.items():
            units[base ^ byte] |= byte
            waiting.append((child, base ^ byte))
    return units
