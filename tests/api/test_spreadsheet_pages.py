import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from api.guards import UPLOADS
from api.spreadsheets.subjects import SUBJECTS
from api.spreadsheets.work import ImportProgress, confirm_job, read_job, start_job
from audit.log import AuditEvent
from matching.projects.project import Project
from matching.spreadsheets.job import JobState, SpreadsheetJob
from matching.spreadsheets.reading import MOST_BYTES
from storage.database import Database
from tests.fixtures.people import add_person, sign_in, sign_in_as

PAGE = "/staff/spreadsheets/projects"
GOOD = "项目编号,项目名称,投资下限（万元）\nA1,豆腐坊,3\nA2,醋坊,2\n"
BAD = "项目编号,项目名称,投资下限（万元）\nA1,豆腐坊,三\nA2,醋坊,2\n"
Upload = Callable[..., Any]


@pytest.fixture
def token(client: TestClient, sqlite_database: Database) -> str:
    return sign_in_as(client, sqlite_database, Role.ADMINISTRATOR)


@pytest.fixture
def upload(client: TestClient, token: str) -> Upload:
    def send(text: str | bytes, name: str = "项目.csv") -> Any:
        data = text.encode() if isinstance(text, str) else text
        return client.post(PAGE, data={"form_token": token}, files={"file": (name, data)})

    return send


def codes(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(Project.code).order_by(Project.code)))


def test_file_is_previewed_and_then_taken_in(
    client: TestClient, upload: Upload, token: str, sqlite_database: Database
) -> None:
    shown = upload(GOOD)
    assert "新增 2" in shown.text
    assert codes(sqlite_database) == []
    done = client.post(shown.url.path, data={"form_token": token})
    assert "导入完成：新增 2 条，更新 0 条。" in done.text
    assert codes(sqlite_database) == ["A1", "A2"]
    again = client.post(shown.url.path, data={"form_token": token})
    assert "导入完成" in again.text
    with sqlite_database.reading() as db:
        assert db.scalars(select(SpreadsheetJob.data)).all() == [None]
        events = db.scalars(select(AuditEvent.action)).all()
    assert list(events).count("projects.imported") == 1


def test_errors_are_listed_and_cannot_be_confirmed(
    client: TestClient, upload: Upload, token: str, sqlite_database: Database
) -> None:
    shown = upload(BAD)
    assert "C2" in shown.text
    assert "“三”不是数字" in shown.text
    assert "确认导入" not in shown.text
    client.post(shown.url.path, data={"form_token": token})
    assert codes(sqlite_database) == []


def test_data_that_changed_after_the_preview_is_refused(
    client: TestClient, upload: Upload, token: str, sqlite_database: Database
) -> None:
    first, second = upload(GOOD), upload(GOOD)
    client.post(first.url.path, data={"form_token": token})
    late = client.post(second.url.path, data={"form_token": token})
    assert "请重新预览" in late.text
    assert codes(sqlite_database) == ["A1", "A2"]


def test_unreadable_files_say_what_to_do(upload: Upload, client: TestClient, token: str) -> None:
    assert "没有找到表头" in upload("甲,乙\n1,2\n").text
    assert "已损坏" in upload(b"PK\x03\x04nothing", "项目.xlsx").text
    assert "请先选择要上传的文件" in client.post(PAGE, data={"form_token": token}).text


def test_upload_is_bounded(client: TestClient, upload: Upload) -> None:
    (limit,) = [most for start, most in UPLOADS.items() if PAGE.startswith(start)]
    assert limit > MOST_BYTES
    refused = upload(b"x" * (limit + 1))
    assert refused.status_code == 413
    assert "10 MB" in refused.json()["detail"]
    elsewhere = client.post("/messages", content=b"x" * (2 * 2**20))
    assert elsewhere.status_code == 413


def test_import_is_its_owners_alone(
    client: TestClient, upload: Upload, sqlite_database: Database
) -> None:
    path = upload(GOOD).url.path
    other = add_person(sqlite_database, Role.ADMINISTRATOR, login="other")
    token = sign_in(client, sqlite_database, other)
    assert client.get(path).status_code == 404
    assert client.post(path, data={"form_token": token}).status_code == 404
    assert codes(sqlite_database) == []


@pytest.mark.usefixtures("token")
def test_template_and_unknown_subjects(client: TestClient) -> None:
    got = client.get(f"{PAGE}/template.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(got.content)).sheetnames[0] == "创业项目"
    assert client.get("/staff/spreadsheets/dogs").status_code == 404


@pytest.mark.parametrize("form", ["xlsx", "csv", "csv-gb18030"])
def test_export_is_audited_and_comes_back(
    client: TestClient,
    upload: Upload,
    token: str,
    sqlite_database: Database,
    form: str,
) -> None:
    client.post(upload(GOOD).url.path, data={"form_token": token})
    got = client.post(f"{PAGE}/export", data={"form_token": token, "form": form})
    assert got.headers["content-disposition"].startswith('attachment; filename="projects-')
    assert "没有变化 2" in upload(got.content).text
    with sqlite_database.reading() as db:
        assert "projects.exported" in db.scalars(select(AuditEvent.action)).all()


@pytest.mark.usefixtures("token")
def test_export_needs_the_form_of_our_page(client: TestClient) -> None:
    assert client.post(f"{PAGE}/export", data={"form": "csv"}).status_code == 403


def test_only_one_of_two_clicks_takes_an_import_in(
    database: Database,
) -> None:
    subject, data = SUBJECTS["projects"], GOOD.encode()
    job_id = start_job(database, subject, "项目.csv", data, 1)
    from_work = confirm_job(database, job_id)
    assert from_work is None  # not read yet
    read_job(database, subject, job_id, data, ImportProgress())
    assert [confirm_job(database, job_id), confirm_job(database, job_id)] == [data, None]
    with database.reading() as db:
        assert db.scalars(select(SpreadsheetJob.state)).one() is JobState.APPLYING
