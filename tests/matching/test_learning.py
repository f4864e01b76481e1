from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.log import Actor, ActorKind
from evaluation.matching_learning import learning_table
from matching.assignment.scoring import load_weights as shipped_mentor_weights
from matching.learning.counterfactual import PropensityMissing, doubly_robust, snips
from matching.learning.fit import Event, Learnt, learn
from matching.learning.outcome import (
    Answered,
    Proposed,
    events_of,
    lists_shown,
    record_outcome,
)
from matching.learning.swaps import DrawnList, Shown, compare_swaps
from matching.learning.weight_preview import preview_weights
from matching.learning.weight_version import (
    LearningSubject,
    WeightState,
    WeightVersionRefused,
    current_name,
    current_weights,
    mentor_weights,
    project_weights,
    propose,
    publish,
    return_to_shipped,
    versions_of,
)
from matching.library_state import offers_state
from matching.profile.entrepreneur import forget
from matching.recommending.exploration import with_exploration
from matching.recommending.feedback import Decline, DeclineReason, decline
from matching.recommending.impression import ShownIn, ShownItem, ShownList, log_list
from matching.recommending.scoring import load_weights as shipped_project_weights
from storage.database import Database

NOW = datetime(2026, 3, 2, tzinfo=UTC)
FIRST = Actor(ActorKind.ACCOUNT, "1", "handler")
SECOND = Actor(ActorKind.ACCOUNT, "2", "administrator")
PRIOR = {"a": 1.0, "b": 3.0}


def telling_events(many: int, seed: int = 0) -> list[Event]:
    """What is good depends on `a` alone, where the prior looks at `b`."""
    random = np.random.default_rng(seed)
    events = []
    for number in range(many):
        a, b = random.random(2).tolist()
        events.append(Event(f"p{number // 2}", {"a": a, "b": b}, bool(random.random() < a), 1))
    return events


def test_clear_evidence_moves_the_weights_and_keeps_their_sum() -> None:
    learnt = learn(PRIOR, telling_events(300))
    assert learnt.proposed
    assert learnt.weights["a"] > learnt.weights["b"]
    assert sum(learnt.weights.values()) == pytest.approx(4.0, abs=1e-3)
    assert learnt.gain >= learnt.gain_low > 0
    assert learn(PRIOR, telling_events(300)) == learnt


@pytest.mark.parametrize(
    ("events", "why"),
    [
        (telling_events(20), "太少"),
        ([Event(str(n), {"a": 0.5, "b": 0.5}, n < 5) for n in range(60)], "太少"),
        ([Event("one", {"a": n / 60, "b": 0.5}, n % 2 == 0) for n in range(60)], "同一个人"),
    ],
)
def test_little_evidence_keeps_the_published_weights_and_says_why(
    events: list[Event], why: str
) -> None:
    learnt = learn(PRIOR, events)
    assert not learnt.proposed
    assert learnt.weights == PRIOR
    assert why in learnt.why


def test_noise_proposes_nothing() -> None:
    random = np.random.default_rng(7)
    noise = [
        Event(str(n), {"a": random.random(), "b": random.random()}, bool(random.random() < 0.5))
        for n in range(200)
    ]
    assert not learn(PRIOR, noise).proposed


def test_learning_does_no_harm_in_the_worst_of_some_seeds() -> None:
    table = learning_table(range(3), sizes=(20, 100))
    for sizes in table.values():
        assert sizes["20"] == {"mean": 0.0, "worst": 0.0, "published": 0.0}
        assert sizes["100"]["worst"] >= -0.01


def test_estimators_agree_with_the_truth_on_logged_choices() -> None:
    random = np.random.default_rng(1)
    values = np.array([0.2, 0.5, 0.8])
    logged_policy, target_policy = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.2, 0.7])
    shown = random.choice(3, size=4000, p=logged_policy)
    rewards = (random.random(4000) < values[shown]).astype(float)
    truth = float(values @ target_policy)
    logged, target = logged_policy[shown], target_policy[shown]
    plain = snips(rewards, logged, target)
    assert plain.low < truth < plain.high
    wrong_model = np.full(4000, 0.5)
    robust = doubly_robust(rewards, logged, target, wrong_model, wrong_model)
    assert robust.low < truth < robust.high
    right_model = doubly_robust(rewards, logged, target, values[shown], np.full(4000, truth))
    assert right_model.high - right_model.low < robust.high - robust.low
    assert plain.effective_events < 4000


