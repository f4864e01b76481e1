import re
from collections import Counter
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from audit.log import Actor, ActorKind
from matching.industry import divisions
from matching.projects import pack
from matching.projects.columns import COLUMNS_BY_NAME
from matching.projects.completeness import completeness_of
from matching.projects.editing import Editor, revise_project
from matching.projects.facts import PremisesKind, ProjectFacts, ProjectKind
from matching.projects.pack import PackInvalid, ShippedProject, load_projects, shipped_projects
from matching.projects.project import (
    Project,
    ProjectStep,
    find_project,
    library_facts,
    steps_of,
    versions_of,
)
from matching.projects.state import ProjectState
from matching.target_group import TargetGroup
from storage.database import Database

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
TODAY = date(2026, 11, 1)
TEXTS = [name for name in COLUMNS_BY_NAME if name.endswith("_text")]
# Businesses that deal with food, people's health or strangers overnight need a permit by law.
PERMIT_OF_DIVISION = {
    "62": "食品",
    "14": "食品",
    "13": "食品",
    "61": "特种行业",
    "84": "备案",
    "60": "备案",
    "40": "认证",
}


@pytest.fixture(scope="module")
def shipped() -> list[ProjectFacts]:
    names = set(ProjectFacts.__dataclass_fields__) - {"season_months"}
    return [
        ProjectFacts(
            **{n: v for n, v in one.values.items() if n in names}, state=ProjectState.PROMOTED
        )
        for one in shipped_projects()
    ]


def amount(value: int | None) -> int:
    assert value is not None
    return value


def test_library_is_large_and_various(shipped: list[ProjectFacts]) -> None:
    assert len(shipped) >= 64
    assert len({facts.industry_code[:2] for facts in shipped} & set(divisions())) >= 22
    groups = Counter(group for facts in shipped for group in facts.groups)
    assert set(groups) == set(TargetGroup)
    assert min(groups.values()) >= 3
    assert {facts.kind for facts in shipped} == set(ProjectKind)
    assert sum(facts.kind is ProjectKind.TECHNOLOGY for facts in shipped) >= 5
    assert sum(facts.remote_capable for facts in shipped) >= 5
    assert sum(amount(facts.investment_min_yuan) <= 30_000 for facts in shipped) >= 15


def test_every_shipped_project_is_complete_and_may_be_published() -> None:
    for one in shipped_projects():
        judged = completeness_of(one.values)
        assert (judged.publishable, judged.lacking) == (True, ()), one.values["code"]


def test_figures_of_a_project_fit_each_other(shipped: list[ProjectFacts]) -> None:
    for facts in shipped:
        low, high = amount(facts.investment_min_yuan), amount(facts.investment_max_yuan)
        least, most = amount(facts.monthly_profit_min_yuan), amount(facts.monthly_profit_max_yuan)
        cost, months = amount(facts.monthly_cost_yuan), amount(facts.payback_months)
        assert 5_000 <= low < high <= 500_000, facts.code
        assert high <= 4 * low, facts.code
        assert 1_500 <= least < most <= 30_000, facts.code
        # The middle of both ranges pays the middle investment back in about the stated time.
        expected = (low + high) / (least + most)
        reserve = amount(facts.reserve_months)
        assert expected * 0.8 <= months <= expected + reserve + 1, facts.code
        assert months <= 48, facts.code
        assert 1 <= reserve <= 8, facts.code
        assert cost <= high, facts.code
        need = facts.first_year_cash
        assert need is not None
        assert need.total_yuan == high + cost * reserve <= 700_000, facts.code
        # Whoever needs a long breath or much money is told that the risk is not low.
        if months > 24 or high > 300_000:
            assert amount(facts.risk_level) >= 2, facts.code


