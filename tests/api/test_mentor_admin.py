import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from api.mentors.duty import duties
from api.policies.validity import today
from api.settings import Settings
from audit.log import AuditEvent
from guidance.lifecycle import ServiceLine, SessionState
from guidance.message import Channel
from guidance.session import GuidanceSession
from matching.mentors.admission import (
    AdmissionRulesInvalid,
    admission_warnings,
    load_admission_rules,
)
from matching.mentors.facts import MentorState
from matching.mentors.mentor import Mentor, find_mentor
from matching.mentors.pack import load_mentors, sample_mentors
from storage.database import Database
from tests.fixtures.people import sign_in_as

CODE = "MS01"
NEW = {
    "code": "D0001",
    "name": "王老师",
    "category": "management",
    "origin": "entrepreneur",
    "term_start_on": "2026-01-01",
    "term_end_on": "2028-12-31",
    "topics": "餐饮运营、选址装修",
    "slots": "周三下午2点到4点；周六 9:00-11:00",
    "streets": "小寨路街道",
    "online": "是",
    "yearly_cap": "8",
    "units": "某某公司",
    "pauses": "2026-07-01 至 2026-07-31",
    "born_on": "1950-06-01",
    "phone": "029-88886666",
}
Post = Callable[..., Any]


@pytest.fixture
def loaded(sqlite_database: Database) -> Database:
    with sqlite_database.writing() as db:
        load_mentors(db, datetime.now(UTC), today())
    return sqlite_database


@pytest.fixture
def post(client: TestClient, loaded: Database) -> Post:
    """Post as an administrator."""
    token = sign_in_as(client, loaded, Role.ADMINISTRATOR)

    def send(path: str, **fields: Any) -> Any:
        return client.post(f"/staff/mentors/{path}", data={"form_token": token, **fields})

    return send


def mentor(database: Database, code: str = CODE) -> Mentor:
    with database.reading() as db:
        return find_mentor(db, code)


def change(database: Database, code: str = CODE, **values: Any) -> None:
    with database.writing() as db:
        row = find_mentor(db, code)
        for name, value in values.items():
            setattr(row, name, value)


def actions(database: Database, code: str) -> list[str]:
    with database.reading() as db:
        return list(
            db.scalars(
                select(AuditEvent.action)
                .where(AuditEvent.subject == f"mentor:{code}")
                .order_by(AuditEvent.seq)
            )
        )


READ_ONLY = ["/staff/mentors", f"/staff/mentors/{CODE}"]
EDITING = ["/staff/mentors/new", f"/staff/mentors/{CODE}/edit"]


@pytest.mark.parametrize("path", READ_ONLY + EDITING)
def test_pages_are_for_the_staff(client: TestClient, loaded: Database, path: str) -> None:
    assert client.get(path).status_code == 401
    sign_in_as(client, loaded, Role.MENTOR)
    assert client.get(path).status_code == 403


def test_handlers_read_without_personal_fields(client: TestClient, loaded: Database) -> None:
    change(loaded, phone="13912345678", born_on=date(1970, 5, 1))
    token = sign_in_as(client, loaded, Role.HANDLER)
    assert all(client.get(path).status_code == 403 for path in EDITING)
    page = client.get(READ_ONLY[1]).text
    assert "13912345678" not in page
    assert "1970" not in page
    assert "修改资料" not in page
    fields = {"form_token": token, "action": "dismiss", "reason": "不合适"}
    assert client.post(f"/staff/mentors/{CODE}/term", data=fields).status_code == 403
    assert mentor(loaded).state is MentorState.ACTIVE


