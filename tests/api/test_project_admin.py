from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from api.policies.validity import today
from audit.log import AuditEvent
from matching.projects.columns import COLUMNS_BY_NAME
from matching.projects.pack import load_projects, shipped_projects
from matching.projects.project import Project, find_project, steps_of, versions_of
from matching.projects.state import ProjectState
from matching.spreadsheets.column import ColumnKind
from storage.database import Database
from tests.fixtures.people import sign_in_as

CODE = "QH0202"
Post = Callable[..., Any]


@pytest.fixture
def loaded(sqlite_database: Database) -> Database:
    with sqlite_database.writing() as db:
        load_projects(db, datetime.now(UTC), today())
    return sqlite_database


@pytest.fixture
def post(client: TestClient, loaded: Database) -> Post:
    """Post as an administrator."""
    token = sign_in_as(client, loaded, Role.ADMINISTRATOR)

    def send(path: str, follow: bool = True, **fields: Any) -> Any:
        return client.post(path, data={"form_token": token, **fields}, follow_redirects=follow)

    return send


def project(database: Database, code: str = CODE) -> Project:
    with database.reading() as db:
        return find_project(db, code)


def events(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)))


PAGES = ["", f"/{CODE}", f"/{CODE}/versions"]
READ_ONLY = [f"/staff/projects{end}" for end in PAGES] + [
    "/staff/library",
    "/staff/library/never",
    "/staff/library/gaps",
]
EDITING = ["/staff/projects/new", f"/staff/projects/{CODE}/edit", "/staff/spreadsheets/projects"]


@pytest.mark.parametrize("path", READ_ONLY + EDITING)
def test_pages_are_for_the_staff(client: TestClient, loaded: Database, path: str) -> None:
    assert client.get(path).status_code == 401
    sign_in_as(client, loaded, Role.MENTOR)
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", READ_ONLY)
def test_handlers_read_and_do_not_edit(client: TestClient, loaded: Database, path: str) -> None:
    sign_in_as(client, loaded, Role.HANDLER)
    page = client.get(path)
    assert page.status_code == 200
    assert "修改内容" not in page.text
    assert "对选中的项目" not in page.text


@pytest.mark.parametrize("path", EDITING)
def test_only_administrators_edit(client: TestClient, loaded: Database, path: str) -> None:
    sign_in_as(client, loaded, Role.HANDLER)
    assert client.get(path).status_code == 403


def test_handler_cannot_move_a_project(client: TestClient, loaded: Database) -> None:
    token = sign_in_as(client, loaded, Role.HANDLER)
    fields = {"form_token": token, "action": "withdraw", "reason": "不合适"}
    assert client.post(f"/staff/projects/{CODE}/move", data=fields).status_code == 403
    assert project(loaded).state is ProjectState.PROMOTED


@pytest.mark.usefixtures("post")
def test_list_filters_sorts_and_pages(client: TestClient) -> None:
    page = client.get("/staff/projects").text
    assert f"共 {len(shipped_projects())} 个项目" in page
    assert "第 1 页，共 2 页" in page
    assert "街边小面馆" in client.get("/staff/projects?q=小面馆").text
    found = client.get("/staff/projects?group=disabled&section=O&state=promoted").text
    assert "盲人保健按摩店" in found
    assert "街边小面馆" not in found
    nothing = client.get("/staff/projects?q=%25_%25").text
    assert "没有符合条件的项目" in nothing
    cheapest = client.get("/staff/projects?order=cheapest").text
    assert cheapest.index("便民修鞋配钥匙亭") < cheapest.index("街边小面馆")
    assert client.get("/staff/projects?state=nonsense&order=x&page=99").status_code == 200


@pytest.mark.usefixtures("post")
def test_page_of_a_project_shows_cash_completeness_and_steps(
    client: TestClient,
) -> None:
    page = client.get(f"/staff/projects/{CODE}").text
    assert "完整度 100%" in page
    assert "第一年要准备的现金：17.8万元" in page
    assert "投资上限 13万元 + 每月支出 1.6万元 × 3 个月" in page
    assert "请本区专家复核" in page
    assert client.get("/staff/projects/NONE").status_code == 404


def test_project_is_made_completed_reviewed_and_published(post: Post, loaded: Database) -> None:
    made = post("/staff/projects/new", title="街角豆腐坊", industry_code="13")
    assert "街角豆腐坊" in made.text
    code = made.url.path.rsplit("/", 1)[1]
    assert code == "P0001"
    for action in ("submit", "pass_screening", "pass_review", "admit"):
        assert post(f"/staff/projects/{code}/move", action=action, reason="同意").status_code == 200
    refused = post(f"/staff/projects/{code}/move", action="publish")
    assert refused.status_code == 409
    assert "还缺：一句话简介" in refused.text
    assert "主要风险" in refused.text
    like = shipped_projects()[10].values
    fields = form_of(like) | {"title": "街角豆腐坊", "version": "1"}
    assert post(f"/staff/projects/{code}/edit", **fields).status_code == 200
    assert post(f"/staff/projects/{code}/move", action="publish").status_code == 200
    kept = project(loaded, code)
    assert kept.state is ProjectState.PROMOTED
    assert kept.facts().is_recommendable(today())
    with loaded.reading() as db:
        steps = steps_of(db, kept.id)
    assert [step.to_state for step in steps][-1] is ProjectState.PROMOTED
    assert {step.actor_name for step in steps} == {"测试administrator"}
    assert [one for one in events(loaded) if one.startswith("project.")][1:] == [
        "project.created",
        "project.submitted",
        "project.screened",
        "project.reviewed",
        "project.admitted",
        "project.revised",
        "project.published",
    ]


