from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from audit.log import Actor, ActorKind
from matching.industry import IndustryUnknown, divisions, read_industry, sections
from matching.projects.columns import COLUMNS_BY_NAME, conflicts
from matching.projects.completeness import WEIGHTS, completeness_of
from matching.projects.editing import (
    Editor,
    ProjectInvalid,
    ProjectNotPublishable,
    create_project,
    move_project,
    next_code,
    revise_project,
)
from matching.projects.facts import CashNeed
from matching.projects.pack import load_projects, shipped_projects
from matching.projects.project import (
    Project,
    find_project,
    library_stamp,
)
from matching.projects.state import (
    MOVES,
    STATE_NAMES,
    MoveNotPossible,
    ProjectAction,
    ProjectState,
    possible_actions,
    state_after,
)
from storage.database import Database
from storage.word_list import WordList

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
DAY = NOW.date()
EDITOR = Editor(Actor(ActorKind.ACCOUNT, "7"), "李敏", NOW)
WAY = ["submit", "pass_screening", "pass_review", "admit", "publish", "follow"]


def test_way_through_the_library_and_back() -> None:
    state = ProjectState.SOLICITED
    seen = [state]
    for action in WAY:
        state = state_after(state, ProjectAction(action), "同意")
        seen.append(state)
    assert [STATE_NAMES[one] for one in seen] == [
        "征集", "初审", "专家评审", "公示", "入库", "推介", "跟踪",
    ]  # fmt: skip
    assert state_after(state, ProjectAction.RETIRE, "停了") is ProjectState.RETIRED
    assert state_after(ProjectState.RETIRED, ProjectAction.REOPEN, "又有了") is seen[0]


def test_every_state_can_be_reached_and_left() -> None:
    targets = {move.target for move in MOVES.values()} - {None}
    assert targets | {ProjectState.SOLICITED} == set(ProjectState)
    assert all(possible_actions(state) for state in ProjectState)


@pytest.mark.parametrize("state", ProjectState)
@pytest.mark.parametrize("action", ProjectAction)
def test_only_the_listed_moves_are_possible(state: ProjectState, action: ProjectAction) -> None:
    if action in possible_actions(state):
        state_after(state, action, "意见")
    else:
        with pytest.raises(MoveNotPossible, match=STATE_NAMES[state]):
            state_after(state, action, "意见")


def test_way_back_asks_for_a_reason() -> None:
    with pytest.raises(MoveNotPossible, match="必须填写意见"):
        state_after(ProjectState.PUBLIC_NOTICE, ProjectAction.RETURN, "  ")


def add_complete(database: Database, **changes: object) -> str:
    with database.writing() as db:
        values = {**shipped_projects()[0].values, "code": "A1", **changes}
        project = create_project(db, values, EDITOR, "新建")
        for action in WAY[:4]:
            move_project(db, project, ProjectAction(action), "同意", EDITOR, DAY)
        return project.code


def move(database: Database, action: ProjectAction, day: date = DAY) -> None:
    with database.writing() as db:
        move_project(db, find_project(db, "A1"), action, "意见", EDITOR, day)


def test_published_until_its_last_day(database: Database) -> None:
    code = add_complete(database, valid_until=DAY)
    move(database, ProjectAction.PUBLISH)
    with database.reading() as db:
        facts = find_project(db, code).facts()
        assert facts.is_recommendable(DAY)
        assert not facts.is_recommendable(DAY + timedelta(days=1))


def test_expired_project_is_not_published(database: Database) -> None:
    add_complete(database, valid_until=DAY - timedelta(days=1))
    with pytest.raises(ProjectNotPublishable, match="有效期已过"):
        move(database, ProjectAction.PUBLISH)


@pytest.mark.parametrize("name", [name for name, weight in WEIGHTS.items() if weight == 3])
def test_each_field_that_decides_keeps_a_project_from_the_public(name: str) -> None:
    values = dict(shipped_projects()[0].values) | {name: COLUMNS_BY_NAME[name].empty}
    judged = completeness_of(values)
    assert judged.blocking == (COLUMNS_BY_NAME[name].label,)
    assert not judged.publishable


def test_database_itself_refuses_a_published_project_without_risks(database: Database) -> None:
    add_complete(database)
    move(database, ProjectAction.PUBLISH)
    with pytest.raises(IntegrityError), database.writing() as db:
        db.execute(update(Project).values(risk_text="   "))
    with pytest.raises(IntegrityError), database.writing() as db:
        db.execute(update(Project).values(risk_level=4))


def test_verification_is_a_version_and_sets_the_next_review(database: Database) -> None:
    add_complete(database)
    move(database, ProjectAction.VERIFY)
    with database.reading() as db:
        project = find_project(db, "A1")
    assert (project.state, project.version) == (ProjectState.ADMITTED, 2)
    assert project.last_verified_on == DAY
    assert project.next_review_on is not None
    assert project.next_review_on > DAY


def test_codes_go_on_and_are_never_given_twice(database: Database) -> None:
    with database.writing() as db:
        made = [create_project(db, {"title": f"项目{n}"}, EDITOR, "新建").code for n in range(3)]
        assert made == ["P0001", "P0002", "P0003"]
        create_project(db, {"title": "大", "code": "P9999"}, EDITOR, "新建")
        assert next_code(db) == "P10000"
        with pytest.raises(ProjectInvalid, match="已经有项目在用"):
            create_project(db, {"title": "重", "code": "P0002"}, EDITOR, "新建")


def test_saving_without_a_change_makes_no_version(database: Database) -> None:
    add_complete(database)
    with database.writing() as db:
        project = find_project(db, "A1")
        before = library_stamp(db)
        assert not revise_project(db, project, {"title": project.title}, EDITOR, 1)
        assert (project.version, library_stamp(db)) == (1, before)
        assert revise_project(db, project, {"title": "新名"}, EDITOR, 1)
        assert library_stamp(db) > before


def test_pack_stays_untouched_by_loading_beside_own_projects(database: Database) -> None:
    add_complete(database)
    with database.writing() as db:
        assert load_projects(db, NOW, DAY) == len(shipped_projects())


def test_first_year_cash_is_the_stated_sum() -> None:
    need = CashNeed(150_000, 12_000, 3)
    assert need.total_yuan == 186_000
    assert need.formula == (
        "投资上限 15万元 + 每月支出 1.2万元 × 3 个月（生意还没起来时的周转）= 18.6万元"
    )


def test_pairs_that_contradict_each_other_are_named() -> None:
    values = {"staff_min": 3, "staff_max": 2, "investment_min_yuan": None}
    assert conflicts(values) == {"staff_max": "不能小于“最少人手”"}


def test_standard_has_twenty_sections_and_97_divisions() -> None:
    assert [one.letter for one in sections()] == list("ABCDEFGHIJKLMNOPQRST")
    assert list(divisions()) == [f"{n:02d}" for n in range(1, 98)]
    assert read_industry("H 62 餐饮业") == "62"
    assert read_industry("6210") == "6210"
    with pytest.raises(IndustryUnknown):
        read_industry("00")


@pytest.mark.parametrize("wrong", ["one", ("two\nlines",)])
def test_word_list_takes_only_single_lines(wrong: object) -> None:
    with pytest.raises(ValueError, match="no list"):
        WordList().process_bind_param(wrong, None)  # type: ignore[arg-type]
