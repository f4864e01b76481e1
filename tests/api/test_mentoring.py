from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from api.mentors.duty import duties
from api.mentors.matching_work import resolve, tend_mentoring
from api.mentors.scope import unit_of
from api.policies.validity import today
from audit.log import AuditEvent, events_of
from guidance.message import Channel
from guidance.session import GuidanceSession
from matching.mentoring.need import MentoringNeed
from matching.mentoring.pairing import Pairing, PairingState
from matching.mentors.mentor import Mentor, find_mentor
from matching.mentors.pack import load_mentors
from storage.database import Database
from tests.fixtures.people import add_person, sign_in

CODE = "MS01"
STREET = "小寨路街道"


@pytest.fixture
def loaded(sqlite_database: Database) -> Database:
    with sqlite_database.writing() as db:
        load_mentors(db, datetime.now(UTC), today())
        find_mentor(db, CODE).phone = "029-88886666"
    add_person(sqlite_database, Role.REVIEWER, org_unit=STREET)
    return sqlite_database


def request(client: TestClient, **fields: str) -> None:
    sent = {"topics": "餐饮运营", "street": "小寨路", **fields}
    answer = client.post(f"/mentors/{CODE}/request", data=sent)
    assert answer.status_code == 200, answer.text
    assert answer.url.path == "/mentoring"


def pairings(database: Database) -> list[Pairing]:
    with database.reading() as db:
        return list(db.scalars(select(Pairing).order_by(Pairing.id)))


def test_a_request_reaches_the_mentor_and_the_phone_after_acceptance(
    client: TestClient, loaded: Database
) -> None:
    assert client.get("/mentors?topic=餐饮运营").status_code == 200
    form = client.get(f"/mentors/{CODE}/request").text
    assert 'value="餐饮运营" checked' in form
    refused = client.post(
        f"/mentors/{CODE}/request", data={"topics": "餐饮运营", "phone": "13812345678"}
    )
    assert refused.status_code == 422
    request(client, phone="13812345678", consent="1", industry="62", taps="周二 14:00-18:00")
    assert "等候安排" in client.get("/mentoring").text
    with loaded.reading() as db:
        need = db.scalars(select(MentoringNeed)).one()
    assert (need.wishes, need.industry, need.slots) == ([CODE], "62", ["周二 14:00-18:00"])

    token = sign_in(client, loaded, add_person(loaded, Role.HANDLER))
    page = client.get("/staff/mentoring").text
    assert "申请人的第 1 志愿" in page
    sent = client.post("/staff/mentoring/runs/1", data={"form_token": token, "need": "N1"})
    assert sent.status_code == 200
    own = add_person(loaded, Role.MENTOR, mentor_code=CODE)
    sign_in(client, loaded, own)
    assert client.get("/staff/mentoring").status_code == 403
    assert "13812345678" not in client.get("/mentor").text
    other = add_person(loaded, Role.MENTOR, login="other", mentor_code="MS02")
    stranger = sign_in(client, loaded, other)
    accepted = "/mentor/pairings/1/accept"
    assert client.post(accepted, data={"form_token": stranger}).status_code == 404
    assert client.get("/mentor/pairings/1/meetings").status_code == 404
    token = sign_in(client, loaded, own)
    assert client.post(accepted, data={"form_token": token}).status_code == 200
    assert "13812345678" in client.get("/mentor").text
    assert "导师已接受" in client.get("/mentoring").text

    path = "/mentor/pairings/1/meetings"
    short = {"form_token": token, "topics": "餐饮运营", "minutes": "45", "outcome": "谈了谈"}
    wrong = client.post(path, data=short)
    assert wrong.status_code == 422
    assert "谈了谈" in wrong.text
    met = client.post(path, data=short | {"outcome": "算了成本，定了先试卖一个月再签房租。"})
    assert "确认码" in met.text
    with loaded.reading() as db:
        session = db.scalars(select(GuidanceSession)).one()
        owed = duties(db, [find_mentor(db, CODE)], session.count_on)
    assert (session.channel, session.provider) == (Channel.MENTOR, f"mentor:{CODE}")
    assert session.org_unit == STREET
    assert owed[CODE].held == 1
    anew = short | {"outcome": "下午又碰了一次头，看了两处铺面的租约条款。"}
    held = client.post(path, data=anew)  # the same day, place and mentor
    assert f"编号 {session.id}" in held.text
    assert "这次还没有保存" in held.text
    assert 'name="despite"' in held.text
    admitted = client.post(path, data=anew | {"despite": "上午算账，下午看铺面"})
    assert "复核人员会先核对" in admitted.text
    with loaded.reading() as db:
        flags = db.scalars(select(GuidanceSession.flags).order_by(GuidanceSession.id)).all()
    assert list(flags) == ["", "D10"]
    confirmed = client.post(f"/mentoring/meetings/{session.id}/confirm")
    assert confirmed.status_code == 200
    with loaded.reading() as db:
        assert db.get_one(GuidanceSession, session.id).confirmed_at is not None
    client.cookies.clear()
    again = client.post(f"/mentoring/meetings/{session.id}/confirm")
    assert again.status_code == 422  # another's, as if it did not exist


