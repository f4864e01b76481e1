import pytest

from audit.log import Actor, ActorKind
from guidance.people.identity import (
    IdentityKind,
    bind_identity,
    identity_digest,
    level_of,
    mark_internal,
    new_person,
    owner_of,
    standing_of,
)
from guidance.people.level import LEVEL_NAMES, IdentityLevel
from guidance.people.merging import SamePersonAlready, merge_people, propose_merge
from guidance.people.phone import PhoneClaim, settle_phone
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import HANDLER, at_rest, qualified_chat

KEY = b"installation"


@pytest.mark.parametrize(
    ("kinds", "level"),
    [
        (set(), IdentityLevel.VISITOR),
        ({IdentityKind.WECHAT}, IdentityLevel.WECHAT),
        ({IdentityKind.PHONE}, IdentityLevel.PHONE),
        ({IdentityKind.WECHAT, IdentityKind.PHONE}, IdentityLevel.WECHAT_PHONE),
        ({IdentityKind.PAPERS}, IdentityLevel.STAFF),
    ],
)
def test_level_follows_from_what_was_verified(
    kinds: set[IdentityKind], level: IdentityLevel
) -> None:
    assert level_of(kinds) is level


def test_levels_are_ordered_and_named() -> None:
    assert [level.rank for level in IdentityLevel] == list(range(len(LEVEL_NAMES)))
    assert set(LEVEL_NAMES) == set(IdentityLevel)


def test_only_a_keyed_digest_of_a_number_is_kept() -> None:
    phone = identity_digest(KEY, IdentityKind.PHONE, "138 0000 0000")
    assert phone == identity_digest(KEY, IdentityKind.PHONE, "13800000000")
    assert phone != identity_digest(b"other", IdentityKind.PHONE, "13800000000")
    assert phone != identity_digest(KEY, IdentityKind.PAPERS, "13800000000")


def test_merged_people_share_level_and_standing(database: Database) -> None:
    digest = identity_digest(KEY, IdentityKind.PHONE, "13800000000")
    with database.writing() as db:
        entered = new_person(db, NOON)
        bind_identity(db, entered, IdentityKind.PHONE, digest, by=HANDLER.actor, at=NOON)
        bind_identity(db, "visitor-1", IdentityKind.WECHAT, "w", by=HANDLER.actor, at=NOON)
        merge_people(db, "visitor-1", entered, NOON)
    with database.reading() as db:
        assert owner_of(db, IdentityKind.PHONE, digest) == "visitor-1"
        assert standing_of(db, entered) == standing_of(db, "visitor-1")
        # Staff were told the number: it leads to the person and proves nothing.
        assert standing_of(db, entered).level is IdentityLevel.WECHAT
    proof = PhoneClaim("visitor-1", digest, KEY)
    with database.writing() as db:
        assert settle_phone(db, proof, Actor(ActorKind.PERSON, "0" * 16), NOON) == "visitor-1"
        assert standing_of(db, entered).level is IdentityLevel.WECHAT_PHONE
    with pytest.raises(SamePersonAlready), database.writing() as db:
        propose_merge(db, entered, "visitor-1", HANDLER, NOON, "同一人")


def test_one_of_us_is_never_counted(database: Database) -> None:
    with database.writing() as db:
        mark_internal(db, "visitor-1", NOON)
    assert at_rest(database, qualified_chat(database, "m1")).codes == "Q2"