def test_the_same_policy_is_worth_its_mean_and_missing_chances_are_refused() -> None:
    rewards, chances = np.array([0.0, 1.0, 1.0]), np.full(3, 0.5)
    assert snips(rewards, chances, chances).value == pytest.approx(2 / 3)
    assert snips(rewards, chances, np.zeros(3)).effective_events == 0
    with pytest.raises(PropensityMissing):
        snips(rewards, np.array([0.5, 0.0, 1.0]), chances)


@given(st.integers(0, 12), st.integers(0, 7), st.integers(0, 99))
def test_exploration_keeps_the_best_and_logs_the_chance(many: int, length: int, seed: int) -> None:
    ranked = [f"X{n}" for n in range(many)]
    placed = with_exploration(ranked, length, {}, np.random.default_rng(seed))
    codes = [one.code for one in placed]
    assert len(codes) == min(many, length) == len(set(codes))
    assert codes[:4] == ranked[: min(length, 4)]
    drawn = [one for one in placed if one.propensity < 1]
    if length >= 5 and many > length:
        assert [codes.index(one.code) for one in drawn] == [4]
        assert drawn[0].propensity == pytest.approx(1 / (many - length + 1))
    else:
        assert drawn == []


def test_what_is_rarely_shown_is_drawn_more_often() -> None:
    shown = {"X4": 99, "X5": 0}
    drawn = [
        with_exploration([f"X{n}" for n in range(6)], 5, shown, np.random.default_rng(seed))[4].code
        for seed in range(50)
    ]
    assert drawn.count("X5") > 40


def learnt_project_weights(trade: float = 40.0) -> Learnt:
    weights = dict(shipped_project_weights().terms) | {"trade": trade}
    return Learnt(True, weights, 120, 60, 0.03, 0.01, "有足够证据")


def test_a_second_person_publishes_with_a_reason_and_anyone_can_roll_back(
    database: Database,
) -> None:
    subject = LearningSubject.PROJECTS
    before = offers_state(database)
    with database.writing() as db:
        first = propose(db, subject, learnt_project_weights(), FIRST, NOW)
        second = propose(db, subject, learnt_project_weights(30.0), FIRST, NOW)
        assert [first.name, second.name] == ["projects-learnt-1", "projects-learnt-2"]
        assert current_weights(db, subject) == shipped_project_weights().terms
        with pytest.raises(WeightVersionRefused, match="另一位"):
            publish(db, first.id, FIRST, "看过预览", NOW)
        with pytest.raises(WeightVersionRefused, match="理由"):
            publish(db, first.id, SECOND, " ", NOW)
        publish(db, first.id, SECOND, "看过预览", NOW)
    assert offers_state(database) != before
    with database.writing() as db:
        assert project_weights(db).version == "projects-learnt-1"
        assert project_weights(db).terms["trade"] == 40.0
        with pytest.raises(WeightVersionRefused, match="已经变了"):
            publish(db, second.id, SECOND, "看过预览", NOW)
    with database.writing() as db:
        third = propose(db, subject, learnt_project_weights(35.0), FIRST, NOW)
        publish(db, third.id, SECOND, "效果更好", NOW)
        states = [version.state for version in versions_of(db, subject)]
        assert states == [WeightState.PUBLISHED, WeightState.PROPOSED, WeightState.RETIRED]
        publish(db, first.id, FIRST, "退回上一版", NOW)
        assert current_name(db, subject) == "projects-learnt-1"
        return_to_shipped(db, subject, FIRST, "回到随附")
        assert project_weights(db) == shipped_project_weights()
        with pytest.raises(WeightVersionRefused, match="随附"):
            return_to_shipped(db, subject, FIRST, "再一次")


def test_nothing_learnt_is_nothing_to_propose(database: Database) -> None:
    with database.writing() as db, pytest.raises(WeightVersionRefused, match="太少"):
        propose(db, LearningSubject.MENTEE, learn(PRIOR, []), FIRST, NOW)


