"""One clause of a text, before it is stored."""

from dataclasses import dataclass

from knowledge.document import Clause, ClauseKind


@dataclass(frozen=True, slots=True)
class ClauseDraft:
    """One clause before it is stored; see `Clause` for the fields.

    `parent` is the position of the parent in the same list, smaller than its own.
    """

    position: int
    parent: int | None
    depth: int
    kind: ClauseKind
    address: str
    label: str
    heading: str
    text: str
    start: int
    end: int

    def clause(self, document_id: int, first_id: int | None = None) -> Clause:
        """Return the clause to store or to hold in memory.

        With `first_id`, the id of the document's first clause, it gets its id and its
        parent's; without, the database gives ids and the caller sets the parent.
        """
        ids: dict[str, int] = {}
        if first_id is not None:
            ids["id"] = first_id + self.position
            if self.parent is not None:
                ids["parent_id"] = first_id + self.parent
        return Clause(
            document_id=document_id,
            position=self.position,
            depth=self.depth,
            kind=self.kind,
            address=self.address,
            label=self.label,
            heading=self.heading,
            text=self.text,
            start=self.start,
            end=self.end,
            **ids,
        )
