"""Handing over to people on the web: the promise, the staff's answer, who may see what."""

import re
import secrets
from datetime import UTC, datetime

import pytest
import time_machine
from sqlalchemy import func, select

from accounts.role import Role
from api.handover.promise import ASK_PEOPLE
from audit.log import AuditEvent
from guidance.handover.handover import Handover
from guidance.handover.lifecycle import HandoverReason, HandoverState
from guidance.session import GuidanceSession
from tests.fixtures.installation import Installation
from tests.fixtures.people import add_person, sign_in

TUESDAY = datetime(2026, 9, 29, 2, tzinfo=UTC)  # 10:00 in China
RATE = "小额担保贷款的利率是多少？"
UNIT = "区人力资源和社会保障局"  # whose duty is nearest in the small document
DUTY = {
    "org_unit": UNIT, "weekdays": ["1", "2", "3", "4", "5"], "morning_from": "09:00",
    "morning_to": "12:00", "answer_days": "2",
}  # fmt: skip


def the_handover(installation: Installation) -> Handover:
    with installation.database.reading() as db:
        return db.scalars(select(Handover)).one()


def ask(installation: Installation, text: str) -> str:
    """Ask in the running conversation, as the page's own form does."""
    page = installation.client.get("/").text
    known = re.search(r'name="conversation_id" value="([^"]*)"', page)
    assert known is not None
    form = {"text": text, "message_id": secrets.token_hex(8), "conversation_id": known[1]}
    return installation.client.post("/messages", data=form).text


def as_staff(installation: Installation, *roles: Role, unit: str = "") -> dict[str, str]:
    login = f"{roles[0].value}{unit}"
    account = add_person(installation.database, *roles, login=login, org_unit=unit)
    return {"form_token": sign_in(installation.client, installation.database, account)}


@pytest.fixture
def handed(installation: Installation) -> Handover:
    """Ask what no document answers, and then for people, while they are on duty."""
    with time_machine.travel(TUESDAY):
        token = as_staff(installation, Role.ADMINISTRATOR)
        saved = installation.client.post("/staff/duty", data=DUTY | token)
        assert "周一至周五 9:00—12:00" in saved.text
        page = ask(installation, RATE)
        assert ASK_PEOPLE in page
        page = ask(installation, ASK_PEOPLE)
        assert "最晚2026年10月8日前答复您" in page  # two working days, 国庆 between them
        assert "现在是值班时间" in page
    return the_handover(installation)


def test_the_promise_and_the_hand_over_belong_to_one_turn(
    installation: Installation, handed: Handover
) -> None:
    assert handed.reason is HandoverReason.NOT_IN_POLICY
    assert handed.org_unit == UNIT
    with time_machine.travel(TUESDAY):
        again = ask(installation, "转人工")
    assert "不用重复提交" in again
    with installation.database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Handover)) == 1


def test_from_the_question_to_the_answer_in_the_same_thread(
    installation: Installation, handed: Handover
) -> None:
    client, page = installation.client, f"/staff/handovers/{handed.id}"
    person = f"/handed/{handed.token}"
    with time_machine.travel(TUESDAY):
        client.post(person, data={"key": "k1", "text": "我的电话13812345678，是南湖街道的"})
        token = as_staff(installation, Role.HANDLER, unit=handed.org_unit)
        assert RATE in client.get("/staff/handovers").text
        assert "等人工答复" in client.get("/staff").text
        shown = client.get(page).text
        assert "南湖街道" in shown
        assert "13812345678" not in shown
        empty = client.post(f"{page}/reply", data=token | {"text": " ", "key": "f"})
        assert empty.status_code == 409
        answer = token | {"text": "年利率3%，\n请到财政局二楼。", "key": "form1"}
        for _ in range(2):  # a double click
            assert client.post(f"{page}/reply", data=answer).status_code == 200
        home = client.get("/").text
        assert home.count("年利率3%") == 2  # the words and what is copied
        assert "工作人员答复" in home
        news = client.get(f"{person}/news?after=0").json()
        assert len(news["turns"]) == 1
        assert not client.get(f"{person}/news?after=99").json()["turns"]
    with time_machine.travel(datetime(2026, 9, 30, 2, tzinfo=UTC)):
        assert "已在2026年9月29日答复您" in client.get("/").text  # another day, another page
        assert "请到财政局二楼" in client.get(person).text
        token = as_staff(installation, Role.HANDLER)  # of the district, for every unit
        assert client.post(f"{page}/close", data=token | {"reason": ""}).status_code == 409
        assert client.post(f"{page}/close", data=token | {"reason": "已解决"}).status_code == 200
        assert client.post(person, data={"text": "还有"}).status_code == 422
    done = the_handover(installation)
    assert (done.state, done.undelivered) == (HandoverState.CLOSED, "")
    with installation.database.reading() as db:
        session = db.get_one(GuidanceSession, done.session_id)
        assert (session.turn_count, session.provider) == (1, f"account:{done.taken_by}")
        reads = select(func.count()).where(AuditEvent.action == "handover.read")
        assert (db.scalar(reads) or 0) >= 1


def test_another_unit_sees_nothing_of_it(installation: Installation, handed: Handover) -> None:
    client, page = installation.client, f"/staff/handovers/{handed.id}"
    token = as_staff(installation, Role.HANDLER, unit="区教育局")
    assert RATE not in client.get("/staff/handovers").text
    assert client.get(page).status_code == client.get("/staff/handovers/999").status_code == 404
    for step in ("take", "reply", "pass", "close"):
        assert client.post(f"{page}/{step}", data=token | {"text": "x"}).status_code == 404
    token = as_staff(installation, Role.HANDLER)
    wrong = client.post(f"{page}/pass", data=token | {"org_unit": "没有的局"})
    assert wrong.status_code == 409
    assert client.post(f"{page}/pass", data=token | {"org_unit": "区教育局"}).status_code == 200
    assert the_handover(installation).org_unit == "区教育局"


def test_what_was_promised_shows_when_it_is_late(
    installation: Installation, handed: Handover
) -> None:
    token = as_staff(installation, Role.HANDLER)
    assert token
    with time_machine.travel(datetime(2026, 10, 20, 2, tzinfo=UTC)):
        assert re.search(r"超期 \d+ 个工作日", installation.client.get("/staff/handovers").text)
        desk = installation.client.get("/staff").text
        assert re.search(r"<strong>1</strong><span>人工答复已超期", desk)
        assert "已经超过答应您的日期" in installation.client.get(f"/handed/{handed.token}").text


def test_wrong_duty_hours_and_holidays_are_told(installation: Installation) -> None:
    token = as_staff(installation, Role.ADMINISTRATOR)
    for path, form in (
        ("/staff/duty", DUTY | {"morning_to": "08:00"}),
        ("/staff/duty", DUTY | {"org_unit": "没有的局"}),
        ("/staff/duty/holidays", {"year": "2027", "off": "13-01", "source": "通知"}),
    ):
        assert installation.client.post(path, data=form | token).status_code == 422
    good = {"year": "2027", "off": "01-01..01-03", "worked": "", "source": "通知"}
    saved = installation.client.post("/staff/duty/holidays", data=good | token)
    assert "2025、2026、2027年" in saved.text