def form_of(values: Any) -> dict[str, Any]:
    from_cell = {}
    for name, value in values.items():
        column = COLUMNS_BY_NAME[name]
        if name != "code" and not column.read_only:
            several = column.kind is ColumnKind.CHOICES
            from_cell[name] = [str(one) for one in value] if several else column.write(value)
    return from_cell


def test_wrong_fields_are_told_one_by_one_and_nothing_is_lost(post: Post, loaded: Database) -> None:
    page = post(
        f"/staff/projects/{CODE}/edit",
        version="1",
        title="改名面馆",
        investment_min_yuan="三五万",
        valid_until="明年",
        summary="保留的简介",
    )
    assert page.status_code == 422
    assert "有 2 处需要修改" in page.text
    assert "“三五万”不是数字" in page.text
    assert "“明年”不是日期" in page.text
    assert "保留的简介" in page.text
    assert project(loaded).title == "街边小面馆"
    crossed = post(
        f"/staff/projects/{CODE}/edit",
        version="1",
        title="面馆",
        investment_min_yuan="9",
        investment_max_yuan="3",
    )
    assert "不能小于“投资下限”" in crossed.text


def test_published_project_cannot_lose_its_risks(post: Post, loaded: Database) -> None:
    fields = form_of(dict(shipped_by_code(CODE))) | {"risk_text": "", "version": "1"}
    page = post(f"/staff/projects/{CODE}/edit", **fields)
    assert page.status_code == 422
    assert "还缺：主要风险" in page.text
    assert project(loaded).risk_text


def shipped_by_code(code: str) -> Any:
    return next(one.values for one in shipped_projects() if one.values["code"] == code)


def test_second_editor_is_told_that_the_first_was_faster(post: Post, loaded: Database) -> None:
    fields = form_of(shipped_by_code(CODE)) | {"version": "1"}
    assert post(f"/staff/projects/{CODE}/edit", **fields | {"summary": "甲改的"}).status_code == 200
    late = post(f"/staff/projects/{CODE}/edit", **fields | {"summary": "乙改的"})
    assert late.status_code == 422
    assert "别人刚刚修改了这个项目" in late.text
    assert "乙改的" in late.text
    assert project(loaded).summary == "甲改的"


def test_versions_are_compared(client: TestClient, post: Post, loaded: Database) -> None:
    fields = form_of(shipped_by_code(CODE)) | {"version": "1", "summary": "<b>新</b>简介"}
    post(f"/staff/projects/{CODE}/edit", **fields, reason="简介过时")
    page = client.get(f"/staff/projects/{CODE}/versions").text
    assert "<ins>&lt;b&gt;新&lt;/b&gt;简介</ins>" in page
    assert "简介过时" in page
    with loaded.reading() as db:
        assert len(versions_of(db, project(loaded).id)) == 2
    same = client.get(f"/staff/projects/{CODE}/versions?before=1&after=1").text
    assert "内容相同" in same


def test_contact_is_for_administrators_only(
    client: TestClient, post: Post, loaded: Database
) -> None:
    fields = form_of(shipped_by_code(CODE)) | {"version": "1", "contact_phone": "029-88880000"}
    post(f"/staff/projects/{CODE}/edit", **fields)
    assert "029-88880000" in client.get(f"/staff/projects/{CODE}").text
    sign_in_as(client, loaded, Role.HANDLER)
    for end in ("", "/versions"):
        assert "029-88880000" not in client.get(f"/staff/projects/{CODE}{end}").text


def test_withdrawing_needs_a_reason(post: Post, loaded: Database) -> None:
    page = post(f"/staff/projects/{CODE}/move", action="withdraw", reason=" ")
    assert page.status_code == 409
    assert "必须填写意见或原因" in page.text
    assert (
        post(f"/staff/projects/{CODE}/move", action="withdraw", reason="数字过时").status_code
        == 200
    )
    assert project(loaded).state is ProjectState.ADMITTED


def test_many_are_moved_together_or_not_at_all(post: Post, loaded: Database) -> None:
    page = post("/staff/projects/move", code=["QH0201", CODE], action="verify", reason="电话核实")
    assert page.status_code == 200
    assert project(loaded).last_verified_on == today()
    post(f"/staff/projects/{CODE}/move", action="withdraw", reason="数字过时")
    refused = post(
        "/staff/projects/move", code=["QH0201", CODE], action="withdraw", reason="数字过时"
    )
    assert refused.status_code == 409
    assert "一个项目也没有改动" in refused.text
    assert project(loaded, "QH0201").state is ProjectState.PROMOTED
    assert post("/staff/projects/move", action="verify").status_code == 409


def test_count_says_what_the_district_reviewed_itself(client: TestClient, post: Post) -> None:
    number = len(shipped_projects())
    page = client.get("/staff/library").text
    assert "可计入“不少于 50 个”的项目：0 个" in page
    assert f"另有 {number} 个其余条件都符合" in page
    post(f"/staff/projects/{CODE}/move", action="verify", reason="实地看过")
    page = client.get("/staff/library").text
    assert "的项目：1 个" in page
    assert f"另有 {number - 1} 个" in page
    post("/staff/projects/QH0201/move", action="withdraw", reason="数字过时")
    assert f"另有 {number - 2} 个" in client.get("/staff/library").text


@pytest.mark.usefixtures("post")
def test_reports_speak_before_anybody_asked(client: TestClient) -> None:
    assert "还没有人来找过项目" in client.get("/staff/library/never").text
    assert "还没有发现缺口" in client.get("/staff/library/gaps").text
