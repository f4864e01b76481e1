"""What was erased while it waited for its review: it can no longer be proved, so it cannot count."""

from datetime import timedelta

import pytest

from audit.log import Actor, ActorKind
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.privacy.rights import erase_person
from guidance.review.decisions import CHECKLIST, approve, reject, submit
from guidance.transition import find_session
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import HANDLER, REVIEWER, qualified_chat

OFFICER = Actor(ActorKind.ACCOUNT, "8")


def test_a_session_without_its_words_cannot_be_approved(database: Database) -> None:
    session_id = qualified_chat(database, "m1")
    with database.writing() as db:
        submit(db, session_id, HANDLER, NOON)
    with database.writing() as db:
        erase_person(db, "visitor-1", OFFICER, NOON, timedelta(days=730))
    with pytest.raises(TransitionRefused, match="要求删除"), database.writing() as db:
        approve(db, session_id, REVIEWER, NOON, CHECKLIST)
    with database.writing() as db:
        reject(db, session_id, REVIEWER, NOON, "not_guidance", "原始记录已按本人要求删除")
    with database.reading() as db:
        assert find_session(db, session_id).state is SessionState.REJECTED
