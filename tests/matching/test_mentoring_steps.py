"""What a mentoring goes through beside the plain way: wishes, bars, absence, lessons, news."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from audit.log import SYSTEM
from matching.assignment.certificate_file import verify
from matching.learning.outcome import MatchOutcome
from matching.learning.weight_version import LearningSubject
from matching.mentoring.absence import release_absent
from matching.mentoring.asking import order_wishes, request_mentor, withdraw_need
from matching.mentoring.fingerprint import fingerprint
from matching.mentoring.guiding import (
    Ending,
    agree_time_as_person,
    end_pairing,
    note_meeting,
    rate,
    suggest_time,
)
from matching.mentoring.moves import MentoringRefused, SeatTaken
from matching.mentoring.need import MentoringContact, MentoringNeed, NeedState, Wish
from matching.mentoring.news import MentoringNews, NewsKind, NewsState, calls_to_make
from matching.mentoring.pairing import (
    DeclineReason,
    Pairing,
    PairingState,
    find_pairing,
)
from matching.mentoring.proposing import accept, decline, propose, withdraw_proposal
from matching.mentoring.ranking import (
    asking_for,
    rank_needs,
    stable_faults,
    store_mutual_run,
)
from matching.mentoring.run import gather, last_run, reasons_for, store_run
from matching.mentors.facts import MentorState
from matching.mentors.mentor import Mentor, find_mentor
from storage.database import Database
from tests.matching.test_mentorship import (
    CODE,
    DAY,
    NOW,
    STAFF,
    WISH,
    ask,
    check_seats,
    proposed,
    state,
    with_mentors,
)


@pytest.fixture
def loaded(sqlite_database: Database) -> Database:
    return with_mentors(sqlite_database, 2)


def proposed_with_reasons(database: Database, person: str = "visitor:1") -> tuple[int, int]:
    need_id = ask(database, person)
    with database.writing() as db:
        why = reasons_for(db, need_id, CODE, NOW, DAY)
        return need_id, propose(db, need_id, CODE, STAFF, NOW, why).id


def planned(database: Database, need_id: int) -> str | None:
    with database.reading() as db:
        return gather(db, NOW, DAY).solve().run.pairs.get(f"N{need_id}")


def only_possible(database: Database, code: str = CODE) -> None:
    """Leave one mentor who knows what WISH asks about."""
    with database.writing() as db:
        for mentor in db.scalars(select(Mentor).where(Mentor.code != code)):
            mentor.topics, mentor.industries = ["知识产权"], []
        find_mentor(db, code).topics = ["营销获客"]


def test_only_no_and_the_persons_own_withdrawal_bar_a_pair(loaded: Database) -> None:
    only_possible(loaded)
    need_id, pairing_id = proposed(loaded)
    with loaded.writing() as db:
        withdraw_proposal(db, find_pairing(db, pairing_id), STAFF, NOW)
    assert planned(loaded, need_id) == CODE
    with loaded.writing() as db:
        again = propose(db, need_id, CODE, STAFF, NOW).id
        accept(db, again, CODE, SYSTEM, NOW)
        withdraw_need(db, need_id, "visitor:1", NOW)
    later = ask(loaded, "visitor:1")
    assert planned(loaded, later) is None
    with loaded.writing() as db:
        order_wishes(db, later, "visitor:1", [CODE])
    assert planned(loaded, later) == CODE
    with loaded.writing() as db:
        asked = propose(db, later, CODE, STAFF, NOW).id
        decline(db, asked, CODE, (DeclineReason.NO_TIME, ""), SYSTEM, NOW)
    assert planned(loaded, later) is None
    check_seats(loaded)


def test_who_is_asked_for_is_preferred(loaded: Database) -> None:
    need_id = ask(loaded, "visitor:1")
    usual = planned(loaded, need_id)
    with loaded.reading() as db:
        able = [
            mentor.code
            for mentor in db.scalars(select(Mentor).order_by(Mentor.code))
            if set(mentor.topics) & set(WISH.topics) and mentor.code != usual
        ]
    with loaded.writing() as db:
        order_wishes(db, need_id, "visitor:1", able[:1])
        with pytest.raises(MentoringRefused):
            order_wishes(db, need_id, "visitor:1", able[:1] + [CODE, "X1", "X2"])
    assert planned(loaded, need_id) == able[0]


def test_a_mentor_may_take_fewer_than_appointed(database: Database) -> None:
    with_mentors(database, 2)
    with database.writing() as db:
        find_mentor(db, CODE).own_cap = 1
    proposed(database)
    second = ask(database, "visitor:2")
    with pytest.raises(SeatTaken), database.writing() as db:
        propose(db, second, CODE, STAFF, NOW)
    with database.reading() as db:
        assert find_mentor(db, CODE).seats == 1
        assert db.scalars(select(Mentor.seats).where(Mentor.code == CODE)).one() == 1


def test_who_is_with_a_mentor_that_leaves_waits_for_another(database: Database) -> None:
    with_mentors(database, 2)
    running, pairing_id = proposed(database)
    asked, _ = proposed(database, "visitor:2")
    with database.writing() as db:
        accept(db, pairing_id, CODE, SYSTEM, NOW)
        find_mentor(db, CODE).pauses = [[DAY.isoformat(), DAY.isoformat()]]
        assert release_absent(db, NOW, DAY) == 1
    assert (state(database, running), state(database, asked)) == (
        NeedState.PAIRED,
        NeedState.WAITING,
    )
    with database.writing() as db:
        find_mentor(db, CODE).state = MentorState.DISMISSED
        assert release_absent(db, NOW, DAY) == 1
        assert release_absent(db, NOW, DAY) == 0
        assert db.get(MentoringContact, running) is not None
        kinds = set(db.scalars(select(MentoringNews.kind)))
        assert NewsKind.MENTOR_LEFT in kinds
        assert not db.scalars(select(Pairing.id).where(Pairing.barred)).all()
    assert state(database, running) is NeedState.WAITING
    check_seats(database)


def test_looking_for_another_one_keeps_the_need_and_bars_the_pair(loaded: Database) -> None:
    only_possible(loaded)
    need_id, pairing_id = proposed(loaded)
    with loaded.writing() as db:
        accept(db, pairing_id, CODE, SYSTEM, NOW)
        end_pairing(db, pairing_id, STAFF, NOW, Ending.AGAIN)
    assert state(loaded, need_id) is NeedState.WAITING
    assert planned(loaded, need_id) is None


def test_answers_meetings_and_ratings_are_learnt_from(loaded: Database) -> None:
    _, pairing_id = proposed_with_reasons(loaded)
    with loaded.writing() as db:
        accept(db, pairing_id, CODE, SYSTEM, NOW)
        for _ in range(3):
            note_meeting(db, pairing_id, CODE, NOW)
        rate(db, pairing_id, "visitor:1", 2, NOW)
    _, second = proposed_with_reasons(loaded, "visitor:2")
    with loaded.writing() as db:
        decline(db, second, CODE, (DeclineReason.CONFLICT, ""), SYSTEM, NOW)
    with loaded.reading() as db:
        rows = db.scalars(select(MatchOutcome).order_by(MatchOutcome.id)).all()
    assert [(row.subject, row.kind, row.good) for row in rows] == [
        (LearningSubject.MENTOR, "accepted", True),
        (LearningSubject.MENTEE, "met", True),
        (LearningSubject.MENTEE, "second_meeting", True),
        (LearningSubject.MENTEE, "not_useful", False),
    ]
    assert rows[0].person == f"mentor:{CODE}"
    assert "specialism" in rows[0].terms
    assert "topics" not in rows[0].terms


def test_both_sides_orders_are_matched_and_the_proof_is_checked(loaded: Database) -> None:
    first, second, third = (ask(loaded, f"visitor:{number}") for number in range(3))
    only_possible(loaded)
    with loaded.writing() as db:
        find_mentor(db, CODE).own_cap = 1
        for number, need_id in enumerate((first, second)):
            order_wishes(db, need_id, f"visitor:{number}", [CODE])
        with pytest.raises(MentoringRefused):
            store_mutual_run(db, STAFF, NOW, DAY)
        asking = asking_for(db, find_mentor(db, CODE).facts(), NOW, DAY)
        assert [need.code for need in asking] == [f"N{first}", f"N{second}"]
        rank_needs(db, CODE, [f"N{second}", f"N{first}", f"N{third}"], SYSTEM, NOW)
        store_mutual_run(db, STAFF, NOW, DAY)
        run = last_run(db)
        assert run is not None
        assert run.pairs == {f"N{second}": CODE}
        assert stable_faults(run.certificate) == []
        forged = run.certificate | {"match": {f"N{first}": CODE}}
        assert stable_faults(forged) == [(f"N{second}", CODE)]


def test_only_what_is_still_true_has_to_be_told_by_telephone(loaded: Database) -> None:
    _, pairing_id = proposed(loaded)

    def calls() -> list[NewsKind]:
        with loaded.writing() as db:
            for news in db.scalars(select(MentoringNews)):
                news.state = NewsState.UNREACHED
            db.flush()
            return [news.kind for news, _ in calls_to_make(db)]

    assert calls() == [NewsKind.PROPOSAL]
    with loaded.writing() as db:
        accept(db, pairing_id, CODE, SYSTEM, NOW)
    assert calls() == [NewsKind.ACCEPTED]
    with loaded.writing() as db:
        suggest_time(db, pairing_id, CODE, "周三下午", SYSTEM, NOW)
    assert calls() == [NewsKind.TIME_TO_PERSON]
    with loaded.writing() as db:
        agree_time_as_person(db, pairing_id, "visitor:1", NOW)
        with pytest.raises(MentoringRefused):
            agree_time_as_person(db, pairing_id, "visitor:1", NOW)
    assert calls() == [NewsKind.TIME_TO_MENTOR]
    with loaded.writing() as db:
        note_meeting(db, pairing_id, CODE, NOW)
    assert calls() == []
    with loaded.reading() as db:
        sent = db.scalars(select(MentoringNews).where(MentoringNews.kind == NewsKind.ACCEPTED))
        assert [news.cause for news in sent] == ["mentoring:2"]
        assert find_pairing(db, pairing_id).state is PairingState.ACTIVE


def test_the_same_is_matched_once_and_anything_else_anew(loaded: Database) -> None:
    def sign(days: int = 0) -> str:
        at = NOW + timedelta(days=days)
        with loaded.reading() as db:
            return fingerprint(gather(db, at, DAY + timedelta(days=days)))

    ask(loaded, "visitor:1")
    before = sign()
    assert before == sign()
    signs = {before, sign(1)}
    with loaded.writing() as db:
        find_mentor(db, CODE).own_cap = 0
    signs.add(sign())
    ask(loaded, "visitor:2", Wish(topics=("创业贷款",)))
    signs.add(sign())
    assert len(signs) == 4


def test_favoured_groups_get_their_share_and_staff_see_its_price(loaded: Database) -> None:
    only_possible(loaded)
    with loaded.writing() as db:
        mentor = find_mentor(db, CODE)
        mentor.concurrent_cap = 1
        # Who waited longer comes first, unless the other belongs to a favoured group.
        usual = request_mentor(db, "visitor:1", WISH, NOW - timedelta(days=9)).id
        favoured = request_mentor(db, "visitor:2", replace(WISH, groups=("disabled",)), NOW).id
    assert planned(loaded, favoured) == CODE
    with loaded.reading() as db:
        found = gather(db, NOW, DAY).solve()
    assert (found.members, found.served, found.served_without) == (1, 1, 0)
    assert 0.09 < found.priority < 0.11  # as much as nine days of waiting
    with loaded.writing() as db:
        store_run(db, found.run, STAFF, NOW, found.text)
        run = last_run(db)
        assert run is not None
        assert verify(run.certificate).valid
        assert run.floor.startswith("重点群体 1 人中安排 1 人（不设下限时 0 人），总匹配值减少")
    with loaded.writing() as db:
        db.get_one(MentoringNeed, favoured).groups = []
    assert planned(loaded, usual) == CODE
