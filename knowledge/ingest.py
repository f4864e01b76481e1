"""Loading a document into the database: new, new version of an old one, or nothing to do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.orm import Session

from knowledge.document import Clause, DocumentStatus, PolicyDocument
from knowledge.policy_reading import FACT_NAMES, Confirmed, PolicyReading, read_policy
from knowledge.splitter import ClauseDraft
from knowledge.succession import (
    Identity,
    end_if_repealed,
    find_family,
    known_documents,
    put_in_force,
    series_of,
)

LOCAL_TIME = ZoneInfo("Asia/Shanghai")
_FIELDS = (*FACT_NAMES, "as_of", "caveat", "restated")


class Outcome(StrEnum):
    """What loading a file did."""

    CREATED = "created"
    NEW_VERSION = "new_version"
    UPDATED = "updated"  # the same text, other facts
    UNCHANGED = "unchanged"
    KEPT_OFFICIAL = "kept_official"  # our restatement gives way to the official text


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What was read and what was done. `replaced` holds titles that went out of force."""

    reading: PolicyReading
    outcome: Outcome
    document_id: int
    version: int
    status: DocumentStatus
    replaced: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the report as lines of Chinese."""
        return [*self.reading.lines(), f"结果：{self._result()}", *self._effects()]

    def _result(self) -> str:
        state = "（草稿，发布后才会用于回答）" if self.status is DocumentStatus.DRAFT else ""
        match self.outcome:
            case Outcome.CREATED:
                return f"已载入{state}"
            case Outcome.NEW_VERSION:
                return f"已载入为第{self.version}版{state}"
            case Outcome.UPDATED:
                return f"文字没有变化，已更新：{'、'.join(self.changed)}{state}"
            case Outcome.UNCHANGED:
                return f"与已载入的内容相同，没有变化{state}"
            case Outcome.KEPT_OFFICIAL:
                return "已有正式文件，保留正式文件"

    def _effects(self) -> list[str]:
        return [f"已不再有效：{title}" for title in self.replaced]


def ingest_file(
    db: Session,
    name: str,
    data: bytes | Path,
    *,
    now: datetime,
    confirmed: Confirmed | None = None,
    status: DocumentStatus = DocumentStatus.PUBLISHED,
) -> IngestReport:
    """Read a file and store it; nothing is stored when it cannot be read.

    Raises UnreadableDocument. To show the reading before it is stored, or to parse
    outside the transaction, call `read_policy` and `store_reading` instead.
    """
    content = data.read_bytes() if isinstance(data, Path) else data
    return store_reading(db, read_policy(name, content, confirmed), now=now, status=status)


def store_reading(
    db: Session,
    reading: PolicyReading,
    *,
    now: datetime,
    status: DocumentStatus = DocumentStatus.PUBLISHED,
) -> IngestReport:
    """Store a reading in the given transaction and put out of force what it replaces."""
    stated = reading.stated
    if stated.status is not DocumentStatus.PUBLISHED:
        status = stated.status
    identity = Identity(stated.series, stated.doc_number, reading.title, stated.restated)
    family = find_family(known_documents(db), identity)
    newest = family[0] if family else None
    if newest is not None and stated.restated and not newest.restated:
        return _report(reading, Outcome.KEPT_OFFICIAL, newest)
    if newest is not None and newest.digest == reading.digest:
        return _refresh(db, newest, reading, now, status)
    document = _new_document(reading, newest, now, status)
    document.series = newest.series if newest else series_of(identity)
    db.add(document)
    db.flush()
    _store_clauses(db, document.id, reading.clauses)
    replaced = [] if status is DocumentStatus.DRAFT else _put_in_force(db, document, reading, now)
    outcome = Outcome.CREATED if newest is None else Outcome.NEW_VERSION
    return replace(_report(reading, outcome, document), replaced=tuple(replaced))


def _report(reading: PolicyReading, outcome: Outcome, document: PolicyDocument) -> IngestReport:
    return IngestReport(reading, outcome, document.id, document.version, document.status)


def _new_document(
    reading: PolicyReading, newest: PolicyDocument | None, now: datetime, status: DocumentStatus
) -> PolicyDocument:
    stated = reading.stated
    return PolicyDocument(
        version=newest.version + 1 if newest else 1,
        title=reading.title,
        doc_number=stated.doc_number,
        issuer=stated.issuer,
        level=stated.level,
        published_on=stated.published_on,
        effective_on=stated.effective_on,
        expires_on=stated.expires_on,
        replaced_on=stated.replaced_on,
        status=status,
        supersedes_id=newest.id if newest else None,
        as_of=stated.as_of,
        caveat=stated.caveat,
        restated=stated.restated,
        source_name=reading.name,
        digest=reading.digest,
        text=reading.source.text,
        loaded_at=now,
    )


def _store_clauses(db: Session, document_id: int, drafts: Sequence[ClauseDraft]) -> None:
    clauses = [
        Clause(
            document_id=document_id,
            position=draft.position,
            depth=draft.depth,
            kind=draft.kind,
            address=draft.address,
            label=draft.label,
            heading=draft.heading,
            text=draft.text,
            start=draft.start,
            end=draft.end,
        )
        for draft in drafts
    ]
    db.add_all(clauses)
    db.flush()
    parents = [
        {"id": clause.id, "parent_id": clauses[draft.parent].id}
        for clause, draft in zip(clauses, drafts, strict=True)
        if draft.parent is not None
    ]
    if parents:
        db.execute(update(Clause), parents)


def _refresh(
    db: Session,
    document: PolicyDocument,
    reading: PolicyReading,
    now: datetime,
    status: DocumentStatus,
) -> IngestReport:
    """Take over facts that differ for the same text; a draft may become published."""
    changed = []
    for name in _FIELDS:
        value = reading.title if name == "title" else getattr(reading.stated, name)
        if value is not None and value != getattr(document, name):
            setattr(document, name, value)
            changed.append(FACT_NAMES.get(name, name))
    replaced: list[str] = []
    if document.status is DocumentStatus.DRAFT and status is DocumentStatus.PUBLISHED:
        document.status = DocumentStatus.PUBLISHED
        replaced = _put_in_force(db, document, reading, now)
        changed.append("已发布")
    outcome = Outcome.UPDATED if changed else Outcome.UNCHANGED
    report = _report(reading, outcome, document)
    return replace(report, changed=tuple(changed), replaced=tuple(replaced))


def _put_in_force(
    db: Session, document: PolicyDocument, reading: PolicyReading, now: datetime
) -> list[str]:
    today = local_date(now)
    repeals = [finding.value for finding in reading.facts.repeals]
    replaced = put_in_force(db, document, repeals, reading.stated.supersedes, today)
    if document.status is DocumentStatus.PUBLISHED and not document.restated:
        repealed_by = end_if_repealed(db, document, today)
        if repealed_by is not None:
            replaced.append(f"{document.title}（被《{repealed_by}》废止）")
    return replaced


def local_date(now: datetime) -> date:
    """Return the calendar day in China of an instant."""
    return now.astimezone(LOCAL_TIME).date()