@pytest.mark.usefixtures("post")
def test_list_filters_and_marks_samples(client: TestClient, loaded: Database) -> None:
    page = client.get("/staff/mentors").text
    assert f"共 {len(sample_mentors())} 位导师" in page
    assert page.count("样例</span>") == len(sample_mentors())
    found = client.get("/staff/mentors?topic=品牌加盟&section=H&q=茶饮").text
    assert "共 1 位导师" in found
    assert "样例导师（茶饮加盟）" in found
    assert "样例导师（早餐小吃）" in client.get("/staff/mentors?street=样例街道一").text
    assert "样例导师（早餐小吃）" not in client.get("/staff/mentors?street=样例街道三").text
    assert "没有符合条件的导师" in client.get("/staff/mentors?q=%25_%25").text
    assert client.get("/staff/mentors?state=x&topic=x&order=x&page=99").status_code == 200
    change(loaded, term_end_on=today() + timedelta(days=60))
    change(loaded, "MS02", term_end_on=today() + timedelta(days=61))
    ending = client.get("/staff/mentors?attention=ending").text
    assert "续聘提醒：1 位导师" in ending
    assert "共 1 位导师" in ending


def test_a_mentor_is_entered_appointed_renewed_and_dismissed(
    client: TestClient, post: Post, loaded: Database
) -> None:
    assert 'value="D0001"' in client.get("/staff/mentors/new").text
    page = post("new", **NEW)
    assert "待聘" in page.text
    assert "年满 60 周岁以上" in page.text  # warned, and entered all the same
    assert "每年带教超过 5 位" in page.text
    made = mentor(loaded, "D0001")
    assert made.state is MentorState.CANDIDATE
    assert made.slots == ["周三 14:00-16:00", "周六 9:00-11:00"]
    assert made.pauses == [["2026-07-01", "2026-07-31"]]
    assert made.conflicts == {"units": ["某某公司"]}
    assert (made.online, made.onsite) == (True, False)  # a box without a tick is a no
    assert post("D0001/term", action="resume").status_code == 200
    assert mentor(loaded, "D0001").state is MentorState.ACTIVE
    assert post("D0001/term", action="pause", reason="出差").status_code == 200
    assert post("D0001/term", action="renew", until="2031-12-31").status_code == 200
    assert mentor(loaded, "D0001").term_end_on == date(2031, 12, 31)
    refused = post("D0001/term", action="dismiss")
    assert refused.status_code == 409
    assert "请写明解聘的理由" in refused.text
    page = post("D0001/term", action="dismiss", reason="本人申请")
    assert mentor(loaded, "D0001").state is MentorState.DISMISSED
    assert "理由：出差" in page.text
    assert "聘期由 2028-12-31 延到 2031-12-31" in page.text
    kinds = ["added", "resumed", "paused", "renewed", "dismissed"]
    assert actions(loaded, "D0001") == [f"mentor.{kind}" for kind in kinds]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "必须填写"),
        ({"slots": "有空就行"}, "f-slots-error"),
        ({"topics": "算命"}, "没有“算命”这个主题"),
        ({"term_end_on": "2025-01-01"}, "不能早于“聘期开始”"),
        ({"online": "否"}, "线上和线下至少选一种"),
        ({"concurrent_cap": "-1"}, "应在 0 到 50"),
        ({"code": CODE}, "这个编号已经有导师在用"),
        ({"phone": "不告诉你"}, "请填电话号码"),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_lost(
    post: Post, loaded: Database, fields: dict[str, str], said: str
) -> None:
    page = post("new", **(NEW | fields))
    assert page.status_code == 422
    assert said in page.text
    assert 'value="2026-01-01"' in page.text
    with loaded.reading() as db:
        assert db.scalar(select(Mentor.id).where(Mentor.name == "王老师")) is None


def test_an_edit_changes_what_was_changed_and_says_so(
    client: TestClient, post: Post, loaded: Database
) -> None:
    before = mentor(loaded)
    version = before.updated_at.isoformat()
    form: dict[str, Any] = {
        "version": version,
        "online": "是",
        "onsite": "是",
        "asynchronous": "是",
    }
    form |= {"stages": ["idea", "preparing", "opened"]}
    same = post(f"{CODE}/edit", **form)
    assert same.status_code == 200
    assert actions(loaded, CODE) == []
    assert post(f"{CODE}/edit", **form, weekly_cap="1", reason="太忙").status_code == 200
    after = mentor(loaded)
    assert after.weekly_cap == 1
    assert (after.topics, after.slots, after.streets) == (
        before.topics,
        before.slots,
        before.streets,
    )
    assert "每周新增上限；理由：太忙" in client.get(f"/staff/mentors/{CODE}").text
    stale = post(f"{CODE}/edit", **form, weekly_cap="5")
    assert stale.status_code == 422
    assert "资料刚刚有变动" in stale.text
    assert mentor(loaded).weekly_cap == 1