def test_both_sides_of_mentors_have_versions_of_their_own(database: Database) -> None:
    with database.writing() as db:
        assert mentor_weights(db) == shipped_mentor_weights()
        weights = dict(shipped_mentor_weights().mentor) | {"field": 0.5}
        learnt = Learnt(True, weights, 50, 25, 0.1, 0.05, "")
        version = propose(db, LearningSubject.MENTOR, learnt, FIRST, NOW)
        publish(db, version.id, SECOND, "理由", NOW)
        assert mentor_weights(db).version == "mentors-1+mentor-learnt-1"
        assert mentor_weights(db).mentor["field"] == 0.5
        assert mentor_weights(db).mentee == shipped_mentor_weights().mentee


def test_events_come_from_outcomes_and_from_what_was_turned_down(database: Database) -> None:
    terms = dict.fromkeys(shipped_project_weights().terms, 0.5)
    with database.writing() as db:
        shown = ShownList(
            ShownIn.PAGE,
            [ShownItem("X1", 0.9, terms), ShownItem("X2", 0.8, terms, 0.25)],
            "projects-1",
            "lib",
            {},
            2,
            False,
        )
        list_id = log_list(db, "P1", shown, None, NOW)
        decline(db, "P1", Decline("X2", DeclineReason.NO_TIME), list_id, NOW)
        subject = LearningSubject.PROJECTS
        record_outcome(
            db,
            subject,
            Proposed("P2", "X1", terms, "projects-1", 3),
            Answered("adopted", True, NOW),
        )
        record_outcome(
            db,
            subject,
            Proposed("P2", "X9", {"old": 1.0}, "old", 1),
            Answered("adopted", True, NOW),
        )
        events = events_of(db, subject, terms, NOW - timedelta(days=30))
        assert [(e.person, e.good, e.rank) for e in events] == [("P2", True, 3), ("P1", False, 2)]
        assert events_of(db, subject, terms, NOW + timedelta(days=1)) == []
        assert [[i["code"] for i in one] for one in lists_shown(db, NOW)] == [["X1", "X2"]]
        forget(db, "P2", None)
        assert events_of(db, subject, terms, NOW)[0].person.startswith("erased")


def test_preview_shows_which_past_lists_would_begin_differently() -> None:
    lists = [
        [
            {"code": "X1", "terms": {"a": 0.0, "b": 1.0}},
            {"code": "X2", "terms": {"a": 1.0, "b": 0.0}},
        ],
        [
            {"code": "X3", "terms": {"a": 1.0, "b": 1.0}},
            {"code": "X4", "terms": {"a": 0.0, "b": 0.0}},
        ],
        [{"code": "X5", "terms": {"c": 1.0}}],
    ]
    found = preview_weights(lists, PRIOR, {"a": 3.0, "b": 1.0})
    assert (found.lists, found.first_changed, found.any_changed) == (2, 1, 1)
    assert (found.examples[0].before, found.examples[0].after) == (("X1", "X2"), ("X2", "X1"))


def test_what_new_weights_swap_in_is_judged_by_what_was_drawn() -> None:
    random = np.random.default_rng(1)

    def shown(a: float, propensity: float) -> Shown:
        return Shown({"a": a, "b": 1 - a}, propensity, bool(random.random() < 0.1 + 0.6 * a))

    lists = [
        DrawnList(
            f"P{number % 300}",
            tuple(shown(float(random.uniform(0, 0.4)), 1.0) for _ in range(2)),
            shown(float(random.random()), 0.1),
        )
        for number in range(1500)
    ]
    better = compare_swaps(lists, {"a": 1.0, "b": 0.0})
    assert better is not None
    assert better.enough
    assert better.out_rate.high < better.in_rate.low <= better.in_rate.value
    assert better.in_rate_robust.value == pytest.approx(better.in_rate.value, abs=0.02)
    assert "更常被选中" in better.verdict
    worse = compare_swaps(lists, {"a": 0.0, "b": 1.0})
    assert worse is not None
    assert worse.in_rate.high < better.in_rate.low
    few = compare_swaps(lists[:5], {"a": 1.0, "b": 0.0})
    assert few is not None
    assert "抽样还太少" in few.verdict
    assert compare_swaps(lists, {"c": 1.0}) is None
    assert compare_swaps([], {"a": 1.0}) is None
