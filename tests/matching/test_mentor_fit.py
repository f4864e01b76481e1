from dataclasses import fields
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given

from matching.assignment.fit import need_for_project, suitable_mentors, why_not
from matching.assignment.scoring import (
    MentorWeights,
    contributions,
    load_weights,
    score_one,
    value_matrix,
)
from matching.mentors.facts import (
    Load,
    MentorCategory,
    MentorFacts,
    MentorNeed,
    MentorOrigin,
    MentorState,
    Stage,
)
from matching.mentors.mentor import Mentor
from matching.mentors.topics import load_topics, topics_in
from matching.projects.facts import ProjectFacts
from matching.projects.state import ProjectState
from tests.matching.mentors import DAY, any_district, any_mentor, any_need, free, mentor, need

WEIGHTS = load_weights()


@given(any_need(), any_mentor())
def test_terms_lie_between_nothing_and_everything_and_sum_to_the_score(
    asking: MentorNeed, asked: MentorFacts
) -> None:
    terms, value = score_one(asking, asked, WEIGHTS)
    assert all(0.0 <= term <= 1.0 for term in terms.values())
    mentee, guide = (
        sum(contributions(terms, side).values()) for side in (WEIGHTS.mentee, WEIGHTS.mentor)
    )
    assert value == pytest.approx(mentee**0.7 * guide**0.3, abs=1e-6)


@given(any_district())
def test_one_pair_scores_the_same_alone_and_in_the_whole_district(
    district: tuple[list[MentorNeed], list[MentorFacts]],
) -> None:
    needs, mentors = district
    values = value_matrix(needs, mentors, DAY, WEIGHTS)
    for row, column in np.argwhere(values >= 0):
        alone = score_one(needs[row], mentors[column], WEIGHTS)[1]
        assert values[row, column] == round(alone * 1_000_000)


def _mentor(**protected: object) -> Mentor:
    return Mentor(
        code="M1",
        name="样例",
        category=MentorCategory.INDUSTRY,
        origin=MentorOrigin.ARTISAN,
        state=MentorState.ACTIVE,
        term_start_on=date(2026, 1, 1),
        term_end_on=date(2028, 12, 31),
        concurrent_cap=3,
        yearly_cap=5,
        weekly_cap=2,
        held=0,
        topics=["餐饮运营"],
        industries=["62"],
        stages=[],
        streets=[],
        languages=[],
        slots=[],
        pauses=[],
        conflicts={},
        work_unit="",
        online=True,
        onsite=True,
        asynchronous=False,
        guides_minors=False,
        ratings=0,
        rating_sum=0.0,
        proposals_answered=0,
        proposals_accepted=0,
        sample=True,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        **protected,
    )


def test_swapped_gender_age_and_ethnicity_leave_every_score_byte_for_byte_the_same() -> None:
    scores = {
        value_matrix([need()], [_mentor(**protected).facts()], DAY, WEIGHTS).tobytes()
        for protected in (
            {"gender": "女", "ethnicity": "回族", "born_on": date(1990, 1, 1)},
            {"gender": "男", "ethnicity": "汉族", "born_on": date(1960, 1, 1)},
            {"gender": "", "ethnicity": "", "born_on": None},
        )
    }
    assert len(scores) == 1
    known = {field.name for field in fields(MentorFacts)}
    assert not known & {"gender", "ethnicity", "born_on", "age"}


def test_groups_of_a_person_do_not_change_the_fit() -> None:
    plain = score_one(need(), mentor(), WEIGHTS)
    assert score_one(need(groups=frozenset({"disabled"})), mentor(), WEIGHTS) == plain


def test_a_new_mentor_starts_at_the_mean_and_moves_slowly() -> None:
    new = _mentor()
    assert new.facts(mean_rating=0.8).rating == pytest.approx(0.8)
    new.ratings, new.rating_sum = 1, 0.0
    assert new.facts(mean_rating=0.8).rating == pytest.approx(4 / 6)


def test_mentors_are_ranked_with_reasons_from_the_data() -> None:
    asking = need(
        street="东街",
        half_hours=free("周三 14-17"),
        stage=Stage.IDEA,
        topics=("餐饮运营", "财务税务"),
    )
    good = mentor(
        "M2",
        streets=frozenset({"东街"}),
        half_hours=free("周三 15-17"),
        stages=frozenset({Stage.IDEA}),
    )
    far = mentor("M1", streets=frozenset({"西街"}), topics=("财务税务",), industries=("01",))
    found = suitable_mentors(asking, [far, good], DAY)
    assert [one.mentor.code for one in found] == ["M2", "M1"]
    assert [reason.text for reason in found[0].explanation.reasons] == [
        "熟悉餐饮业",
        "擅长餐饮运营，正是您想问的",
        "周三 15:00-16:00 双方都有空",
    ]
    assert found[0].explanation.weakness == ""
    assert found[1].explanation.weakness == "没有登记餐饮业方面的经验"
    assert found[0].explanation.mutual == "这位导师把餐饮运营列为自己最擅长的主题"


def test_full_mentors_are_not_listed_and_say_why() -> None:
    full = mentor(load=Load(held=2))
    assert suitable_mentors(need(), [full], DAY) == ()
    assert why_not(need(), full, DAY) == ("这位导师同时带教的名额（2 位）已满。",)
    assert suitable_mentors(need(), [], DAY) == ()


def test_a_project_adds_its_industry_and_its_topics_to_the_need() -> None:
    project = ProjectFacts(
        "X1", "社区早餐店", ProjectState.PROMOTED, summary="卖早餐", industry_code="6210"
    )
    asking = need_for_project(MentorNeed("N"), project)
    assert asking.industry == "62"
    assert "餐饮运营" in asking.topics
    assert asking.projects == {"X1"}


def test_everyday_words_mean_topics_in_their_order() -> None:
    assert topics_in("想贷款开个小吃店，怎么办营业执照") == ("创业贷款", "餐饮运营", "开业手续")
    assert topics_in("") == ()
    words = [word for topic in load_topics() for word in topic.words]
    assert len(words) == len(set(words))


def test_weights_that_do_not_name_every_term_are_refused() -> None:
    data = {
        "version": "x",
        "mentee_share": 0.7,
        "mentee": dict(WEIGHTS.mentee),
        "mentor": {"field": 1.0},
    }
    with pytest.raises(ValueError, match="评分项"):
        MentorWeights.read(data)
    data["mentor"] = dict.fromkeys(WEIGHTS.mentor, -1.0)
    with pytest.raises(ValueError, match="负数"):
        MentorWeights.read(data)
