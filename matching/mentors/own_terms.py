"""What mentors decide themselves: how many at once, what about, when, and a pause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from audit.log import append_event
from matching.mentors.mentor import MOST_TOPICS, Mentor, MentorInvalid
from matching.mentors.topics import topic_names
from matching.mentors.weekly_slots import parse_slots
from matching.projects.editing import Editor

LONGEST_PAUSE = timedelta(days=366)


class PauseRefused(ValueError):
    """A pause cannot be entered so; the message says why."""


@dataclass(frozen=True, slots=True)
class OwnTerms:
    """What a mentor entered: at most `cap` people at once, topics, and weekly times as text."""

    cap: int
    topics: Sequence[str]
    slots: str


def set_own_terms(db: Session, mentor: Mentor, terms: OwnTerms, editor: Editor) -> bool:
    """Take what a mentor entered; return whether anything differed.

    The appointed number stays the ceiling. Topics keep the order that they had, new ones
    follow. Raises MentorInvalid, SlotUnreadable.
    """
    db.refresh(mentor, with_for_update=True)
    if not 0 <= terms.cap <= mentor.concurrent_cap:
        raise MentorInvalid(
            f"同时带教的人数请填 0 到 {mentor.concurrent_cap}，要增加请联系管理员。"
        )
    chosen = [topic for topic in topic_names() if topic in terms.topics]
    kept = [topic for topic in mentor.topics if topic in terms.topics]
    topics = kept + [topic for topic in chosen if topic not in kept]
    slots = [str(slot) for slot in parse_slots(terms.slots)]
    before = (mentor.own_cap, list(mentor.topics), list(mentor.slots))
    own_cap = None if terms.cap == mentor.concurrent_cap else terms.cap
    changed = [
        name
        for name, old, new in zip(
            ("concurrent_cap", "topics", "slots"), before, (own_cap, topics, slots), strict=True
        )
        if old != new
    ]
    if not topics:
        raise MentorInvalid("请至少选一个擅长主题。")
    if len(topics) > MOST_TOPICS:
        raise MentorInvalid(f"擅长主题最多 {MOST_TOPICS} 个，请保留最擅长的。")
    mentor.own_cap, mentor.topics, mentor.slots = own_cap, topics, slots
    if changed:
        _note(db, mentor, "mentor.changed", editor, {"fields": changed})
    return bool(changed)


def pause_until(db: Session, mentor: Mentor, first: date, last: date, editor: Editor) -> None:
    """Take nobody new from one day to another, both included. Raises PauseRefused."""
    if not first <= last <= first + LONGEST_PAUSE:
        raise PauseRefused("恢复的日期要在今天以后，最长一年。更长的请联系管理员。")
    db.refresh(mentor, with_for_update=True)
    others = [one for one in mentor.pause_days if one[1] < first or one[0] > last]
    days = sorted([*others, (first, last)])
    mentor.pauses = [[start.isoformat(), end.isoformat()] for start, end in days]
    _note(db, mentor, "mentor.paused", editor, {"last": last.isoformat()})


def end_pause(db: Session, mentor: Mentor, today: date, editor: Editor) -> None:
    """Take people again from today on; pauses to come stay."""
    db.refresh(mentor, with_for_update=True)
    days = []
    for first, last in mentor.pause_days:
        if not first <= today <= last:
            days.append((first, last))
        elif first < today:
            days.append((first, today - timedelta(days=1)))
    mentor.pauses = [[start.isoformat(), end.isoformat()] for start, end in days]
    _note(db, mentor, "mentor.resumed", editor)


def paused_to(mentor: Mentor, day: date) -> date | None:
    """Return the last day of the pause that a day lies in."""
    return max((last for first, last in mentor.pause_days if first <= day <= last), default=None)


def _note(
    db: Session,
    mentor: Mentor,
    action: str,
    editor: Editor,
    details: dict[str, object] | None = None,
) -> None:
    mentor.updated_at = editor.at
    append_event(db, action, f"mentor:{mentor.code}", editor.actor, details)
    db.flush()
