"""Loading a document into the database: new, new version of an old one, or nothing to do."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from knowledge.clause_draft import ClauseDraft
from knowledge.document import Clause, DocumentStatus, PolicyDocument, get_document
from knowledge.ingest_report import IngestReport, Outcome
from knowledge.metadata import DocumentFacts, read_facts
from knowledge.policy_reading import FACT_NAMES, Confirmed, PolicyReading, read_policy
from knowledge.succession import (
    Identity,
    end_if_repealed,
    find_family,
    known_documents,
    mark_amended,
    mark_if_amended,
    put_in_force,
    series_of,
)

__all__ = ["IngestReport", "Outcome", "ingest_file", "publish_draft", "store_reading"]

LOCAL_TIME = timezone(timedelta(hours=8))  # no summer time since 1991
_FIELDS = (*FACT_NAMES, "as_of", "caveat", "restated")
_INHERITED = ("doc_number", "issuer", "level", "published_on", "effective_on", "expires_on")


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
    if newest is not None and newest.restated and not stated.restated:
        _inherit(document, newest)
    db.add(document)
    db.flush()
    _store_clauses(db, document.id, reading.clauses)
    replaced: list[str] = []
    if document.status is not DocumentStatus.DRAFT:
        replaced = _put_in_force(db, document, reading.facts, stated.supersedes, now)
    outcome = Outcome.CREATED if newest is None else Outcome.NEW_VERSION
    return replace(_report(reading, outcome, document), replaced=tuple(replaced))


def publish_draft(db: Session, document_id: int, *, now: datetime) -> list[str]:
    """Publish a draft; returns the titles of what it puts out of force.

    Raises DocumentNotFound. A document that is published already stays as it is.
    """
    document = get_document(db, document_id)
    if document.status is not DocumentStatus.DRAFT:
        return []
    document.status = DocumentStatus.PUBLISHED
    return _put_in_force(db, document, read_facts(document.text), (), now)


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
    clauses = [draft.clause(document_id) for draft in drafts]
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
        named = reading.stated.supersedes
        replaced = _put_in_force(db, document, reading.facts, named, now)
        changed.append("已发布")
    outcome = Outcome.UPDATED if changed else Outcome.UNCHANGED
    report = _report(reading, outcome, document)
    return replace(report, changed=tuple(changed), replaced=tuple(replaced))


def _inherit(official: PolicyDocument, restatement: PolicyDocument) -> None:
    """Take over what our restatement knows and the official text itself does not say.

    Above all that it has ended: an old rule loaded today is still an old rule.
    """
    for name in _INHERITED:
        if getattr(official, name) is None:
            setattr(official, name, getattr(restatement, name))
    begins, ends = official.effective_on, official.expires_on
    if begins is not None and ends is not None and ends < begins:
        official.expires_on = None
    if official.status is DocumentStatus.PUBLISHED:
        official.status = restatement.status
        official.replaced_on = restatement.replaced_on


def _put_in_force(
    db: Session,
    document: PolicyDocument,
    facts: DocumentFacts,
    supersedes: Iterable[str],
    now: datetime,
) -> list[str]:
    today = local_date(now)
    values = [finding.value for finding in facts.repeals]
    replaced = put_in_force(db, document, values, supersedes, today)
    mark_amended(db, document, facts.amended)
    if document.status is DocumentStatus.PUBLISHED and not document.restated:
        repealed_by = end_if_repealed(db, document, today)
        mark_if_amended(db, document)
        if repealed_by is not None:
            replaced.append(f"{document.title}（被《{repealed_by}》废止）")
    return replaced


def local_date(now: datetime) -> date:
    """Return the calendar day in China of an instant."""
    return now.astimezone(LOCAL_TIME).date()