def test_people_and_premises_fit_each_other(shipped: list[ProjectFacts]) -> None:
    for facts in shipped:
        assert 1 <= amount(facts.staff_min) <= amount(facts.staff_max), facts.code
        assert 0 <= amount(facts.jobs) <= amount(facts.staff_max), facts.code
        area = facts.premises_max_m2 or 0
        if facts.premises_kind is PremisesKind.FIELD:
            assert area >= 500, facts.code
        if facts.premises_kind in {PremisesKind.SHOP, PremisesKind.STALL}:
            assert 1 <= area <= 400, facts.code
        if facts.premises_kind in {PremisesKind.SHOP, PremisesKind.WORKSHOP}:
            assert area <= 60 * amount(facts.staff_max) + 150 or area >= 600, facts.code


def test_texts_are_specific_and_not_repeated(shipped: list[ProjectFacts]) -> None:
    sentences: Counter[str] = Counter()
    for facts in shipped:
        assert 12 <= len(facts.summary) <= 120, facts.code
        for name in TEXTS:
            text = getattr(facts, name)
            assert text.endswith("。"), (facts.code, name)
            assert not re.search(r"[,;:?!()]", text), (facts.code, name)
            sentences.update(s for s in re.split(r"[。；]", text) if len(s) > 12)
    assert {text for text, times in sentences.items() if times > 1} == set()
    assert len({facts.title for facts in shipped}) == len(shipped)


def test_permits_that_the_law_asks_for_are_named(shipped: list[ProjectFacts]) -> None:
    for facts in shipped:
        needed = PERMIT_OF_DIVISION.get(facts.industry_code[:2])
        if needed:
            assert needed in facts.permits_text, facts.code


def test_pack_is_published_once_and_says_who_has_not_judged_it(database: Database) -> None:
    with database.writing() as db:
        assert load_projects(db, NOW, TODAY) == len(shipped_projects())
    with database.writing() as db:
        assert load_projects(db, NOW, TODAY) == 0
    with database.reading() as db:
        assert all(one.is_recommendable(TODAY) for one in library_facts(db))
        project = find_project(db, shipped_projects()[0].values["code"])
        (step,) = steps_of(db, project.id)
        assert "本区专家" in step.opinion
        assert step.actor_kind == "system"
        assert len(db.scalars(select(ProjectStep)).all()) == len(shipped_projects())


def edition(summary: str) -> tuple[ShippedProject, ...]:
    first = shipped_projects()[0]
    return (ShippedProject({**first.values, "summary": summary}, f"digest of {summary}"),)


def test_new_edition_replaces_what_nobody_touched(database: Database) -> None:
    with database.writing() as db:
        load_projects(db, NOW, TODAY, pack=edition("第一版简介"))
        assert load_projects(db, NOW, TODAY, pack=edition("第二版简介")) == 1
        project = db.scalars(select(Project)).one()
        assert (project.summary, project.version) == ("第二版简介", 2)


def test_new_edition_never_overwrites_an_administrator(database: Database) -> None:
    editor = Editor(Actor(ActorKind.ACCOUNT, "7"), "李敏", NOW)
    with database.writing() as db:
        load_projects(db, NOW, TODAY, pack=edition("第一版简介"))
        project = db.scalars(select(Project)).one()
        revise_project(db, project, {"summary": "本区改过的简介"}, editor, 1)
    with database.writing() as db:
        assert load_projects(db, NOW, TODAY, pack=edition("第二版简介")) == 0
        project = db.scalars(select(Project)).one()
        assert project.summary == "本区改过的简介"
        assert [one.actor_name for one in versions_of(db, project.id)] == ["系统随附", "李敏"]


def test_expired_pack_comes_in_unpublished(database: Database) -> None:
    with database.writing() as db:
        load_projects(db, NOW, date(2031, 1, 1), pack=edition("过期的"))
        assert db.scalars(select(Project)).one().state is ProjectState.ADMITTED


def test_mistake_in_the_pack_names_file_project_and_field() -> None:
    with pytest.raises(PackInvalid, match=r"farm\.yaml QH1 investment_min_yuan：.*不是数字"):
        pack._read_entry("farm.yaml", {"code": "QH1", "investment_min_yuan": "三五万"})
    with pytest.raises(PackInvalid, match="没有“colour”这一栏"):
        pack._read_entry("farm.yaml", {"code": "QH1", "colour": "红"})
