"""What administrators do with a policy document, each step with its event."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.account import Account
from api.input import Text
from audit.log import Actor, ActorKind, AuditEvent, AuditPayload, append_event
from knowledge.document import Clause, DocumentStatus, Level, PolicyDocument, get_document
from knowledge.ingest import local_date, publish_draft, store_reading
from knowledge.ingest_report import IngestReport, Outcome
from knowledge.policy_reading import read_policy
from knowledge.succession import begins_on
from storage.database import Database

MOST_FILE_BYTES = 10 * 2**20
ACTIONS = {
    "document.uploaded": "上传",
    "document.corrected": "改正",
    "document.published": "发布",
    "document.withdrawn": "撤下",
    "document.restored": "恢复",
    "document.discarded": "删除草稿",
}
_TEXTS = ("title", "doc_number", "issuer", "caveat")
_DATES = {
    "published_on": "发布日期",
    "effective_on": "施行日期",
    "expires_on": "失效日期",
}


class PolicyRefused(ValueError):
    """A step with a document is not possible; the message says why."""


class FactsForm(BaseModel):
    """What is known of a document, as typed."""

    title: Annotated[Text, Field(max_length=300)] = ""
    doc_number: Annotated[Text, Field(max_length=100)] = ""
    issuer: Annotated[Text, Field(max_length=200)] = ""
    level: Annotated[Text, Field(max_length=20)] = ""
    published_on: Annotated[Text, Field(max_length=20)] = ""
    effective_on: Annotated[Text, Field(max_length=20)] = ""
    expires_on: Annotated[Text, Field(max_length=20)] = ""
    caveat: Annotated[Text, Field(max_length=300)] = ""

    @classmethod
    def of(cls, document: PolicyDocument) -> "FactsForm":
        """Return what a document has now."""
        return cls(**{name: str(getattr(document, name) or "") for name in cls.model_fields})

    def read(self) -> dict[str, Any]:
        """Return the values by their columns. Raises PolicyRefused."""
        values: dict[str, Any] = {name: getattr(self, name).strip() or None for name in _TEXTS}
        if values["title"] is None:
            raise PolicyRefused("请填写标题。")
        if self.level and self.level not in set(Level):
            raise PolicyRefused("请选择级别。")
        values["level"] = Level(self.level) if self.level else None
        for name, label in _DATES.items():
            text = getattr(self, name).strip()
            try:
                values[name] = date.fromisoformat(text) if text else None
            except ValueError as error:
                raise PolicyRefused(f"{label}请写成2026-01-31的样子。") from error
        begins, ends = values["effective_on"], values["expires_on"]
        if begins is not None and ends is not None and ends < begins:
            raise PolicyRefused("失效日期不能早于施行日期。")
        return values


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version of a series."""

    id: int
    version: int
    status: DocumentStatus
    loaded_at: datetime
    source_name: str


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a document and who did what with this one, newest first."""

    versions: tuple[VersionLine, ...]
    events: tuple[tuple[datetime, str, str, str], ...]  # when, what, who, why


def store_upload(database: Database, name: str, data: bytes, actor: Actor) -> IngestReport:
    """Read a file in a limited process and keep it as a draft, whatever its head says.

    Raises UnreadableDocument, PolicyRefused.
    """
    if len(data) > MOST_FILE_BYTES:
        raise PolicyRefused("文件太大，最多 10 MB。请拆成几个文件分别上传。")
    reading = read_policy(name, data)  # takes seconds: in no transaction
    # A file cannot publish itself, nor call itself our own restatement.
    stated = replace(reading.stated, status=DocumentStatus.PUBLISHED, restated=False)
    reading = replace(reading, stated=stated)
    with database.writing() as db:
        same = db.scalar(select(PolicyDocument.id).where(PolicyDocument.digest == reading.digest))
        if same is not None:
            document = get_document(db, same)
            raise PolicyRefused(
                f"同样的文件已经上传过：《{document.title}》第{document.version}版（编号{same}）。"
            )
        now = datetime.now(UTC)
        report = store_reading(db, reading, now=now, status=DocumentStatus.DRAFT)
        if report.outcome in {Outcome.CREATED, Outcome.NEW_VERSION}:
            details = {"digest": reading.digest, "version": report.version}
            append_event(db, "document.uploaded", _subject(report.document_id), actor, details)
    return report


def publish_document(
    db: Session, document_id: int, actor: Actor, reason: str, now: datetime
) -> int:
    """Publish a draft. Raises DocumentNotFound, PolicyRefused."""
    document = get_document(db, document_id)
    if document.status is not DocumentStatus.DRAFT:
        raise PolicyRefused("这份文件已经发布过了。")
    replaced = publish_draft(db, document_id, now=now)
    details = {"replaced": len(replaced)}
    append_event(db, "document.published", _subject(document_id), actor, details, reason)
    return document_id


def withdraw_document(
    db: Session, document_id: int, actor: Actor, reason: str, now: datetime
) -> int | None:
    """Take a published document out of force from today, or delete a draft; None when deleted.

    Raises DocumentNotFound, PolicyRefused.
    """
    if not reason:
        raise PolicyRefused("请写明理由。")
    document = get_document(db, document_id)
    if document.status is DocumentStatus.DRAFT:
        append_event(db, "document.discarded", _subject(document_id), actor, {}, reason)
        # All clauses at once: one by one they would go before what refers to them.
        db.execute(delete(Clause).where(Clause.document_id == document_id))
        db.execute(delete(PolicyDocument).where(PolicyDocument.id == document_id))
        return None
    if document.status is not DocumentStatus.PUBLISHED:
        raise PolicyRefused("这份文件已经不再用于今天的答复。")
    document.status = DocumentStatus.REVOKED
    document.replaced_on = local_date(now)
    append_event(db, "document.withdrawn", _subject(document_id), actor, {}, reason)
    return document_id


def restore_version(db: Session, document_id: int, actor: Actor, reason: str, now: datetime) -> int:
    """Bring an earlier version back into force and end its successors from today.

    Raises DocumentNotFound, PolicyRefused.
    """
    if not reason:
        raise PolicyRefused("请写明理由。")
    document = get_document(db, document_id)
    if document.status not in {DocumentStatus.SUPERSEDED, DocumentStatus.REVOKED}:
        raise PolicyRefused("只有已被替代或撤下的版本可以恢复。")
    others = db.scalars(
        select(PolicyDocument).where(
            PolicyDocument.series == document.series,
            PolicyDocument.id != document.id,
            PolicyDocument.status == DocumentStatus.PUBLISHED,
        )
    ).all()
    today = local_date(now)
    for other in others:
        other.status = DocumentStatus.REVOKED
        begins = begins_on(other)
        # One that had not begun never held; one that had, held until yesterday.
        other.replaced_on = begins if begins is not None and begins > today else today
    document.status, document.replaced_on = DocumentStatus.PUBLISHED, None
    details = {"ended": [other.id for other in others]}
    append_event(db, "document.restored", _subject(document_id), actor, details, reason)
    return document_id


def history_of(db: Session, document: PolicyDocument) -> History:
    """Return the versions of a document's series and the events of this one."""
    rows = db.execute(
        select(
            PolicyDocument.id,
            PolicyDocument.version,
            PolicyDocument.status,
            PolicyDocument.loaded_at,
            PolicyDocument.source_name,
        )
        .where(PolicyDocument.series == document.series)
        .order_by(PolicyDocument.version.desc())
    )
    events = db.execute(
        select(AuditEvent, AuditPayload.payload)
        .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.subject == _subject(document.id))
        .order_by(AuditEvent.seq.desc())
        .limit(50)
    )
    told = tuple(_told(db, row[0], row[1]) for row in events)
    return History(tuple(VersionLine(*row) for row in rows), told)


def _told(db: Session, event: AuditEvent, payload: str | None) -> tuple[datetime, str, str, str]:
    who = "系统"
    if event.actor_kind is ActorKind.ACCOUNT:
        account = db.get(Account, int(event.actor_id))
        who = account.name if account else "（已删除的账号）"
    reason = str(json.loads(payload).get("reason", "")) if payload else ""
    return event.at, ACTIONS.get(event.action, event.action), who, reason


def _subject(document_id: int) -> str:
    return f"document:{document_id}"
