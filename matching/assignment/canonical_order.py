"""An order of needs and mentors by what they are, not by their names or codes.

Where two solutions are worth exactly the same, the solver's choice depends on the order
of its input. Ordered by content, renaming people or shuffling the lists changes nothing.
"""

from dataclasses import fields
from enum import Enum
from typing import Any

from matching.mentors.facts import MentorFacts, MentorNeed

# Who someone is, and whom someone names.
_NAMES = {
    "code",
    "person",
    "person_name",
    "name",
    "refused",
    "reviewers",
    "known_mentors",
    "wishes",
    "conflicts",
    "projects",
    "companies",
    "unit",
}


def content_key(facts: MentorFacts | MentorNeed) -> tuple[str, ...]:
    """Return what a need or a mentor is sorted by."""
    return tuple(
        _plain(getattr(facts, field.name)) for field in fields(facts) if field.name not in _NAMES
    )


def _plain(value: Any) -> str:
    if isinstance(value, frozenset):
        return repr(sorted(str(item) for item in value))
    if isinstance(value, Enum):
        return str(value)
    return f"{value:012d}" if type(value) is int else repr(value)
