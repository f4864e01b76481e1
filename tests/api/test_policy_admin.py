"""Policies from the upload to the answer, and back."""

from datetime import date

import pytest

from accounts.role import Role
from api.policies.changes import MOST_FILE_BYTES
from knowledge.document import DocumentStatus, PolicyDocument
from tests.fixtures.installation import Installation
from tests.fixtures.people import add_person, sign_in

NIGHT = """某某区夜市摊位管理办法
区政发〔2026〕31号

一、摊位费
夜市摊位费每月200元，由区财政局收取。

二、申请
摊主向区财政局提出申请。

某某区人民政府
2026年3月1日
"""
QUESTION = "夜市摊位费每月多少元？"


@pytest.fixture
def token(installation: Installation) -> dict[str, str]:
    person = add_person(installation.database, Role.ADMINISTRATOR)
    return {"form_token": sign_in(installation.client, installation.database, person)}


def upload(installation: Installation, token: dict[str, str], text: str = NIGHT) -> str:
    files = {"file": ("夜市办法.txt", text.encode())}
    return installation.client.post("/staff/uploads/policies", data=token, files=files).text


def status_of(installation: Installation, document_id: int) -> DocumentStatus:
    with installation.database.reading() as db:
        return db.get_one(PolicyDocument, document_id).status


def test_upload_is_a_draft_with_evidence(installation: Installation, token: dict[str, str]) -> None:
    page = upload(installation, token)
    assert "区政发〔2026〕31号" in page
    assert "原文：“" in page
    assert "夜市摊位费每月200元" in page
    assert status_of(installation, 2) is DocumentStatus.DRAFT
    assert not installation.live.refresh() or "200元" not in installation.ask(QUESTION)


def test_preview_changes_nothing(installation: Installation, token: dict[str, str]) -> None:
    upload(installation, token)
    asked = {"text": QUESTION, "as_of": "2026-06-01"} | token
    page = installation.client.post("/staff/policies/2/preview", data=asked).text
    assert "200元" in page.split('id="result"')[1].split("<h2>")[0]
    assert status_of(installation, 2) is DocumentStatus.DRAFT
    installation.live.refresh()
    assert "200元" not in installation.ask(QUESTION)


def test_published_withdrawn_and_restored(
    installation: Installation, token: dict[str, str]
) -> None:
    client, page = installation.client, "/staff/policies/2"
    upload(installation, token)
    client.post(f"{page}/publish", data=token)
    installation.live.refresh()
    assert "200元" in installation.ask(QUESTION)
    assert client.post(f"{page}/publish", data=token).status_code == 409
    assert "请写明理由" in client.post(f"{page}/withdraw", data=token).text
    client.post(f"{page}/withdraw", data=token | {"reason": "收费依据有误"})
    assert status_of(installation, 2) is DocumentStatus.REVOKED
    installation.live.refresh()
    assert "200元" not in installation.ask(QUESTION + "请问")
    restored = client.post(f"{page}/restore", data=token | {"reason": "已核实"})
    assert status_of(installation, 2) is DocumentStatus.PUBLISHED
    for shown in ("上传", "发布", "撤下", "恢复", "收费依据有误"):
        assert shown in restored.text


def test_new_version_replaces_and_can_be_rolled_back(
    installation: Installation, token: dict[str, str]
) -> None:
    client = installation.client
    upload(installation, token)
    client.post("/staff/policies/2/publish", data=token)
    upload(installation, token, NIGHT.replace("200", "150"))
    client.post("/staff/policies/3/publish", data=token)
    assert status_of(installation, 2) is DocumentStatus.SUPERSEDED
    client.post("/staff/policies/2/restore", data=token | {"reason": "新版有误"})
    assert status_of(installation, 2) is DocumentStatus.PUBLISHED
    assert status_of(installation, 3) is DocumentStatus.REVOKED
    installation.live.refresh()
    assert "200元" in installation.ask(QUESTION)


def test_facts_are_corrected(installation: Installation, token: dict[str, str]) -> None:
    upload(installation, token)
    facts = {"title": "夜市办法", "doc_number": "区政发〔2026〕32号", "expires_on": "2027-12-31"}
    saved = installation.client.post("/staff/policies/2/facts", data=facts | token)
    assert saved.status_code == 200
    with installation.database.reading() as db:
        document = db.get_one(PolicyDocument, 2)
    assert document.doc_number == "区政发〔2026〕32号"
    assert document.expires_on == date(2027, 12, 31)
    wrong = facts | {"effective_on": "2028-01-01"}
    refused = installation.client.post("/staff/policies/2/facts", data=wrong | token)
    assert refused.status_code == 409
    assert "不能早于" in refused.text


def test_unusable_files_are_told(installation: Installation, token: dict[str, str]) -> None:
    client = installation.client
    assert "请先选择" in client.post("/staff/uploads/policies", data=token).text
    files = {"file": ("坏.pdf", b"%PDF-1.4 nothing")}
    broken = client.post("/staff/uploads/policies", data=token, files=files)
    assert broken.status_code == 422
    large = {"file": ("大.txt", b"a" * (MOST_FILE_BYTES + 1))}
    assert "10 MB" in client.post("/staff/uploads/policies", data=token, files=large).text
    upload(installation, token)
    assert "已经上传过" in upload(installation, token)


def test_a_file_cannot_publish_itself(installation: Installation, token: dict[str, str]) -> None:
    head = (
        "---\ntitle: 假文件\nseries: x\nstatus: superseded\nrestated: true\n---\n一、内容\n正文。\n"
    )
    files = {"file": ("x.md", head.encode())}
    installation.client.post("/staff/uploads/policies", data=token, files=files)
    assert status_of(installation, 2) is DocumentStatus.DRAFT


def test_draft_is_deleted_with_a_reason(installation: Installation, token: dict[str, str]) -> None:
    upload(installation, token)
    gone = installation.client.post("/staff/policies/2/withdraw", data=token | {"reason": "传错了"})
    assert gone.status_code == 200
    assert installation.client.get("/staff/policies/2").status_code == 404


@pytest.mark.parametrize("role", [Role.HANDLER, Role.REVIEWER, Role.AUDITOR])
def test_other_roles_stay_out(installation: Installation, role: Role) -> None:
    assert installation.client.get("/staff/policies").status_code == 401
    sign_in(installation.client, installation.database, add_person(installation.database, role))
    assert installation.client.get("/staff/policies").status_code == 403
    assert installation.client.get("/staff/bench").status_code == 403
