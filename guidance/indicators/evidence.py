"""Evidence: files kept under the digest of their content, in the database with the rest."""

import hashlib
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import append_event
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from storage.database import Base, storable

MAX_BYTES = 10 * 1024 * 1024


class EvidenceUnusable(ValueError):
    """A file is empty, too large, or gone."""


class EvidenceFile(Base):
    """A file as it was uploaded; the same content is stored once."""

    __tablename__ = "evidence_files"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]


class SessionEvidence(Base):
    """Which files prove a session."""

    __tablename__ = "session_evidence"

    session_id: Mapped[int] = mapped_column(ForeignKey("guidance_sessions.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("evidence_files.digest"), primary_key=True)
    added_by: Mapped[str]
    added_at: Mapped[datetime]


def keep_file(
    db: Session, name: str, media_type: str, content: bytes, by: Staff, at: datetime
) -> EvidenceFile:
    """Store a file, or find it stored already. Raises EvidenceUnusable.

    One that was emptied at the end of its time is stored anew for what it is to prove now;
    the sessions whose words were erased with it do not get it back (`evidence_of`).
    """
    if not content:
        raise EvidenceUnusable("这个文件是空的，请重新选择。")
    if len(content) > MAX_BYTES:
        raise EvidenceUnusable("文件超过 10 兆，请压缩或拆分后再上传。")
    digest = hashlib.sha256(content).hexdigest()
    file = db.get(EvidenceFile, digest)
    if file is None or not file.size_bytes:  # never there, or emptied when its time was over
        file = EvidenceFile(
            digest=digest,
            name=storable(name)[-200:],
            media_type=storable(media_type)[:100],
            size_bytes=len(content),
            content=content,
            uploaded_by=by.reference,
            uploaded_at=at,
        )
        file = db.merge(file)
        db.flush()
        append_event(db, "evidence.stored", f"evidence:{digest}", by.actor)
    elif db.scalar(select(SessionEvidence.digest).where(SessionEvidence.digest == digest)) is None:
        file.uploaded_by, file.uploaded_at = by.reference, at  # its week begins anew
    return file


def add_evidence(
    db: Session, session: GuidanceSession, digest: str, by: Staff, at: datetime
) -> None:
    """Tie a stored file to a session, until the session is decided.

    Raises TransitionRefused for a session that is locked or no longer in the run,
    EvidenceUnusable for a file that has been emptied meanwhile.
    """
    allowed = {
        SessionState.RECORDED, SessionState.UNQUALIFIED, SessionState.QUALIFIED,
        SessionState.RETURNED, SessionState.REJECTED,
    }  # fmt: skip
    if session.state not in allowed:
        raise TransitionRefused("这条记录已经在复核或已有结论，不能再补材料；请先退回。")
    if not db.scalar(select(EvidenceFile.size_bytes).where(EvidenceFile.digest == digest)):
        raise EvidenceUnusable("这个文件已到期删除，请重新上传。")
    if db.get(SessionEvidence, (session.id, digest)) is None:
        db.add(
            SessionEvidence(
                session_id=session.id, digest=digest, added_by=by.reference, added_at=at
            )
        )
        db.flush()
        append_event(db, "session.evidence", session.subject, by.actor, {"digest": digest})


def evidence_of(db: Session, session_id: int) -> list[EvidenceFile]:
    """Return the files of a session, without their content loaded; none once it was erased."""
    files = (
        select(EvidenceFile)
        .join(SessionEvidence, SessionEvidence.digest == EvidenceFile.digest)
        .join(GuidanceSession, GuidanceSession.id == SessionEvidence.session_id)
        .where(SessionEvidence.session_id == session_id, GuidanceSession.erased_at.is_(None))
        .order_by(SessionEvidence.added_at, EvidenceFile.digest)
    )
    return list(db.scalars(files))


def digests_of(db: Session, session_id: int) -> list[str]:
    """Return the digests of a session's files; they stay when the files are erased."""
    tied = select(SessionEvidence.digest).where(SessionEvidence.session_id == session_id)
    return list(db.scalars(tied.order_by(SessionEvidence.added_at, SessionEvidence.digest)))


def count_evidence(db: Session, session_id: int) -> int:
    """Return how many files prove a session."""
    counted = select(func.count()).where(SessionEvidence.session_id == session_id)
    return db.scalar(counted) or 0
