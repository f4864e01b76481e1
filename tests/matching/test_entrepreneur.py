"""What is known of a person: kept, corrected, erased, switched off; and what was shown."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import select

from matching.profile.entrepreneur import (
    FactSource,
    choose_profile_use,
    facts_of,
    forget,
    known_facts,
    known_person,
    profile_in_use,
    remember,
)
from matching.profile.profile import Profile, fact_in_words, profile_of
from matching.projects.facts import PremisesKind
from matching.recommending.feedback import Decline, DeclineReason, decline, take_back
from matching.recommending.impression import (
    Impression,
    RecommendationList,
    ShownIn,
    ShownItem,
    ShownList,
    last_list_with,
    log_list,
)
from storage.database import Database

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
ANN, BEN = "visitor:ann", "visitor:ben"
SHOWN = ShownList(
    ShownIn.CHAT,
    (ShownItem("P01", 0.7, {"money": 1.0}), ShownItem("P02", 0.6, {"money": 0.5})),
    "projects-1",
    "abc",
    {"budget_yuan": 50_000},
    2,
    False,
)


def test_facts_are_kept_with_their_source_and_the_last_value_holds(database: Database) -> None:
    with database.writing() as db:
        remember(db, ANN, {"budget_yuan": 50_000, "skills": ["烹饪"]}, 7, NOW)
        remember(db, ANN, {"budget_yuan": 80_000}, None, NOW)
        remember(db, BEN, {"people": 2}, 8, NOW)
    with database.reading() as db:
        assert known_facts(db, ANN) == {"budget_yuan": 80_000, "skills": ["烹饪"]}
        rows = {fact.key: (fact.source, fact.turn_id) for fact in facts_of(db, ANN)}
    assert rows == {
        "budget_yuan": (FactSource.PAGE, None),
        "skills": (FactSource.MESSAGE, 7),
    }


def test_a_fact_taken_back_is_gone(database: Database) -> None:
    with database.writing() as db:
        remember(db, ANN, {"skills": ["烹饪"], "people": 1}, 1, NOW)
        remember(db, ANN, {"skills": None, "street": None}, 2, NOW)
    with database.reading() as db:
        assert known_facts(db, ANN) == {"people": 1}


def test_the_same_value_entered_again_keeps_where_it_came_from(database: Database) -> None:
    with database.writing() as db:
        remember(db, ANN, {"people": 1}, 1, NOW)
        remember(db, ANN, {"people": 1}, None, NOW)
    with database.reading() as db:
        assert facts_of(db, ANN)[0].turn_id == 1


def test_one_fact_or_everything_can_be_erased(database: Database) -> None:
    with database.writing() as db:
        remember(db, ANN, {"people": 1, "risk": 2}, 1, NOW)
        remember(db, BEN, {"people": 3}, 1, NOW)
        decline(db, ANN, Decline("P01", DeclineReason.OTHER), None, NOW)
        log_list(db, ANN, SHOWN, 1, NOW)
        forget(db, ANN, "risk")
    with database.reading() as db:
        assert known_facts(db, ANN) == {"people": 1}
        assert known_person(db, ANN).declined
    with database.writing() as db:
        forget(db, ANN, None)
    with database.reading() as db:
        nobody = known_person(db, ANN)
        assert (nobody.facts, nobody.declined) == ({}, ())
        assert known_facts(db, BEN) == {"people": 3}
        assert db.scalars(select(RecommendationList.person)).all() == [""]
        assert len(db.scalars(select(Impression)).all()) == 2


def test_a_profile_that_is_switched_off_is_not_used(database: Database) -> None:
    with database.writing() as db:
        remember(db, ANN, {"people": 1}, 1, NOW)
        decline(db, ANN, Decline("P01", DeclineReason.TOO_RISKY), None, NOW)
        choose_profile_use(db, ANN, in_use=False, at=NOW)
    with database.reading() as db:
        assert not profile_in_use(db, ANN)
        assert known_facts(db, ANN) == {}
        assert [d.project_code for d in known_person(db, ANN).declined] == ["P01"]
    with database.writing() as db:
        choose_profile_use(db, ANN, in_use=True, at=NOW)
    with database.reading() as db:
        assert known_facts(db, ANN) == {"people": 1}


def test_a_decline_can_be_changed_and_taken_back(database: Database) -> None:
    with database.writing() as db:
        decline(db, ANN, Decline("P01", DeclineReason.TOO_RISKY), 3, NOW)
        decline(db, ANN, Decline("P01", DeclineReason.NO_TIME), 4, NOW)
    with database.reading() as db:
        assert known_person(db, ANN).declined == (Decline("P01", DeclineReason.NO_TIME),)
    with database.writing() as db:
        take_back(db, ANN, "P01")
    with database.reading() as db:
        assert known_person(db, ANN).declined == ()


def test_lists_are_logged_with_places_and_chances(database: Database) -> None:
    with database.writing() as db:
        first = log_list(db, ANN, SHOWN, 5, NOW)
        second = log_list(db, ANN, SHOWN, None, NOW)
    with database.reading() as db:
        rows = db.scalars(select(Impression).where(Impression.list_id == first)).all()
        assert [(r.position, r.project_code, r.propensity) for r in rows] == [
            (1, "P01", 1.0),
            (2, "P02", 1.0),
        ]
        shown = db.get_one(RecommendationList, first)
        assert (shown.weight_version, shown.turn_id, shown.fitting) == ("projects-1", 5, 2)
        assert last_list_with(db, ANN, "P02") == second
        assert last_list_with(db, ANN, "P99") is None
        assert last_list_with(db, BEN, "P02") is None


def test_facts_of_one_person_at_the_same_moment(database: Database) -> None:
    def learn(number: int) -> None:
        with database.writing() as db:
            remember(db, ANN, {"people": number + 1, f"eligibility.{number}": True}, number, NOW)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(learn, range(6)))
    with database.reading() as db:
        known = known_facts(db, ANN)
    assert len(known) == 7


def test_senseless_facts_are_left_out_of_a_profile() -> None:
    facts = {
        "budget_yuan": "很多", "people": 0, "risk": True, "skills": "烹饪", "groups": ["graduate", "king"],
        "premises": "castle", "street": 5, "hours": 20.0,
    }  # fmt: skip
    assert profile_of(facts) == Profile(groups=("graduate",), hours=20)
    assert Profile().is_empty
    assert not Profile(people=1).is_empty


def test_facts_in_words() -> None:
    said = {
        "budget_yuan": 50_000, "skills": ["烹饪", "驾驶"], "groups": ["veteran"], "premises": "none",
        "premises_m2": 20, "people": 2, "hours": 20, "risk": 1, "street": "小寨",
    }  # fmt: skip
    words = [fact_in_words(key, value) for key, value in said.items()]
    assert words == [
        "5万元", "烹饪、驾驶", "退役军人", "没有场地，也不想租", "20 平方米", "2 个人", "20 小时",
        "稳一点，怕赔钱", "小寨",
    ]  # fmt: skip
    assert fact_in_words("premises", PremisesKind.SHOP) == "店铺"
