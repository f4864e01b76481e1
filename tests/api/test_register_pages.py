"""The register's pages: sources of our own, what stands beside, targets, periods, owners."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.account import Account
from accounts.role import Role
from api.policies.freshness import published_between
from api.policies.validity import today
from guidance.indicators.standing import reported_quarter
from guidance.periods.period import Quarter
from guidance.session import Turn
from guidance.turn_feedback import Complaint, Opinion, give_feedback
from knowledge.document import DocumentStatus, PolicyDocument
from matching.mentors.facts import MentorState
from matching.mentors.mentor import Mentor
from matching.mentors.pack import load_mentors
from matching.mentors.roster import roster
from storage.database import Database
from tests.fixtures.ledger import Cast, add_cast, ask
from tests.fixtures.people import add_person, sign_in

Post = Callable[..., Any]
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
QUARTER = str(reported_quarter(today()))
FILE = {"file": ("区政府文件.pdf", b"%PDF-1.7", "application/pdf")}


@pytest.fixture
def cast(sqlite_database: Database) -> Cast:
    return add_cast(sqlite_database)


@pytest.fixture
def post(client: TestClient, sqlite_database: Database) -> Post:
    def send(account: Account, path: str, **fields: Any) -> Any:
        token = sign_in(client, sqlite_database, account)
        files = fields.pop("files", None)
        form = {"form_token": token, **fields}
        return client.post(path, data=form, files=files, follow_redirects=False)

    return send


def accept_values(post: Post, cast: Cast, values: dict[str, str], **words: str) -> None:
    """Report values of today as the handler and accept them as the reviewer."""
    for number, (name, value) in enumerate(values.items(), 1):
        told = {"value": value, "as_of_on": today().isoformat(), "source": "区统计局", **words}
        sent = post(cast.handler, f"/staff/uploads/indicators/{name}", **told, files=FILE)
        assert sent.is_redirect, name
        assert post(cast.reviewer, f"/staff/values/{number}", action="accept").is_redirect


def test_what_stands_beside_is_shown_and_opens_its_rows(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    sign_in(client, sqlite_database, cast.handler)
    page = client.get("/staff/indicators").text
    for name in (
        "双口径达标", "培训和指导的不同人数", "新增创业企业（各年平均）", "系统内评价的满意率",
        "街道创建比例（第一年）", "街道创建比例（第二年）", "目录中的行业", "目录中的项目",
        "创业贷款的不同借款人", "导师名册人数", "活动指数（含存量）",
    ):  # fmt: skip
        assert name in page, name
    one = client.get("/staff/indicators/M3c").text
    assert "并列：" in one
    assert "人次 ≥ 人次的目标，且人数 ≥ 人数的目标" in one
    sign_in(client, sqlite_database, cast.reviewer)  # never whether a target is reached
    for path in ("/staff/indicators", "/staff/indicators/M3c"):
        page = client.get(path).text
        assert "创业指导人数" in page
        assert "双口径达标" not in page


def test_a_report_has_what_stands_beside(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    sign_in(client, sqlite_database, cast.signer)
    page = client.get(f"/staff/reports/{Quarter.of(today())}").text
    assert "并列的数值" in page
    for name in ("双口径达标", "目录中的行业", "创业贷款的不同借款人", "导师名册人数"):
        assert name in page
    assert f'href="/staff/indicators/M3a.roster?year={today().year}"' in page


def test_reports_are_taken_down_when_they_come(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    sign_in(client, sqlite_database, cast.auditor)
    assert "待录入" in client.get("/staff/returns").text
    listed = {"quarter": QUARTER, "action": "list", "units": "东街街道\n\n区财政局\n东街街道"}
    assert post(cast.reviewer, "/staff/returns", **listed).status_code == 403
    street = add_person(sqlite_database, Role.HANDLER, login="street", org_unit="东街街道")
    assert post(street, "/staff/returns", **listed).status_code == 403
    assert post(cast.handler, "/staff/returns", **listed).is_redirect
    assert post(cast.handler, "/staff/returns", **listed).status_code == 409
    came = {"quarter": QUARTER, "action": "receive", "unit": "东街街道"}
    assert post(cast.handler, "/staff/returns", **came).is_redirect
    assert post(cast.handler, "/staff/returns", **came).status_code == 409
    undo = {**came, "action": "take_back"}
    assert post(cast.handler, "/staff/returns", **undo).status_code == 422
    assert post(cast.handler, "/staff/returns", **{**came, "action": "x"}).status_code == 409
    assert post(cast.handler, "/staff/returns", **{**came, "quarter": "x"}).status_code == 422
    sign_in(client, sqlite_database, cast.auditor)
    page = client.get(f"/staff/returns?quarter={QUARTER}").text
    assert "应报 2 份" in page
    assert "登记收到</button>" not in page
    register = client.get("/staff/indicators").text
    assert f'<a href="/staff/returns?quarter={QUARTER}">' in register
    assert post(cast.handler, "/staff/returns", **undo, reason="登记错了").is_redirect
    assert client.get("/staff/returns?quarter=2026Q9").status_code == 422


def test_a_target_is_proposed_with_its_file_and_signed_by_another(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    path, year = "/staff/uploads/targets/B2", today().year
    good = {"since": str(year), "amount": "650", "reason": "区政府常务会议"}
    for wrong in ({"since": "1999"}, {"amount": "x"}, {"reason": ""}, {"since": "明年"}):
        assert post(cast.handler, path, **{**good, **wrong}, files=FILE).status_code == 422, wrong
    assert post(cast.handler, path, **good).status_code == 422
    assert post(cast.reviewer, path, **good, files=FILE).status_code == 403
    assert post(cast.handler, "/staff/uploads/targets/X", **good).status_code == 404
    assert post(cast.handler, path, **good, files=FILE).is_redirect
    sign_in(client, sqlite_database, cast.reviewer)
    assert "创业培训人数从" not in client.get("/staff/proposals").text
    sign_in(client, sqlite_database, cast.signer)
    assert "创业培训人数从" in client.get("/staff/proposals").text
    assert "650" not in client.get("/staff/indicators/B2").text
    assert post(cast.signer, "/staff/proposals/1", action="confirm").is_redirect
    sign_in(client, sqlite_database, cast.auditor)
    page = client.get("/staff/indicators/B2").text
    assert "650 人" in page
    assert "方案原定 600 人" in page
    assert "区政府常务会议" in page
    link = page.partition('<a href="/staff/evidence/')[2].partition('"')[0]
    assert client.get(f"/staff/evidence/{link}").content == b"%PDF-1.7"
    sign_in(client, sqlite_database, cast.reviewer)
    assert client.get(f"/staff/evidence/{link}").status_code == 404
    assert "650" not in client.get("/staff/indicators/B2").text
    sign_in(client, sqlite_database, cast.handler)
    assert "650" in client.get("/staff/indicators").text
    assert "650" not in client.get(f"/staff/indicators?year={year - 1}").text


def test_periods_and_owners_are_signed(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    sign_in(client, sqlite_database, cast.signer)
    reports = client.get("/staff/reports").text
    assert "责任单位还没有确定" in reports
    assert "责任单位还没有确定" in client.get(f"/staff/reports/{Quarter.of(today())}").text
    before = client.get("/staff/indicators").text
    year = today().year
    frame = {"subject": "frame:creation", "choice": f"{year - 1}-{year}", "reason": "区政府文件"}
    bad = {**frame, "choice": "明年"}
    assert post(cast.handler, "/staff/definitions", **bad).status_code == 422
    assert post(cast.handler, "/staff/definitions", **frame).is_redirect
    owner = {"subject": "owner:D2", "choice": "区人社局", "reason": "领导小组会议"}
    assert post(cast.handler, "/staff/definitions", **owner).is_redirect
    sign_in(client, sqlite_database, cast.signer)
    assert "“创建期间”" not in client.get("/staff/proposals").text
    assert "创建期间的起止年份" in client.get("/staff/proposals").text
    for number in (1, 2):
        assert post(cast.signer, f"/staff/proposals/{number}", action="confirm").is_redirect
    sign_in(client, sqlite_database, cast.handler)
    page = client.get("/staff/definitions").text
    assert f"{year - 1} 年至 {year} 年" in page
    owners = client.get("/staff/indicators/D2").text
    assert "区人社局（" in owners
    counts = [text.partition(" 项指标方案")[0].rpartition("有 ")[2] for text in (
        before, client.get("/staff/indicators").text)]  # fmt: skip
    assert int(counts[0]) == int(counts[1]) + 1
    # 人次 of the whole time open the rows of the whole time.
    years = f"{year - 1}-{year}"
    ask(sqlite_database, 1, YESTERDAY)
    assert f"/staff/sessions?state=counting&amp;period={years}" in client.get(
        "/staff/indicators"
    ).text.replace("&period", "&amp;period")
    assert client.get(f"/staff/sessions?state=counting&period={years}").status_code == 200
    sign_in(client, sqlite_database, cast.signer)
    report = client.get(f"/staff/reports/{Quarter.of(today())}").text
    assert f"{years}年累计（创建期间）" in report
    assert client.get(f"/staff/reports/{years}").status_code == 422


def test_readings_that_count_are_chosen_and_not_typed(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    sign_in(client, sqlite_database, cast.handler)
    assert "<option>含存量</option>" in client.get("/staff/definitions").text
    reading = {"subject": "ambiguity:3", "choice": "大概吧", "reason": "与统计局商定"}
    assert post(cast.handler, "/staff/definitions", **reading).status_code == 422


def test_every_base_is_entered_by_its_name(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    told = {"value": "6000", "as_of_on": today().isoformat(), "source": "区住建局"}
    path = "/staff/uploads/indicators/M10a"
    assert post(cast.handler, path, **told, files=FILE).status_code == 422
    accept_values(post, cast, {"M10a": "6000"}, item="东街基地")
    sign_in(client, sqlite_database, cast.auditor)
    page = client.get("/staff/indicators/M10a").text
    assert "东街基地：6,000 ㎡" in page
    report = client.get(f"/staff/reports/{Quarter.of(today())}").text
    assert "东街基地" in report


def test_mentors_in_office_are_the_roster_and_samples_are_not(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    with sqlite_database.writing() as db:
        load_mentors(db, datetime.now(UTC), today())
        mentors = list(db.scalars(select(Mentor).order_by(Mentor.code)))
        assert roster(db, today()) == [] or all(not one.sample for one in roster(db, today()))
        for one in mentors[:3]:
            one.sample, one.state = False, MentorState.ACTIVE
            one.term_start_on, one.term_end_on = today(), today()
        mentors[2].term_end_on = today()
        mentors[2].state = MentorState.CANDIDATE
        expected = len(roster(db, today()))
    sign_in(client, sqlite_database, cast.handler)
    rows = f"/staff/indicators/M3a.roster/rows?year={today().year}"
    assert f'<a href="{rows}">{expected} 人</a>' in client.get("/staff/indicators").text
    page = client.get(rows).text
    assert f"{expected} 位在聘的导师" in page
    assert mentors[0].name in page
    assert f"共 {expected} 条" in page


def test_how_soon_policies_stood_on_the_site(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    with sqlite_database.writing() as db:
        for document in db.scalars(select(PolicyDocument)):
            document.published_on = date(2010, 1, 1)
        issued = date(today().year, 1, 1)
        for days, restated, status in (
            (4, False, DocumentStatus.PUBLISHED), (9, False, DocumentStatus.SUPERSEDED),
            (90, True, DocumentStatus.PUBLISHED), (90, False, DocumentStatus.DRAFT),
        ):  # fmt: skip
            loaded = datetime(issued.year, 1, 1, 4, tzinfo=UTC) + timedelta(days=days)
            db.add(
                PolicyDocument(
                    series=f"s{days}{restated}{status}", title=f"政策{days}", issuer="区政府",
                    published_on=issued, status=status, restated=restated, source_name="x",
                    digest="0" * 64, text="正文", loaded_at=loaded,
                )
            )  # fmt: skip
        db.flush()
        found = published_between(db, issued, date(issued.year, 12, 31))
        assert [one.days for one in found] == [4, 9]
    sign_in(client, sqlite_database, cast.handler)
    page = client.get("/staff/indicators/M11").text
    if today() >= date(issued.year, 1, 10):
        assert "6.5 天" in page
        rows = client.get(f"/staff/indicators/M11/rows?year={issued.year}").text
        assert "平均 6.5 天" in rows
        assert "政策4" in rows
        assert "政策90" not in rows


def test_opinions_of_answers_are_listed(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    with sqlite_database.reading() as db:
        assert db.scalar(select(Turn.id).limit(1)) is None
    for number, helpful in enumerate((True, False, True, True), 1):
        ask(sqlite_database, number, YESTERDAY)
        with sqlite_database.writing() as db:
            newest = db.scalars(select(Turn.id).order_by(Turn.id.desc())).first()
            assert newest is not None
            opinion = Opinion(helpful, (Complaint.OUTDATED,))
            give_feedback(db, newest, opinion, YESTERDAY)
    year = YESTERDAY.year
    sign_in(client, sqlite_database, cast.auditor)
    page = client.get(f"/staff/indicators/D1d?year={year}").text
    assert f'<a href="/staff/indicators/D1d.system/rows?year={year}">75 %</a>' in page
    rows = client.get(f"/staff/indicators/D1d.system/rows?year={year}").text
    assert "共 4 个评价，其中说有帮助的 3 个" in rows
    assert rows.count("内容过时") == 1
    assert '<a href="/staff/sessions/' in rows
    street = add_person(sqlite_database, Role.HANDLER, login="street", org_unit="东街街道")
    sign_in(client, sqlite_database, street)
    rows = client.get(f"/staff/indicators/D1d.system/rows?year={year}").text
    assert '<a href="/staff/sessions/' not in rows
    for path in ("/staff/indicators/B2/rows", "/staff/indicators/X/rows"):
        assert client.get(path).status_code == 404
