"""Numbers proven by a code: limits, tries, and whom a number makes one person."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from accounts.role import Role
from audit.log import SYSTEM
from guidance.people.attempt import TooManyAttempts
from guidance.people.identity import (
    Identity,
    IdentityKind,
    bind_identity,
    holder_of,
    identity_digest,
    mark_virtual,
    new_person,
    owner_of,
    standing_of,
    unbind_identities,
)
from guidance.people.level import IdentityLevel
from guidance.people.merging import confirm_merge
from guidance.people.phone import (
    CODE_LIFE,
    PROVES_FOR,
    TRIES,
    CodeCheck,
    PhoneClaim,
    check_phone_code,
    make_phone_code,
    settle_phone,
)
from guidance.review.proposal import ProposalKind, open_proposals
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import HANDLER, at_rest, qualified_chat, staff

KEY = b"installation"


def claim(person: str = "visitor-1", number: str = "13800000000") -> PhoneClaim:
    return PhoneClaim(person, identity_digest(KEY, IdentityKind.PHONE, number), KEY)


def code_for(database: Database, who: PhoneClaim, at: datetime = NOON, place: str = "a") -> str:
    with database.writing() as db:
        return make_phone_code(db, who, place, at)


def check(database: Database, who: PhoneClaim, code: str, at: datetime = NOON) -> CodeCheck:
    with database.writing() as db:
        return check_phone_code(db, who, code, at)


def settle(database: Database, who: PhoneClaim, at: datetime = NOON) -> str:
    with database.writing() as db:
        return settle_phone(db, who, SYSTEM, at)


def test_a_code_serves_once_its_person_and_its_number(sqlite_database: Database) -> None:
    code = code_for(sqlite_database, claim())
    assert check(sqlite_database, claim(number="13900000000"), code) is CodeCheck.GONE
    assert check(sqlite_database, claim("visitor-2"), code) is CodeCheck.GONE
    assert check(sqlite_database, claim(), code, NOON + CODE_LIFE) is CodeCheck.GONE
    assert check(sqlite_database, claim(), code) is CodeCheck.RIGHT
    assert check(sqlite_database, claim(), code) is CodeCheck.GONE


def test_a_code_is_void_after_some_wrong_tries(sqlite_database: Database) -> None:
    code = code_for(sqlite_database, claim())
    wrong = f"{(int(code) + 1) % 10**6:06}"
    checks = [check(sqlite_database, claim(), wrong) for _ in range(TRIES)]
    assert checks == [CodeCheck.WRONG] * (TRIES - 1) + [CodeCheck.GONE]
    assert check(sqlite_database, claim(), code) is CodeCheck.GONE


@pytest.mark.parametrize(
    ("sends", "wait"),
    [
        # the same number again within a minute, whoever asks and from wherever
        ([("p1", "1", "a", 0), ("p2", "1", "b", 30)], 30),
        # the same person again within a minute, for another number
        ([("p1", "1", "a", 0), ("p1", "2", "a", 30)], 30),
        # the sixth for a number on a day
        ([(f"p{n}", "1", f"{n}", n * 3600) for n in range(6)], 19 * 3600),
        # the thirty-first from one address within an hour
        ([(f"p{n}", f"{n}", "a", n * 60) for n in range(31)], 1800),
    ],
)
def test_messages_are_limited(
    sqlite_database: Database, sends: list[tuple[str, str, str, int]], wait: int
) -> None:
    *first, (person, number, place, after) = sends
    for one, to, source, at in first:
        who = claim(one, f"1380000{to:>04}")
        code_for(sqlite_database, who, NOON + timedelta(seconds=at), source)
    who = claim(person, f"1380000{number:>04}")
    with pytest.raises(TooManyAttempts) as refused:
        code_for(sqlite_database, who, NOON + timedelta(seconds=after), place)
    assert refused.value.retry_after_s == wait


def test_a_number_entered_by_staff_and_proven_later_is_one_person(database: Database) -> None:
    with database.writing() as db:
        entered = new_person(db, NOON)
        digest = claim().number_digest
        bind_identity(db, entered, IdentityKind.PHONE, digest, by=HANDLER.actor, at=NOON)
    first = qualified_chat(database, "m1", person="visitor-1")
    second = qualified_chat(database, "m2", person=entered, at=NOON + timedelta(hours=3))
    holder = settle(database, claim(), NOON + timedelta(days=1))
    sessions = [at_rest(database, one) for one in (first, second)]
    assert {one.counts_for for one in sessions} == {holder}
    assert sorted(one.state for one in sessions) == ["merged", "qualified"]  # one a day
    with database.reading() as db:
        assert owner_of(db, IdentityKind.PHONE, digest) == holder
        assert standing_of(db, "visitor-1").level is IdentityLevel.PHONE


def test_a_number_seen_long_ago_moves_and_staff_are_asked(database: Database) -> None:
    settle(database, claim("visitor-1"))
    at = NOON + PROVES_FOR + timedelta(seconds=1)
    assert settle(database, claim("visitor-2"), at) == "visitor-2"
    with database.reading() as db:
        assert standing_of(db, "visitor-1").level is IdentityLevel.VISITOR
        assert standing_of(db, "visitor-2").level is IdentityLevel.PHONE
        (proposal,) = open_proposals(db, ProposalKind.MERGE_PEOPLE)
    with database.writing() as db:
        confirm_merge(db, proposal.id, staff(8, Role.REVIEWER), at)
    with database.reading() as db:
        assert holder_of(db, "visitor-1") == holder_of(db, "visitor-2")


def test_who_deletes_the_number_is_a_visitor_again(sqlite_database: Database) -> None:
    settle(sqlite_database, claim("wechat:district:abc"))
    with sqlite_database.reading() as db:
        assert standing_of(db, "wechat:district:abc").level is IdentityLevel.WECHAT_PHONE
    with sqlite_database.writing() as db:
        assert unbind_identities(db, "wechat:district:abc", IdentityKind.PHONE, SYSTEM) == 1
    with sqlite_database.reading() as db:
        assert standing_of(db, "wechat:district:abc").level is IdentityLevel.WECHAT


def test_an_account_that_wechat_made_up_never_counts(sqlite_database: Database) -> None:
    with sqlite_database.writing() as db:
        mark_virtual(db, "visitor-1", NOON)
    assert at_rest(sqlite_database, qualified_chat(sqlite_database, "m1")).codes == "Q2"


def prove(database: Database, person: str, together: Barrier) -> None:
    together.wait(60)
    settle(database, claim(person))


def test_two_who_prove_one_number_at_the_same_moment_are_one(database: Database) -> None:
    people = [f"visitor-{number}" for number in range(4)]
    with ThreadPoolExecutor(len(people)) as threads:
        together = Barrier(len(people))
        for done in [threads.submit(prove, database, one, together) for one in people]:
            done.result()
    with database.reading() as db:
        assert len({holder_of(db, one) for one in people}) == 1
        assert len(db.scalars(select(Identity)).all()) == 1
