"""Everything that can be recommended, as one frozen state: projects, mentors, weights."""

from collections.abc import Callable
from dataclasses import dataclass

from matching.assignment.scoring import MentorWeights
from matching.mentors.facts import MentorFacts
from matching.recommending.project_table import ProjectTable, Vectors
from matching.recommending.scoring import ProjectWeights, load_weights


@dataclass(frozen=True)
class Offers:
    """What answers recommend from.

    `encode` gives the unit vector of what a person wrote, from the encoder that made the
    table's vectors; without it, meaning plays no part.
    """

    table: ProjectTable
    weights: ProjectWeights
    mentors: tuple[MentorFacts, ...] = ()
    encode: Callable[[str], Vectors] | None = None
    mentor_weights: MentorWeights | None = None  # None: the shipped ones

    def vector_of(self, text: str) -> Vectors | None:
        """Return the meaning of a text, or None."""
        return None if self.encode is None or not text.strip() else self.encode(text)


NO_OFFERS = Offers(ProjectTable(()), load_weights())
