"""One question together with what it is looked up in."""

from dataclasses import dataclass
from datetime import date

from assistant.reading import Reading
from knowledge.knowledge_base import Knowledge


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question as read, the knowledge to answer it from, and for which day."""

    reading: Reading
    knowledge: Knowledge
    as_of: date
