from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from matching.profile.profile import Profile
from matching.projects.facts import ProjectFacts
from matching.projects.library_count import count_library, name_key
from matching.projects.library_gaps import (
    Demand,
    Gap,
    budget_band,
    gap_map,
    latest_demands,
    never_shown,
    times_shown,
)
from matching.projects.state import ProjectState
from matching.recommending.impression import ShownIn, ShownItem, ShownList, log_list
from storage.database import Database

DAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
NOODLES = ProjectFacts(
    code="A1",
    title="面馆",
    state=ProjectState.PROMOTED,
    industry_code="62",
    investment_min_yuan=60_000,
    investment_max_yuan=120_000,
    monthly_cost_yuan=10_000,
    reserve_months=2,
    risk_level=2,
    risk_text="转让费打水漂。",
    valid_until=date(2026, 11, 1),
    shipped=True,
)


def test_only_published_reviewed_valid_and_distinct_projects_count() -> None:
    projects = [
        NOODLES,
        replace(NOODLES, code="A2", title=" 面 馆！"),
        replace(NOODLES, code="A3", title="粥铺", valid_until=date(2026, 10, 31)),
        replace(NOODLES, code="A4", title="饺子馆", state=ProjectState.ADMITTED),
        replace(NOODLES, code="A5", title="米线店", risk_text=" "),
        replace(NOODLES, code="A6", title="豆腐坊", shipped=False),
        replace(NOODLES, code="A7", title="醋坊", shipped=False, industry_code="14"),
    ]
    count = count_library(projects[::-1], {"A7"}, DAY)
    assert {row.project.code: row.why_not for row in count.rows} == {
        "A1": "系统随附，待本区核实",
        "A2": "与 A1 重名",
        "A3": "有效期已过",
        "A4": "还没有发布推介",
        "A5": "没有写主要风险",
        "A6": "没有评审或核实记录",
        "A7": "",
    }
    assert (count.counted, count.awaiting_review, count.industries) == (1, 2, 1)


def test_a_name_that_does_not_count_takes_no_place() -> None:
    first = replace(NOODLES, state=ProjectState.RETIRED)
    count = count_library([first, replace(NOODLES, code="A2")], {"A2"}, DAY)
    assert [row.counts for row in count.rows] == [False, True]


@pytest.mark.parametrize("twin", ["面馆", "面 馆", "面馆（）", "面-馆"])
def test_titles_that_look_alike_are_one(twin: str) -> None:
    assert name_key(twin) == name_key("面馆")
    assert name_key("面馆2") != name_key("面馆")


def test_hidden_project_says_which_wish_it_breaks() -> None:
    poor = Demand(Profile(budget_yuan=10_000), 0)
    (hidden,) = never_shown([NOODLES], {}, [poor, poor], DAY)
    assert hidden.fitting == 0
    assert hidden.reasons == (("超出您的预算", 2),)
    assert hidden.why == "2 人里没有一个人的条件全都符合：对 2 人来说超出您的预算。"


def test_hidden_project_that_fits_somebody_came_behind_others() -> None:
    rich = Demand(Profile(budget_yuan=900_000), 5)
    (hidden,) = never_shown([NOODLES], {}, [rich], DAY)
    assert (hidden.fitting, "排在了前面" in hidden.why) == (1, True)
    (unasked,) = never_shown([NOODLES], {}, [], DAY)
    assert unasked.why == "还没有人来找过项目。"


def test_shown_and_unpublished_projects_are_not_hidden() -> None:
    retired = replace(NOODLES, code="A2", state=ProjectState.RETIRED)
    assert never_shown([NOODLES, retired], {"A1": 1}, [], DAY) == []
    assert never_shown([NOODLES], {}, [], date(2026, 11, 2)) == []


def test_gap_map_counts_each_wish_and_group_and_leaves_out_what_was_met() -> None:
    nobody = Profile(budget_yuan=30_000, interests=("养老", "托育"), groups=("woman",))
    demands = [Demand(nobody, 0), Demand(nobody, 2), Demand(Profile(interests=("餐饮",)), 3)]
    assert gap_map(demands) == [
        Gap("养老", "1 万至 3 万元", "妇女", 2, 1),
        Gap("托育", "1 万至 3 万元", "妇女", 2, 1),
    ]
    assert gap_map([Demand(Profile(), 0)]) == [Gap("没说", "没说", "没说", 1, 1)]


@pytest.mark.parametrize(
    ("yuan", "band"),
    [
        (None, "没说"),
        (0, "1 万元以内"),
        (10_000, "1 万元以内"),
        (10_001, "1 万至 3 万元"),
        (10**7, "20 万元以上"),
    ],
)
def test_bands_of_the_budget(yuan: int | None, band: str) -> None:
    assert budget_band(yuan) == band


def test_reports_read_what_was_logged(database: Database) -> None:
    def shown(budget: int, fitting: int, *codes: str) -> ShownList:
        items = [ShownItem(code, 0.5, {"money": 0.5}) for code in codes]
        facts = {"budget_yuan": budget, "interests": ["养老"]}
        return ShownList(ShownIn.CHAT, items, "w", "l", facts, fitting, fitting == 0)

    with database.writing() as db:
        log_list(db, "person-1", shown(20_000, 0, "A1", "A2"), None, NOW)
        log_list(db, "person-1", shown(20_000, 0, "A1"), None, NOW)  # asked twice, wants once
        log_list(db, "person-2", shown(20_000, 4, "A1"), None, NOW)
        log_list(db, "person-3", shown(20_000, 0), None, datetime(2020, 1, 1, tzinfo=UTC))
    with database.reading() as db:
        demands = latest_demands(db, datetime(2026, 1, 1, tzinfo=UTC))
        assert times_shown(db) == {"A1": 3, "A2": 1}
    assert gap_map(demands) == [Gap("养老", "1 万至 3 万元", "没说", 2, 1)]
