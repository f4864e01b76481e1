"""Mentors as a subject of spreadsheets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import append_event
from matching.mentors.columns import MENTOR_COLUMNS, mentor_conflicts
from matching.mentors.editing import MentorRecord, contents_of, fill
from matching.mentors.facts import MentorState
from matching.mentors.mentor import Mentor
from matching.projects.editing import Editor
from matching.spreadsheets.judging import Stored, Subject

REASON = "表格导入"


def _stored(db: Session, codes: Sequence[str]) -> Mapping[str, Stored]:
    found = {}
    for mentor in db.scalars(select(Mentor).where(Mentor.code.in_(codes))):
        record = MentorRecord(mentor)
        values = {column.name: getattr(record, column.name) for column in MENTOR_COLUMNS}
        version = f"{mentor.updated_at.isoformat()} {mentor.state}"
        found[mentor.code] = Stored(version, values, contents_of(record))
    return found


def _insert(db: Session, rows: Sequence[Mapping[str, Any]], editor: Editor) -> None:
    for row in rows:
        # Who is entered with a term is appointed; the term decides from when.
        mentor = Mentor(
            state=MentorState.ACTIVE,
            conflicts={},
            created_at=editor.at,
            updated_at=editor.at,
        )
        fill(mentor, row)
        db.add(mentor)
        append_event(db, "mentor.added", f"mentor:{mentor.code}", editor.actor, reason=REASON)
    db.flush()


def _update(db: Session, rows: Mapping[str, Mapping[str, Any]], editor: Editor) -> None:
    for mentor in db.scalars(select(Mentor).where(Mentor.code.in_(rows))):
        fill(mentor, rows[mentor.code])
        mentor.updated_at = editor.at
        details = {"fields": sorted(rows[mentor.code])}
        subject = f"mentor:{mentor.code}"
        append_event(db, "mentor.changed", subject, editor.actor, details, REASON)
    db.flush()


def _records(db: Session) -> Iterator[MentorRecord]:
    query = select(Mentor).order_by(Mentor.code).execution_options(yield_per=500)
    for mentor in db.scalars(query):
        yield MentorRecord(mentor)


MENTORS = Subject(
    name="mentors",
    label="创业导师",
    columns=MENTOR_COLUMNS,
    stored=_stored,
    conflicts=mentor_conflicts,
    insert=_insert,
    update=_update,
    records=_records,
)
