from datetime import UTC, datetime

from sqlalchemy import select, text

from audit.log import Actor, ActorKind
from matching.mentoring.asking import request_mentor
from matching.mentoring.moves import Proposer
from matching.mentoring.need import Wish
from matching.mentoring.pairing import Pairing
from matching.mentoring.privacy import erase_mentoring, mentoring_of
from matching.mentoring.proposing import accept, propose
from matching.mentors.mentor import Mentor, find_mentor
from matching.mentors.pack import load_mentors
from storage.database import Database

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
CODE = "S001"
STAFF = Proposer(Actor(ActorKind.ACCOUNT, "7"), "熟悉情况")
PERSON = "visitor:canary-person"
WISH = Wish(topics=("营销获客",), street="金丝雀街", words="金丝雀想开店", phone="13800000000")


def test_erasure_leaves_no_word_and_frees_the_seat(database: Database) -> None:
    with database.writing() as db:
        load_mentors(db, NOW, NOW.date())
        mentor = db.scalars(select(Mentor).order_by(Mentor.code)).first()
        assert mentor is not None
        mentor.code, mentor.streets, mentor.languages = CODE, [], []
        need = request_mentor(db, PERSON, WISH, NOW)
        pairing = propose(db, need.id, CODE, STAFF, NOW)
        accept(db, pairing.id, CODE, STAFF.actor, NOW)
        assert find_mentor(db, CODE).held == 1
    with database.reading() as db:
        (shown,) = mentoring_of(db, PERSON)
        assert (shown["phone"], shown["words"]) == (WISH.phone, WISH.words)
        assert shown["mentors"] == [{"mentor": CODE, "state": "accepted"}]
    with database.writing() as db:
        erase_mentoring(db, PERSON, NOW)
    with database.reading() as db:
        assert mentoring_of(db, PERSON) == []
        assert find_mentor(db, CODE).held == 0
        assert len(db.scalars(select(Pairing)).all()) == 1
        tables = ("mentoring_needs", "mentoring_contacts", "pairings")
        left = " ".join(str(db.execute(text(f"SELECT * FROM {name}")).all()) for name in tables)
        assert not any(word in left for word in ("canary", "金丝雀", WISH.phone))
