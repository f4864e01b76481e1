"""Open questions from the question to the published clause, and who may do what."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from accounts.role import Role
from api.gaps.work import collect_gaps
from audit.log import AuditEvent
from guidance.gaps.contact import GapContact
from guidance.gaps.gap import Gap
from tests.fixtures.installation import Installation
from tests.fixtures.people import add_person, sign_in

QUESTION = "小额担保贷款的利率是多少？"
DRAFT = {
    "title": "小额担保贷款利率",
    "text": "小额担保贷款的年利率为3.2%，由区财政局公布。",
    "source": "区政府专题会议纪要〔2026〕3号",
    "effective_on": "2026-01-01",
}


def collect(installation: Installation) -> int:
    return collect_gaps(installation.database, installation.live.current, datetime.now(UTC))


def the_gap(installation: Installation) -> Gap:
    with installation.database.reading() as db:
        return db.scalars(select(Gap)).one()


def test_alike_questions_make_one_gap_with_a_department(installation: Installation) -> None:
    installation.ask(QUESTION)
    installation.ask("小额担保贷款的利率是多少")
    assert collect(installation) == 2
    gap = the_gap(installation)
    assert gap.question_count == 2
    assert gap.org_unit in {"区财政局", "区人力资源和社会保障局"}
    assert gap.duty
    assert collect(installation) == 0  # nothing twice


def test_disliked_answers_are_gathered_too(installation: Installation) -> None:
    installation.ask("每年培训多少人？")
    assert collect(installation) == 0
    installation.client.post("/turns/1/feedback", data={"helpful": "0", "complaints": "wrong"})
    assert collect(installation) == 1


def test_from_the_question_to_the_published_clause(installation: Installation) -> None:
    client, database = installation.client, installation.database
    installation.ask(QUESTION)
    client.post("/turns/1/contact", data={"phone": "13812345678", "consent": "1"})
    collect(installation)
    gap = the_gap(installation)
    page = f"/staff/gaps/{gap.id}"

    handler = add_person(database, Role.HANDLER, org_unit=gap.org_unit)
    token = {"form_token": sign_in(client, database, handler)}
    assert QUESTION in client.get("/staff/gaps").text
    assert "138****5678" in client.get(page).text
    assert client.post(f"{page}/draft", data=DRAFT | token).status_code == 200
    assert client.post(f"{page}/approve", data=token).status_code == 403

    first = add_person(database, Role.ADMINISTRATOR)
    token = {"form_token": sign_in(client, database, first)}
    assert client.post(f"{page}/publish", data=token).status_code == 409
    assert client.post(f"{page}/approve", data=token).status_code == 200
    published = client.post(f"{page}/publish", data=token)
    assert "查看已发布的条款" in published.text
    installation.live.refresh()
    assert "3.2%" in installation.ask(QUESTION + "请告诉我")

    shown = client.post(f"{page}/contacts/1/show", data=token)
    assert "13812345678" in shown.text
    client.post(f"{page}/contacts/1/told", data=token)
    with database.reading() as db:
        contact = db.get_one(GapContact, 1)
        actions = set(db.scalars(select(AuditEvent.action)))
    assert contact.told_at is not None
    assert contact.phone == ""
    assert {
        "gap.assigned",
        "gap.drafted",
        "gap.approved",
        "gap.published",
        "gap.contact_shown",
        "gap.contact_told",
    } <= actions


def test_drafter_may_not_approve(installation: Installation) -> None:
    installation.ask(QUESTION)
    collect(installation)
    page = f"/staff/gaps/{the_gap(installation).id}"
    both = add_person(installation.database, Role.ADMINISTRATOR)
    token = {"form_token": sign_in(installation.client, installation.database, both)}
    installation.client.post(f"{page}/draft", data=DRAFT | token)
    refused = installation.client.post(f"{page}/approve", data=token)
    assert refused.status_code == 409
    assert "换一位同事" in refused.text


def test_faulty_drafts_are_told_and_kept(installation: Installation) -> None:
    installation.ask(QUESTION)
    collect(installation)
    page = f"/staff/gaps/{the_gap(installation).id}"
    one = add_person(installation.database, Role.ADMINISTRATOR)
    token = {"form_token": sign_in(installation.client, installation.database, one)}
    wrong = DRAFT | {"effective_on": "明天"} | token
    refused = installation.client.post(f"{page}/draft", data=wrong)
    assert refused.status_code == 409
    assert "施行日期请写成" in refused.text
    assert DRAFT["text"] in refused.text
    nothing = installation.client.post(f"{page}/draft", data=DRAFT | {"source": " "} | token)
    assert "都要填写" in nothing.text


def test_another_department_sees_nothing(installation: Installation) -> None:
    installation.ask(QUESTION)
    collect(installation)
    handler = add_person(installation.database, Role.HANDLER, org_unit="区残联")
    token = {"form_token": sign_in(installation.client, installation.database, handler)}
    page = f"/staff/gaps/{the_gap(installation).id}"
    assert installation.client.get(page).status_code == 404
    assert installation.client.post(f"{page}/draft", data=DRAFT | token).status_code == 404
    assert QUESTION not in installation.client.get("/staff/gaps").text


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR, Role.PRIVACY_OFFICER])
def test_other_roles_stay_out(installation: Installation, role: Role) -> None:
    assert installation.client.get("/staff/gaps").status_code == 401
    sign_in(installation.client, installation.database, add_person(installation.database, role))
    assert installation.client.get("/staff/gaps").status_code == 403