def test_staff_see_and_change_their_own_street_alone(client: TestClient, loaded: Database) -> None:
    with loaded.reading() as db:
        assert unit_of(db, "小寨路街道办事处") == STREET
    request(client)
    with loaded.reading() as db:
        assert db.scalars(select(MentoringNeed.org_unit)).one() == STREET
    for unit, status in ((STREET, 200), ("别处街道", 404), ("", 200)):
        account = add_person(loaded, Role.HANDLER, login=f"handler{len(unit)}", org_unit=unit)
        token = sign_in(client, loaded, account)
        assert client.get("/staff/mentoring/needs/1").status_code == status
        assert ("N1" in client.get("/staff/mentoring").text) == (status == 200)
        form = {"form_token": token, "mentor": "nobody", "reason": "试试"}
        posted = client.post("/staff/mentoring/needs/1", data=form)
        assert posted.status_code == (404 if status == 404 else 409)
    assert not pairings(loaded)


def test_pairing_by_hand_names_what_it_breaks(client: TestClient, loaded: Database) -> None:
    request(client)
    token = sign_in(client, loaded, add_person(loaded, Role.HANDLER))
    with loaded.writing() as db:
        find_mentor(db, "MS02").topics = ["知识产权"]
        find_mentor(db, "MS02").industries = []
        find_mentor(db, "MS02").streets = []
        find_mentor(db, "MS03").pauses = [[today().isoformat(), today().isoformat()]]
    path, form = "/staff/mentoring/needs/1", {"form_token": token, "mentor": "MS02"}
    assert "理由" in client.post(path, data=form).text
    form["reason"] = "本人认识"
    named = client.post(path, data=form)
    assert named.status_code == 409
    assert "no_common_field" in named.text
    never = client.post(path, data=form | {"mentor": "MS03", "despite": "1"})
    assert "paused" in never.text
    assert client.post(path, data=form | {"despite": "1"}).status_code == 200
    (pairing,) = pairings(loaded)
    with loaded.reading() as db:
        event = next(e for e in events_of(db, pairing.subject) if e[0].action.endswith("proposed"))
    assert event[1]["details"]["broken_rules"] == ["no_common_field"]
    withdrawn = f"/staff/mentoring/pairings/{pairing.id}/withdraw"
    assert client.post(withdrawn, data={"form_token": token}).status_code == 409
    form = {"form_token": token, "reason": "弄错了"}
    assert client.post(withdrawn, data=form).status_code == 200
    assert pairings(loaded)[0].state is PairingState.WITHDRAWN


def test_automatic_mode_asks_at_once_and_lists_whom_to_call(
    client: TestClient, loaded: Database
) -> None:
    token = sign_in(client, loaded, add_person(loaded, Role.ADMINISTRATOR))
    mode = {"form_token": token, "automatic": "1"}
    assert client.post("/staff/mentoring/mode", data=mode).status_code == 409
    mode["reason"] = "人手不够"
    assert client.post("/staff/mentoring/mode", data=mode).status_code == 200
    request(client, phone="13812345678", consent="1")
    assert [(one.mentor_code, one.state) for one in pairings(loaded)] == [
        (CODE, PairingState.PROPOSED)
    ]
    token = sign_in(client, loaded, add_person(loaded, Role.HANDLER))
    calls = client.get("/staff/mentoring/calls").text
    assert "请导师答复一份邀请" in calls
    assert "029-88886666" not in calls
    form = {"form_token": token}
    assert "029-88886666" in client.post("/staff/mentoring/calls/1/phone", data=form).text
    assert "没有要打的电话" in client.post("/staff/mentoring/calls/1", data=form).text
    with loaded.reading() as db:
        actions = set(db.scalars(select(AuditEvent.action)))
    assert {"mentoring.mode_changed", "mentoring.contact_shown", "mentoring.called"} <= actions

    own = sign_in(client, loaded, add_person(loaded, Role.MENTOR, mentor_code=CODE))
    until = {"form_token": own, "until": today().isoformat()}
    assert client.post("/mentor/pause", data=until).status_code == 200
    states = [(one.mentor_code, one.state) for one in pairings(loaded)]
    assert states[0] == (CODE, PairingState.WITHDRAWN)
    assert states[1][0] != CODE
    assert client.post("/mentor/resume", data={"form_token": own}).status_code == 200
    terms = {"form_token": own, "cap": "1", "topics": "餐饮运营", "others": "周三下午3点到5点"}
    assert client.post("/mentor/terms", data=terms).status_code == 200
    assert client.post("/mentor/terms", data=terms | {"cap": "99"}).status_code == 422
    with loaded.reading() as db:
        mentor = db.scalars(select(Mentor).where(Mentor.code == CODE)).one()
    assert (mentor.seats, mentor.topics, mentor.slots) == (1, ["餐饮运营"], ["周三 15:00-17:00"])
    tend_mentoring(loaded)
    assert resolve(loaded, datetime.now(UTC)) is None
