"""A short sign of a value made of plain data: equal values, equal signs in every process."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any


def fingerprint(value: Any) -> str:
    """Return the sign of dataclasses, collections and plain values at any depth."""
    return sha256(repr(_plain(value)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Turn a value into tuples of texts whose repr is the same everywhere."""
    if is_dataclass(value):
        return tuple(_plain(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, frozenset):
        return tuple(sorted(map(str, value)))
    if isinstance(value, Mapping):
        return tuple((str(key), _plain(one)) for key, one in sorted(value.items()))
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return tuple(map(_plain, value))
