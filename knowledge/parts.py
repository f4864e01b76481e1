"""Clauses that documents number below one heading."""

from dataclasses import dataclass

from knowledge.document import Clause


@dataclass(frozen=True, slots=True)
class NumberedParts:
    """A headed clause with its numbered parts, at least two."""

    clause: Clause
    parts: tuple[Clause, ...]
