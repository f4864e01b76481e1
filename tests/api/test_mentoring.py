from datetime import UTC, datetime

from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from api.policies.validity import today
from matching.mentors.mentor import Mentor
from matching.mentors.pack import load_mentors
from storage.database import Database
from tests.fixtures.people import add_person, sign_in


def test_a_request_reaches_the_mentor_by_a_handler(
    client: TestClient, sqlite_database: Database
) -> None:
    with sqlite_database.writing() as db:
        load_mentors(db, datetime.now(UTC), today())
        mentor = db.scalars(select(Mentor).order_by(Mentor.code)).first()
        assert mentor is not None
        code, topic = mentor.code, mentor.topics[0]
    assert client.get("/mentors").status_code == 200
    assert client.get(f"/mentors/{code}/request").status_code == 200
    sent = {"topics": topic, "phone": "13812345678", "consent": "1"}
    assert client.post(f"/mentors/{code}/request", data=sent).status_code == 200
    assert "等候安排" in client.get("/mentoring").text
    token = sign_in(client, sqlite_database, add_person(sqlite_database, Role.HANDLER))
    form = {"form_token": token, "mentor": code, "reason": "本人指定"}
    assert client.get("/staff/mentoring").status_code == 200
    assert client.post("/staff/mentoring/needs/1", data=form).status_code == 200
    own = add_person(sqlite_database, Role.MENTOR, mentor_code=code)
    token = sign_in(client, sqlite_database, own)
    assert client.get("/staff/mentoring").status_code == 403
    assert "13812345678" not in client.get("/mentor").text
    other = add_person(sqlite_database, Role.MENTOR, login="other", mentor_code="D999")
    stranger = sign_in(client, sqlite_database, other)
    accepted = "/mentor/pairings/1/accept"
    assert client.post(accepted, data={"form_token": stranger}).status_code == 404
    token = sign_in(client, sqlite_database, own)
    assert client.post(accepted, data={"form_token": token}).status_code == 200
    assert "13812345678" in client.get("/mentor").text
    assert "已接受" in client.get("/mentoring").text
