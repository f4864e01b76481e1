"""What happens to a mentor's appointment: renewed, paused, resumed, dismissed."""

from datetime import date

from sqlalchemy.orm import Session

from audit.log import append_event
from matching.mentors.facts import MentorState
from matching.mentors.mentor import Mentor
from matching.projects.editing import Editor


class TermChangeRefused(ValueError):
    """An appointment cannot be changed so; the message says why."""


def renew(db: Session, mentor: Mentor, until: date, editor: Editor, reason: str = "") -> None:
    """Prolong the term. Raises TermChangeRefused for a dismissed mentor or an earlier end."""
    if mentor.state is MentorState.DISMISSED:
        raise TermChangeRefused("这位导师已解聘，须重新聘任。")
    if until <= mentor.term_end_on:
        raise TermChangeRefused(f"续聘须晚于现在的聘期（{mentor.term_end_on.isoformat()}）。")
    details = {"before": mentor.term_end_on.isoformat(), "until": until.isoformat()}
    mentor.term_end_on = until
    mentor.renewals += 1
    _note(db, mentor, "mentor.renewed", editor, details, reason)


def dismiss(db: Session, mentor: Mentor, reason: str, editor: Editor, on: date) -> None:
    """End the appointment; running pairings are for the operation to move on."""
    if mentor.state is MentorState.DISMISSED:
        raise TermChangeRefused("这位导师已经解聘。")
    if not reason.strip():
        raise TermChangeRefused("请写明解聘的理由。")
    mentor.state = MentorState.DISMISSED
    mentor.dismissed_on = on
    mentor.dismissal_reason = reason.strip()
    _note(db, mentor, "mentor.dismissed", editor, {"on": on.isoformat()}, reason)


def pause(db: Session, mentor: Mentor, editor: Editor, reason: str = "") -> None:
    """Take no new mentees until resumed. Raises TermChangeRefused unless in office."""
    if mentor.state is not MentorState.ACTIVE:
        raise TermChangeRefused("只有在聘的导师可以暂停。")
    mentor.state = MentorState.PAUSED
    _note(db, mentor, "mentor.paused", editor, reason=reason)


def resume(db: Session, mentor: Mentor, editor: Editor, reason: str = "") -> None:
    """Take new mentees again; also appoints a candidate. Raises TermChangeRefused."""
    if mentor.state not in {MentorState.PAUSED, MentorState.CANDIDATE}:
        raise TermChangeRefused("只有暂停或待聘的导师可以恢复。")
    mentor.state = MentorState.ACTIVE
    _note(db, mentor, "mentor.resumed", editor, reason=reason)


def _note(
    db: Session,
    mentor: Mentor,
    action: str,
    editor: Editor,
    details: dict[str, str] | None = None,
    reason: str = "",
) -> None:
    mentor.updated_at = editor.at
    append_event(db, action, f"mentor:{mentor.code}", editor.actor, details, reason)
    db.flush()
