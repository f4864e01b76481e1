"""The audit log: who did what to what, in one chain that nobody can rewrite unseen.

An event is written in the transaction of the change it tells of. Its hash covers its
own fields and the hash before it, so an edit, a gap or a swap breaks the chain; the
words that may be personal (details and reason) lie in a table of their own and enter
the chain only as a salted digest, so that they can be erased without breaking it.
"""

import hashlib
import json
import secrets
import time
import unicodedata
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ForeignKey, Index, String, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base, storable

NO_DETAILS = ""
GENESIS = "0" * 64
SALT_BYTES = 32
# RFC 9162 separates leaves from inner nodes by their first byte; our leaves are events.
LEAF = b"\x00"
BY_OTHERS_SQL = "actor_id <> 'qichuang'"  # word for word in queries that use the index
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ActorKind(StrEnum):
    """What acted."""

    SYSTEM = "system"
    ACCOUNT = "account"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: an account's or person's reference, never a name, and the role acted in."""

    kind: ActorKind
    id: str
    role: str = ""


SYSTEM = Actor(ActorKind.SYSTEM, "qichuang")

# Where a request came from (request id, shortened address); the edge sets it per request.
ORIGIN: ContextVar[Mapping[str, str] | None] = ContextVar("ORIGIN", default=None)


class AuditEvent(Base):
    """One event; `seq` counts from 1 without gaps. The database refuses to change it."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_action", "action", "seq", "actor_id"),
        Index(
            "ix_audit_events_actor",
            "actor_id", "seq", "action",
            sqlite_where=text(BY_OTHERS_SQL), postgresql_where=text(BY_OTHERS_SQL),
        ),
    )  # fmt: skip

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_us: Mapped[int] = mapped_column(BigInteger)  # microseconds since 1970, UTC
    actor_kind: Mapped[ActorKind]
    actor_id: Mapped[str]
    actor_role: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    payload_digest: Mapped[str] = mapped_column(String(64))  # empty: there are no details
    hash: Mapped[str] = mapped_column(String(64))

    @property
    def at(self) -> datetime:
        """When it was written, in UTC."""
        return EPOCH + timedelta(microseconds=self.at_us)


class AuditPayload(Base):
    """The words of an event with the salt of their digest; erasing both leaves the chain whole."""

    __tablename__ = "audit_payloads"

    seq: Mapped[int] = mapped_column(
        ForeignKey("audit_events.seq"), primary_key=True, autoincrement=False
    )
    salt: Mapped[str] = mapped_column(String(64))
    payload: Mapped[str]  # canonical JSON, byte for byte what was digested


class EventHeader(NamedTuple):
    """What the hash of an event covers beside the hash before it; the columns in this order."""

    seq: int
    at_us: int
    actor_kind: str
    actor_id: str
    actor_role: str
    action: str
    subject: str
    payload_digest: str


# Handed to the driver as they stand: an event comes with nearly every change, and putting
# its statements together takes longer than running them.
_HEAD = {
    "sqlite": "SELECT seq, hash FROM audit_events ORDER BY seq DESC LIMIT 1",
    # Locks the log first: what the others appended before is seen, nobody comes between.
    "postgresql": "SELECT seq, hash FROM audit_head()",
}
_ADD_EVENT = (
    "INSERT INTO audit_events (seq, at_us, actor_kind, actor_id, actor_role, action, subject,"
    " payload_digest, hash) VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0})"
)
_ADD_PAYLOAD = "INSERT INTO audit_payloads (seq, salt, payload) VALUES ({0}, {0}, {0})"
_MARKS = {"sqlite": "?", "postgresql": "%s"}
_ADD = {
    engine: (_ADD_EVENT.format(mark), _ADD_PAYLOAD.format(mark)) for engine, mark in _MARKS.items()
}
_LAST_SEQ = select(AuditEvent.seq).order_by(AuditEvent.seq.desc()).limit(1)
_EVENTS_OF = (
    select(AuditEvent, AuditPayload.payload)
    .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
    .where(AuditEvent.subject == bindparam("subject"))
    .order_by(AuditEvent.seq)
)


