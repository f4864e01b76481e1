"""Policy documents and their clauses: what an answer may be built from, and when."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from storage.database import Base


class DocumentNotFound(LookupError):
    """No policy document has the given id."""


class ClauseNotFound(LookupError):
    """No clause has the given id."""


class Level(StrEnum):
    """Which level of government issued a document."""

    NATIONAL = "national"
    PROVINCIAL = "provincial"
    MUNICIPAL = "municipal"
    DISTRICT = "district"


LEVEL_NAMES = {
    Level.NATIONAL: "国家",
    Level.PROVINCIAL: "省",
    Level.MUNICIPAL: "市",
    Level.DISTRICT: "区",
}


class DocumentStatus(StrEnum):
    """Where a document version stands."""

    DRAFT = "draft"  # loaded, not yet confirmed: never answered from
    PUBLISHED = "published"
    SUPERSEDED = "superseded"  # a newer version or a later document took its place
    REVOKED = "revoked"


class ClauseKind(StrEnum):
    """What a clause is in the text."""

    FRONT = "front"  # title, number, addressee and preamble before the first numbered item
    HEADING = "heading"  # a numbered item; its own text may go on in the same line
    PARAGRAPH = "paragraph"  # unnumbered, addressed by its order: 三(一)2¶3
    TABLE = "table"  # the header row
    ROW = "row"  # one row of a table


class PolicyDocument(Base):
    """One version of a plan, rule or notice.

    `series` is the identity that versions share. `text` is the whole source text
    after page furniture was dropped; every clause is a span of it.
    """

    __tablename__ = "policy_documents"
    __table_args__ = (
        UniqueConstraint("series", "version"),
        CheckConstraint("expires_on IS NULL OR effective_on IS NULL OR effective_on <= expires_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str]
    doc_number: Mapped[str | None]  # 文号
    issuer: Mapped[str | None]
    level: Mapped[Level | None]
    published_on: Mapped[date | None]
    effective_on: Mapped[date | None]
    expires_on: Mapped[date | None]  # the last day on which it holds
    replaced_on: Mapped[date | None]  # the first day on which a successor holds instead
    status: Mapped[DocumentStatus] = mapped_column(default=DocumentStatus.PUBLISHED)
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("policy_documents.id"))
    replaced_by_id: Mapped[int | None]  # the document that ended this one: PolicyDocument.id
    as_of: Mapped[date | None]  # when our own restatement was last checked
    caveat: Mapped[str | None]  # said briefly below every answer from it: "金额以当地为准"
    restated: Mapped[bool] = mapped_column(default=False)  # our own words, not the source's
    source_name: Mapped[str]  # file name it was loaded from
    digest: Mapped[str]  # SHA-256 of text, hex
    text: Mapped[str]
    loaded_at: Mapped[datetime]
    clauses: Mapped[list["Clause"]] = relationship(
        back_populates="document", order_by="Clause.position", cascade="all, delete-orphan"
    )

    def holds_on(self, day: date) -> bool:
        """Whether answers for this day may use the document.

        A superseded version still answers "as of" questions about its own time.
        """
        if self.status is DocumentStatus.DRAFT:
            return False
        if self.status is not DocumentStatus.PUBLISHED and self.replaced_on is None:
            return False
        begins_on = self.effective_on or self.published_on
        if begins_on is not None and day < begins_on:
            return False
        if self.expires_on is not None and day > self.expires_on:
            return False
        return self.replaced_on is None or day < self.replaced_on

    def ended_before(self, day: date) -> bool:
        """Whether the document held once and no longer does."""
        last_on = self.expires_on if self.replaced_on is None else self.replaced_on
        return last_on is not None and last_on <= day and not self.holds_on(day)


class Clause(Base):
    """One clause of a document version, addressed by the document's own numbering.

    The spans [start, end) of a document's clauses, in `position` order, partition
    its text: joined they give the source back. A clause's span is its own text
    only, without that of its children.
    """

    __tablename__ = "clauses"
    __table_args__ = (
        UniqueConstraint("document_id", "position"),
        Index("ix_clauses_address", "document_id", "address"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("policy_documents.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("clauses.id"))
    position: Mapped[int]  # 0-based order in the document
    depth: Mapped[int]  # 0 for front matter, 1 for 一、 or 第一章, and so on down
    kind: Mapped[ClauseKind]
    address: Mapped[str]  # 三(一)2¶3, half-width brackets; "" for front matter
    label: Mapped[str]  # the number as printed: "(一)"; "" where there is none
    heading: Mapped[str]  # short title of a numbered item, "" where it has none
    text: Mapped[str]  # the span itself, as in the document
    start: Mapped[int]  # character offset in the document's text, inclusive
    end: Mapped[int]  # exclusive
    document: Mapped[PolicyDocument] = relationship(back_populates="clauses")


@dataclass(frozen=True, slots=True)
class Span:
    """A quoted piece of a clause: offsets in the document's text."""

    clause_id: int
    start: int
    end: int


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as 64 hex digits."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


def get_document(db: Session, document_id: int) -> PolicyDocument:
    """Return the document version with this id, or raise DocumentNotFound."""
    document = db.get(PolicyDocument, document_id)
    if document is None:
        raise DocumentNotFound(document_id)
    return document
