"""Emptying uploaded files: what they prove decides how long they stay (decision 22)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from audit.erasing import erase_payloads
from audit.log import SYSTEM, append_event
from guidance.indicators.definition import SignedDefinition
from guidance.indicators.evidence import EvidenceFile, SessionEvidence
from guidance.indicators.value import IndicatorValue
from guidance.periods.adjustment import Adjustment
from guidance.privacy.restricted import RestrictedSession
from guidance.review.proposal import open_proposals
from guidance.session import GuidanceSession

ERASED = "（已删除）"
UNTIED_FOR = timedelta(days=7)  # that somebody has to record what was only previewed
MOST_PROPOSALS = 10_000


def empty_files(db: Session, sessions: Sequence[int]) -> None:
    """Empty the evidence files of sessions whose words are gone, unless they prove others.

    A file outlives the erasure while one session that it proves has its words, under lock
    or not: a signed sheet is the original record of what counts.
    """
    mine = select(SessionEvidence.digest).where(SessionEvidence.session_id.in_(sessions))
    locked = select(RestrictedSession.session_id)
    holding = (
        select(SessionEvidence.digest)
        .join(GuidanceSession, GuidanceSession.id == SessionEvidence.session_id)
        .where(or_(GuidanceSession.erased_at.is_(None), GuidanceSession.id.in_(locked)))
    )
    of_no_session = EvidenceFile.digest.in_(mine) & EvidenceFile.digest.not_in(holding)
    digests = _empty(db, and_(of_no_session, _proves_no_figure(db)))
    erase_payloads(db, [f"evidence:{digest}" for digest in digests])


def empty_untied(db: Session, at: datetime) -> int:
    """Empty files that prove nothing a week after they came; return how many.

    A sheet that was only looked at, or could not be read, holds the numbers of people
    whose consultations nobody recorded. What was decided on its rows stays in the log.
    """
    untied = and_(
        EvidenceFile.size_bytes > 0,
        EvidenceFile.uploaded_at <= at - UNTIED_FOR,
        EvidenceFile.digest.not_in(select(SessionEvidence.digest)),
    )
    emptied = len(_empty(db, and_(untied, _proves_no_figure(db))))
    if emptied:
        append_event(db, "retention.erased", "retention:files", SYSTEM, {"files": emptied})
    return emptied


def _proves_no_figure(db: Session) -> ColumnElement[bool]:
    """Whether no reported value, signed target or correction rests on a file, nor is to."""
    rests = (IndicatorValue, SignedDefinition, Adjustment)
    awaited = [
        digest
        for proposal in open_proposals(db, limit=MOST_PROPOSALS)
        if (digest := str(proposal.details.get("evidence", "")))
    ]
    return and_(
        *(EvidenceFile.digest.not_in(select(one.evidence_digest)) for one in rests),
        EvidenceFile.digest.not_in(awaited),
    )


def _empty(db: Session, which: Any) -> list[str]:
    digests = list(db.scalars(select(EvidenceFile.digest).where(which)))
    emptied = update(EvidenceFile).where(EvidenceFile.digest.in_(digests))
    db.execute(emptied.values(name=ERASED, content=b"", size_bytes=0))
    return digests
