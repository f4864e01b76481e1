"""One question together with what it is looked up in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from assistant.evidence import places_named
from assistant.reading import Reading
from knowledge.knowledge_base import Knowledge

Note = Callable[[str, Any], None]  # name of a step, what it made


def unseen(_step: str, _made: Any) -> None:
    """Note nothing: nobody watches."""


@dataclass(frozen=True)
class Lookup:
    """A question as read, the knowledge to answer it from, and for which day."""

    reading: Reading
    knowledge: Knowledge
    as_of: date
    note: Note = unseen

    @cached_property
    def documents(self) -> frozenset[int]:
        """The documents that hold on the day; where a place is named, its documents alone."""
        valid = self.knowledge.corpus.valid_documents(self.as_of)
        places = places_named(self.reading.text, self.knowledge)
        return valid & places if places else valid
