"""Changes to the register of mentors by people: entered and revised, each one audited."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import append_event
from matching.mentors.columns import CONFLICT_KINDS, MENTOR_COLUMNS, mentor_conflicts
from matching.mentors.facts import MentorState
from matching.mentors.mentor import Mentor
from matching.projects.editing import Editor
from storage.database import storable, take_turns

_LABELS = {column.name: column.label for column in MENTOR_COLUMNS}
_OWN_CODE = re.compile(r"D(\d{4,})")


class MentorFieldsInvalid(ValueError):
    """Fields are wrong; `errors` maps their names to what to do."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("；".join(f"{_LABELS[name]}：{text}" for name, text in errors.items()))
        self.errors = dict(errors)


class MentorChanged(RuntimeError):
    """Somebody else changed the mentor since the page was opened."""


@dataclass(frozen=True)
class MentorRecord:
    """A mentor with its declared interests as columns of their own."""

    mentor: Mentor

    def __getattr__(self, name: str) -> Any:
        if name in CONFLICT_KINDS:
            return tuple(self.mentor.conflicts.get(name, ()))
        return getattr(self.mentor, name)


def contents_of(record: MentorRecord) -> dict[str, str]:
    """Return column name -> text, as a form or a cell shows it."""
    return {column.name: column.write(getattr(record, column.name)) for column in MENTOR_COLUMNS}


def fill(mentor: Mentor, values: Mapping[str, Any]) -> None:
    """Take values by column name; declared interests go into their own field."""
    declared = dict(mentor.conflicts)
    for name, value in values.items():
        if name in CONFLICT_KINDS:
            declared[name] = [storable(one) for one in value]
        else:
            setattr(mentor, name, _listed(value))
    mentor.conflicts = {name: kept for name, kept in declared.items() if kept}


def version_of(mentor: Mentor) -> str:
    """Return a text that changes with every change of the entry."""
    return mentor.updated_at.isoformat()


def next_mentor_code(db: Session) -> str:
    """Return the next free code of the form D0001."""
    codes = db.scalars(select(Mentor.code).where(Mentor.code.like("D%")))
    numbers = [int(match[1]) for code in codes if (match := _OWN_CODE.fullmatch(code))]
    return f"D{max(numbers, default=0) + 1:04}"


def create_mentor(db: Session, values: Mapping[str, Any], editor: Editor) -> Mentor:
    """Enter a mentor as a candidate. Raises MentorFieldsInvalid, also when the code is taken."""
    _check(values)
    take_turns(db, "mentor codes")
    if db.scalar(select(Mentor.id).where(Mentor.code == values["code"])) is not None:
        raise MentorFieldsInvalid({"code": "这个编号已经有导师在用，请换一个"})
    mentor = Mentor(
        state=MentorState.CANDIDATE, conflicts={}, created_at=editor.at, updated_at=editor.at
    )
    fill(mentor, values)
    db.add(mentor)
    db.flush()
    append_event(db, "mentor.added", f"mentor:{mentor.code}", editor.actor)
    return mentor


def revise_mentor(
    db: Session,
    mentor: Mentor,
    values: Mapping[str, Any],
    editor: Editor,
    seen: str,
    reason: str = "",
) -> bool:
    """Change fields of a mentor; return whether anything differed. The code stays.

    Raises MentorChanged when `seen` is no longer the entry's version, and
    MentorFieldsInvalid for fields that contradict each other.
    """
    db.refresh(mentor, with_for_update=True)
    if version_of(mentor) != seen:
        raise MentorChanged(
            "这位导师的资料刚刚有变动，您的修改还没有保存。请打开最新内容，对照后再改一次。"
        )
    _check(values)
    before = contents_of(MentorRecord(mentor))
    fill(mentor, {name: value for name, value in values.items() if name != "code"})
    db.flush()
    after = contents_of(MentorRecord(mentor))
    changed = sorted(name for name in after if before[name] != after[name])
    if not changed:
        return False
    mentor.updated_at = editor.at
    subject, details = f"mentor:{mentor.code}", {"fields": changed}
    append_event(db, "mentor.changed", subject, editor.actor, details, reason)
    db.flush()
    return True


def _check(values: Mapping[str, Any]) -> None:
    if wrong := mentor_conflicts(values):
        raise MentorFieldsInvalid(wrong)


def _listed(value: Any) -> Any:
    """Turn tuples into the lists that a JSON column gives back."""
    if isinstance(value, tuple):
        return [_listed(one) for one in value]
    return storable(value) if isinstance(value, str) else value
