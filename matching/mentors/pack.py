"""The shipped sample mentors: brought in once, plainly marked, never overwritten."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import SYSTEM, append_event
from knowledge.yaml_text import read_yaml
from matching.mentors.facts import MentorCategory, MentorOrigin, MentorState
from matching.mentors.mentor import Mentor, MentorInvalid, term_end
from matching.mentors.topics import topic_names


@cache
def sample_mentors() -> tuple[Mapping[str, Any], ...]:
    """Read the samples, by code; each has the note that says what they are."""
    path = resources.files("matching") / "library" / "mentors" / "samples.yaml"
    data = read_yaml(path.read_text("utf-8"))
    return tuple(entry | {"notes": data["note"]} for entry in data["mentors"])


def load_mentors(db: Session, now: datetime, today: date) -> int:
    """Add the samples that the database does not know yet; return how many.

    Their term of three years begins today. What somebody changed stays as it is, and a
    dismissed sample does not come back.
    """
    known = set(db.scalars(select(Mentor.code)))
    added = [_mentor(entry, now, today) for entry in sample_mentors() if entry["code"] not in known]
    db.add_all(added)
    if added:
        codes = [mentor.code for mentor in added]
        append_event(db, "mentor.pack_loaded", "mentor:samples", SYSTEM, {"codes": codes})
    db.flush()
    return len(added)


def _mentor(entry: Mapping[str, Any], now: datetime, today: date) -> Mentor:
    values = dict(entry)
    mentor = Mentor(
        category=MentorCategory(values.pop("category")),
        origin=MentorOrigin(values.pop("origin")),
        **values,
        state=MentorState.ACTIVE,
        term_start_on=today,
        term_end_on=term_end(today),
        pauses=[],
        sample=True,
        created_at=now,
        updated_at=now,
    )
    unknown = set(mentor.topics) - set(topic_names())
    if unknown:
        raise MentorInvalid(f"{mentor.code}：没有“{'、'.join(sorted(unknown))}”这些主题。")
    mentor.check()
    return mentor
