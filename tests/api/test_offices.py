"""Offices entered by the administrator: by version, logged, told at once, to the right people."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from accounts.role import Role
from api.policies.offices import phone_parts
from api.policies.validity import today
from audit.log import AuditEvent
from knowledge.office import OfficeNotFound, ServiceOffice, load_offices, next_number, versions_of
from storage.database import Database
from tests.fixtures.installation import Installation
from tests.fixtures.people import add_person, sign_in

Token = dict[str, str]


@pytest.fixture
def token(installation: Installation) -> Token:
    person = add_person(installation.database, Role.ADMINISTRATOR)
    return {"form_token": sign_in(installation.client, installation.database, person)}


def details(**changed: str) -> dict[str, str]:
    return {
        "unit": "人社局",
        "name": "区人社局就业服务窗口",
        "address": "创业路1号三楼",
        "phone": "029-12345678、12333",
        "hours": "工作日9:00–17:00",
        "valid_from": today().isoformat(),
        **changed,
    }


def test_an_office_is_told_at_once_and_every_version_kept(
    installation: Installation, token: Token
) -> None:
    client = installation.client
    assert "已保存" in client.post("/staff/offices/new", data=details() | token).text
    installation.live.refresh()
    page = installation.ask("人社局的电话是多少？")
    assert "区人社局就业服务窗口的电话是：029-12345678、12333" in page
    assert '<a href="tel:029-12345678">' in page
    assert "由区里提供，更新于" in page
    contact = client.get("/contact").text
    assert "创业路1号三楼" in contact

    changed = details(phone="029-87654321") | token | {"version": "1"}
    client.post("/staff/offices/1", data=changed)
    stale = client.post("/staff/offices/1", data=changed)
    assert stale.status_code == 422
    assert "有人在您打开页面之后改过" in stale.text
    client.post("/staff/offices/1/close", data=token | {"reason": "窗口撤并"})
    assert "029-87654321" not in client.get("/contact").text
    with installation.database.reading() as db:
        assert [row.version for row in versions_of(db, 1)] == [3, 2, 1]
        actions = db.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)).all()
    assert [a for a in actions if a.startswith("office.")] == [
        "office.added",
        "office.changed",
        "office.closed",
    ]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"address": "", "phone": ""}, "地址和电话至少填一项"),
        ({"phone": "打给老王"}, "电话只写号码"),
        ({"valid_until": "2020-01-01"}, "最后一天不能早于第一天"),
        ({"unit": ""}, "请选择或填写部门"),
    ],
)
def test_faults_are_told_and_what_was_typed_stays(
    installation: Installation, token: Token, changed: dict[str, str], told: str
) -> None:
    page = installation.client.post("/staff/offices/new", data=details(**changed) | token)
    assert page.status_code == 422
    assert told in page.text
    assert "工作日9:00–17:00" in page.text


def test_only_administrators_enter_offices(installation: Installation) -> None:
    person = add_person(installation.database, Role.HANDLER)
    sign_in(installation.client, installation.database, person)
    assert installation.client.get("/staff/offices").status_code == 403


def test_offices_are_read_as_they_were_written(database: Database) -> None:
    with database.writing() as db:
        assert next_number(db) == 1
        row = {"unit": "小寨路街道", "name": "便民服务中心", "address": "一楼", "phone": ""}
        row |= {"hours": "", "bring": "", "directions": ""}
        on = date(2026, 5, 6)
        db.add(
            ServiceOffice(
                number=1,
                version=1,
                valid_from=on,
                valid_until=on + timedelta(days=1),
                closed=False,
                entered_on=on,
                account_id=1,
                **row,
            )
        )
    with database.reading() as db:
        offices = load_offices(db)
        assert next_number(db) == 2
        with pytest.raises(OfficeNotFound):
            versions_of(db, 2)
    assert [o.name for o in offices.named_in("小寨路街道怎么走", date(2026, 5, 7))] == [
        "便民服务中心"
    ]
    assert offices.on(date(2026, 5, 8)) == []
    assert offices.digest


def test_numbers_in_a_telephone_text_can_be_called() -> None:
    assert phone_parts("029-12345678转2、12333（夜间）") == [
        ("029-12345678", "029-12345678"),
        ("转2、", ""),
        ("12333", "12333"),
        ("（夜间）", ""),
    ]