def test_every_sample_survives_its_own_form(client: TestClient, post: Post) -> None:
    for entry in sample_mentors()[:3]:
        path = f"{entry['code']}/edit"
        page = client.get(f"/staff/mentors/{path}").text
        fields = dict(
            re.findall(r'<input (?!type="check)[^>]*name="([a-z_]+)" value="([^"]*)"', page)
        )
        ticked = re.findall(r'name="([a-z_]+)" value="([^"]*)" checked', page)
        chosen = re.findall(r'<select [^>]*name="([a-z_]+)".*?value="([^"]*)" selected', page)
        boxes: dict[str, list[str]] = {}
        for name, value in ticked:
            boxes.setdefault(name, []).append(value)
        fields = {n: v for n, v in fields.items() if n != "form_token"}
        answer = post(path, **(fields | dict(chosen) | boxes))
        assert answer.status_code == 200, answer.text
        assert "修改资料</th>" not in answer.text, entry["code"]


def test_duty_counts_long_sessions_of_this_year(loaded: Database) -> None:
    day = date(2026, 7, 1)

    def session(on: date, minutes: int, state: SessionState = SessionState.APPROVED) -> Any:
        at = datetime(on.year, on.month, on.day, 2, tzinfo=UTC)
        return GuidanceSession(
            person=f"p{on}{minutes}{state}",
            channel=Channel.MENTOR,
            service_line=ServiceLine.MENTOR,
            opened_at=at,
            last_turn_at=at,
            closed_at=at,
            turn_count=0,
            provider=f"mentor:{CODE}",
            minutes=minutes,
            state=state,
        )

    with loaded.writing() as db:
        row = find_mentor(db, CODE)
        row.term_start_on, row.term_end_on = date(2025, 7, 1), date(2028, 6, 30)
        db.add_all(
            [
                session(date(2026, 3, 1), 30),
                session(date(2026, 4, 1), 45),
                session(date(2026, 5, 1), 29),  # too short
                session(date(2025, 12, 31), 60),  # last year
                session(date(2026, 7, 2), 60),  # not yet
                session(date(2026, 6, 1), 60, SessionState.REJECTED),
            ]
        )
    with loaded.reading() as db:
        duty = duties(db, [find_mentor(db, CODE)], day)[CODE]
    assert (duty.held, duty.owed, duty.expected) == (2, 10, 4)
    assert duty.is_behind


@pytest.mark.usefixtures("post")
def test_a_broken_file_of_rules_hides_no_mentor(client: TestClient, settings: Settings) -> None:
    (settings.data_dir / "admission_rules.yaml").write_text("rules: [1]", "utf-8")
    page = client.get(f"/staff/mentors/{CODE}")
    assert page.status_code == 200
    assert "聘任条件没有核对" in page.text


def test_admission_rules_come_from_the_installation(tmp_path: Path, loaded: Database) -> None:
    shipped = load_admission_rules(tmp_path)
    assert {rule.kind for rule in shipped} >= {"most_age", "filled", "least_years"}
    assert all(rule.source for rule in shipped)
    (tmp_path / "admission_rules.yaml").write_text("rules: []", "utf-8")
    assert admission_warnings(mentor(loaded), load_admission_rules(tmp_path)) == ()
    for text in ("rules: [{kind: horoscope, text: a, source: b}]", "rules: [1]", "- a"):
        (tmp_path / "admission_rules.yaml").write_text(text, "utf-8")
        with pytest.raises(AdmissionRulesInvalid):
            load_admission_rules(tmp_path)
