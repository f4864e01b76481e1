"""How a running server notices that projects or mentors changed: one small query."""

from sqlalchemy import func, select

from matching.learning.weight_version import LearningSubject, current_name
from matching.mentors.mentor import Mentor
from matching.projects.project import library_stamp
from storage.database import Database


def offers_state(database: Database) -> str:
    """Return a text that changes whenever what can be recommended does."""
    mentors = select(
        func.count(),
        func.max(Mentor.updated_at),
        func.sum(Mentor.held),
        func.sum(Mentor.proposals_answered),
        func.sum(Mentor.ratings),
    )
    with database.reading() as db:
        weights = [current_name(db, subject) for subject in LearningSubject]
        return repr((*library_stamp(db), *db.execute(mentors).one(), *weights))
