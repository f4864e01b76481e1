"""All published clauses in memory: what retrieval, registers and answers read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from knowledge.document import Clause, DocumentStatus, PolicyDocument, text_digest

MAX_DAYS = 64  # remembered of questions about one day or another


class Corpus:
    """An immutable snapshot of every document version that is not a draft.

    Documents and clauses are detached entities and must not be changed.
    """

    def __init__(self, documents: Iterable[PolicyDocument]) -> None:
        self.documents = {document.id: document for document in documents}
        self.clauses: dict[int, Clause] = {}
        self._valid: dict[date, frozenset[int]] = {}  # days repeat; documents never change
        self._series: dict[date, dict[str, int]] = {}
        self._ended: dict[date, tuple[int, ...]] = {}
        self._children: dict[int, list[Clause]] = {}
        self._by_address: dict[tuple[int, str], Clause] = {}
        for document in self.documents.values():
            for clause in document.clauses:
                self.clauses[clause.id] = clause
                self._by_address.setdefault((document.id, clause.address), clause)
                if clause.parent_id is not None:
                    self._children.setdefault(clause.parent_id, []).append(clause)

    def document_of(self, clause: Clause) -> PolicyDocument:
        """Return the document version a clause belongs to."""
        return self.documents[clause.document_id]

    def children(self, clause: Clause) -> Sequence[Clause]:
        """Return the direct children of a clause, in document order."""
        return self._children.get(clause.id, [])

    def parent(self, clause: Clause) -> Clause | None:
        """Return the parent clause, or None at the top."""
        return None if clause.parent_id is None else self.clauses[clause.parent_id]

    def ancestors(self, clause: Clause) -> list[Clause]:
        """Return the parents from the top down, without the clause itself."""
        path: list[Clause] = []
        while (parent := self.parent(clause)) is not None:
            path.insert(0, parent)
            clause = parent
        return path

    def subtree(self, clause: Clause) -> list[Clause]:
        """Return a clause and all below it, in document order."""
        found = [clause]
        for child in self.children(clause):
            found += self.subtree(child)
        return found

    def at_address(self, document_id: int, address: str) -> Clause | None:
        """Return the clause at an address of a document version, or None."""
        return self._by_address.get((document_id, address))

    def valid_documents(self, day: date) -> frozenset[int]:
        """Return the ids of the documents that hold on a day, one version of each series.

        Where dates are missing several versions may hold. Then the official text goes
        before our restatement; of official versions the older one held, because a newer
        one ends it from its own first day on; of restatements the newer is the better.
        """
        if (known := self._valid.get(day)) is not None:
            return known
        chosen: dict[str, PolicyDocument] = {}
        for document in self.documents.values():
            if document.holds_on(day):
                rival = chosen.setdefault(document.series, document)
                if _precedence(document) < _precedence(rival):
                    chosen[document.series] = document
        valid = frozenset(document.id for document in chosen.values())
        if len(self._valid) >= MAX_DAYS:
            self._valid.clear()
        self._valid[day] = valid
        return valid

    def series_on(self, day: date) -> Mapping[str, int]:
        """Return the document that holds on a day of each series."""
        if (known := self._series.get(day)) is not None:
            return known
        series = {self.documents[i].series: i for i in self.valid_documents(day)}
        if len(self._series) >= MAX_DAYS:
            self._series.clear()
        self._series[day] = series
        return series

    def ended_documents(self, day: date) -> tuple[int, ...]:
        """Return the ids of the documents that held once and no longer do, in order."""
        if (known := self._ended.get(day)) is not None:
            return known
        ended = tuple(i for i, d in self.documents.items() if d.ended_before(day))
        if len(self._ended) >= MAX_DAYS:
            self._ended.clear()
        self._ended[day] = ended
        return ended

    def follower(self, document: PolicyDocument, day: date) -> PolicyDocument | None:
        """Return the document that holds on a day in the place of one that has ended, or None."""
        valid, passed = self.valid_documents(day), {document.id}
        while (later := self.documents.get(document.replaced_by_id or 0)) is not None:
            if later.id in valid or later.id in passed:
                return later if later.id in valid else None
            passed.add(later.id)
            document = later
        return None

    @cached_property
    def version(self) -> str:
        """A short digest of what the snapshot holds, stored with every answer."""
        parts = sorted(f"{d.series}:{d.version}:{d.digest}" for d in self.documents.values())
        return text_digest("\n".join(parts))[:12]


def _precedence(document: PolicyDocument) -> tuple[bool, int]:
    return document.restated, -document.version if document.restated else document.version


def load_corpus(db: Session) -> Corpus:
    """Read every document version that is not a draft, detached from the session."""
    documents = db.scalars(
        select(PolicyDocument)
        .where(PolicyDocument.status != DocumentStatus.DRAFT)
        .options(selectinload(PolicyDocument.clauses))
        .order_by(PolicyDocument.id)
    ).all()
    db.expunge_all()
    return Corpus(documents)