def append_event(
    db: Session,
    action: str,
    subject: str,
    actor: Actor,
    details: Mapping[str, Any] | None = None,
    reason: str = "",
) -> int:
    """Append an event in the caller's transaction; return its number.

    `action` ("project.published") and `subject` ("project:P0012") stay for ever and hold
    no personal data; `details` and `reason` may be erased. Details are JSON values; a
    number with a fraction becomes text, because its digits must never vary. On
    PostgreSQL everybody else's events wait until this transaction ends: append last.
    """
    connection = db.connection()
    engine = connection.dialect.name
    head = connection.exec_driver_sql(_HEAD[engine]).first()
    seq, previous = (head.seq + 1, head.hash) if head and head.seq else (1, GENESIS)
    payload, salt = _payload(details, reason), ""
    digest = NO_DETAILS
    if payload:
        salt = secrets.token_hex(SALT_BYTES)
        digest = payload_digest(salt, payload)
    header = EventHeader(
        seq,
        time.time_ns() // 1000,
        str(actor.kind),
        _text(actor.id),
        _text(actor.role),
        _text(action),
        _text(subject),
        digest,
    )
    add_event, add_payload = _ADD[engine]
    connection.exec_driver_sql(add_event, (*header, event_hash(previous, header)))
    if payload:
        connection.exec_driver_sql(add_payload, (seq, salt, payload))
    return seq


def last_seq(db: Session) -> int:
    """Return the number of the newest event, 0 when there is none."""
    return db.scalar(_LAST_SEQ) or 0


def events_of(db: Session, subject: str) -> list[tuple[AuditEvent, dict[str, Any]]]:
    """Return what happened to a subject, oldest first, with the details that are left."""
    rows = db.execute(_EVENTS_OF, {"subject": subject}).all()
    return [(event, json.loads(payload) if payload else {}) for event, payload in rows]


def payload_digest(salt: str, payload: str) -> str:
    """Return SHA-256 over the salt (hexadecimal) and the payload's UTF-8, hexadecimal."""
    return hashlib.sha256(bytes.fromhex(salt) + payload.encode()).hexdigest()


def event_hash(previous: str, header: EventHeader) -> str:
    """Return SHA-256 over 0x00 and the event as canonical JSON, hexadecimal.

    Canonical: sorted keys, no spaces, UTF-8 of NFC texts, integers and texts only.
    """
    seq, at_us, kind, actor, role, action, subject, digest = header
    quoted = json.encoder.encode_basestring  # the C function: this runs once per event verified
    record = (
        f'{{"action":{quoted(action)},"actor_id":{quoted(actor)}'
        f',"actor_kind":"{kind}","actor_role":{quoted(role)},"at_us":{at_us}'
        f',"payload_digest":"{digest}","previous":"{previous}"'
        f',"seq":{seq},"subject":{quoted(subject)}}}'
    )
    return hashlib.sha256(LEAF + record.encode()).hexdigest()


def canonical(value: Any) -> str:
    """Return a value as canonical JSON; times and enumerations become text, fractions too."""
    return json.dumps(
        _plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def _payload(details: Mapping[str, Any] | None, reason: str) -> str:
    words: dict[str, Any] = {}
    if details:
        words["details"] = details
    if reason:
        words["reason"] = reason
    origin = ORIGIN.get()
    if origin:
        words["origin"] = origin
    return canonical(words) if words else ""


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_text(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [_plain(item) for item in value]
        return sorted(items, key=repr) if isinstance(value, set | frozenset) else items
    return _text(str(value))


def _text(value: str) -> str:
    if value.isascii() and "\0" not in value:
        return str(value)  # most keys and references: as they are
    return unicodedata.normalize("NFC", str(storable(str(value))))
