"""Reports and exports: the same figures in every format, and nothing that runs when opened."""

import csv
import html
import io
import re
from pathlib import Path

import docx
import openpyxl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from accounts.role import Role
from api.reports.cells import neutral
from api.reports.form import FORM_FILE
from api.reports.ledger_file import in_words
from api.reports.word import TEMPLATE
from audit.log import AuditEvent
from guidance.counting.qualification import REASONS
from guidance.session import GuidanceSession
from storage.database import Database
from tests.fixtures.people import add_person, sign_in, sign_in_as
from tests.guidance.people import approved_chat, chat
from tests.guidance.test_frozen import lock, report_b2, void

PERIOD = "2026Q1"
FORMULA = tuple("=+-@＝＋－＠|")
EVIL = (
    "=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", "  =1", "\ufeff=1",
    "＝1+1", "＋1", "－1", "＠A1", "|cmd", "=cmd|' /C calc'!A0", "\u200b=1", "\x0b=1",
    "\u202e=1", "\u2028=1", "﹦1", "﹢1", "﹣1", "﹫1", "\x85=1", "　=1", "=HYPERLINK(\"http://x\")",
)  # fmt: skip


@pytest.fixture
def token(client: TestClient, sqlite_database: Database) -> str:
    approved_chat(sqlite_database, "m1", text="我叫王小明，电话打不通，怎么申请小额担保贷款？")
    approved_chat(sqlite_database, "m2", person="visitor-2")
    chat(sqlite_database, "m3", person="visitor-3")
    return sign_in_as(client, sqlite_database, Role.SIGNER)


def download(client: TestClient, token: str, path: str = PERIOD, **form: str) -> bytes:
    response = client.post(f"/staff/reports/{path}", data={"form_token": token, **form})
    assert response.status_code == 200, response.text
    return response.content


def word_tables(data: bytes) -> dict[str, list[list[str]]]:
    """Return the tables of a Word file by their heading."""
    document = docx.Document(io.BytesIO(data))
    found, title = {}, ""
    for part in document.iter_inner_content():
        if isinstance(part, docx.table.Table):
            found[title] = [[cell.text for cell in row.cells] for row in part.rows]
        elif part.style is not None and part.style.name == "Heading 1":
            title = part.text
    return found


def sheets(data: bytes) -> dict[str, list[list[object]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [list(row) for row in sheet.values] for sheet in book}


def test_word_and_excel_carry_the_same_figures(client: TestClient, token: str) -> None:
    word = word_tables(download(client, token, form="docx"))
    excel = sheets(download(client, token, form="xlsx"))
    assert word.keys() - {""} == {title for title, rows in excel.items() if rows[1:]} - {"封面"}
    for title, rows in word.items():
        if not title:
            continue
        for number, row in enumerate(rows):
            cells = excel[title][number][: len(row)]
            assert row == ["" if cell is None else str(cell) for cell in cells], title
    assert word["创业指导服务"][1] == ["2026Q1", "2", "2", "—"]
    assert word["按渠道"][1] == ["网页", "2", "100.0%"]
    page = client.get(f"/staff/reports/{PERIOD}").text
    for title, rows in word.items():
        for row in rows:
            assert all(cell in page or not title for cell in row if "&" not in cell), row


def test_paper_names_the_state_of_the_log(
    client: TestClient, token: str, sqlite_database: Database
) -> None:
    data = download(client, token, form="docx")
    document = docx.Document(io.BytesIO(data))
    with sqlite_database.reading() as db:
        event = db.scalars(select(AuditEvent).where(AuditEvent.action == "report.exported")).one()
    words = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert f"第 {event.seq - 1} 号" in words
    assert len(document.inline_shapes) == 1
    assert '"generated": true' in document.core_properties.comments
    assert f'"audit_seq": {event.seq - 1}' in document.core_properties.comments
    assert (event.subject, event.actor_role) == ("report:2026Q1", "signer")


def test_form_fields_come_from_the_office(client: TestClient, token: str, tmp_path: Path) -> None:
    assert ["表号", "（待填）"] in word_tables(download(client, token))[""]
    (tmp_path / FORM_FILE).write_text("表号: 启创季1表\n批准文号: 某统制〔2026〕3号\n")
    filled = word_tables(download(client, token))[""]
    assert ["表号", "启创季1表"] in filled
    assert ["批准文号", "某统制〔2026〕3号"] in filled
    (tmp_path / FORM_FILE).write_text("表名: x\n")
    refused = client.post(f"/staff/reports/{PERIOD}", data={"form_token": token})
    assert refused.status_code == 409
    assert "表名" in refused.json()["detail"]


def test_office_may_bring_its_own_template(client: TestClient, token: str, tmp_path: Path) -> None:
    own = docx.Document()
    own.add_paragraph("某局专用：{{ sessions }} 人次，{{ table.channel.rows[0][0] }}")
    own.save(str(tmp_path / TEMPLATE))
    made = docx.Document(io.BytesIO(download(client, token)))
    assert made.paragraphs[0].text == "某局专用：2 人次，网页"
    own.add_paragraph("{{ sessions.__class__.__mro__ }}{{ nothing }}")
    own.save(str(tmp_path / TEMPLATE))
    refused = client.post(f"/staff/reports/{PERIOD}", data={"form_token": token})
    assert refused.status_code == 409
    (tmp_path / TEMPLATE).write_bytes(b"no file of Word")
    assert client.post(
        f"/staff/reports/{PERIOD}", data={"form_token": token}
    ).status_code == 409  # fmt: skip


def test_ledger_is_masked_and_its_export_logged(
    client: TestClient, token: str, sqlite_database: Database
) -> None:
    data = download(client, token, "ledger", period=PERIOD, form="csv")
    assert data.startswith("\ufeff编号".encode())
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["是否计数"] for row in rows] == ["是", "是", "否"]
    assert [row["不计原因"] for row in rows] == ["", "", ""]  # the third waits to be decided
    assert in_words("Q3 Q8", REASONS).startswith("没有谈到与创业有关的内容；")
    assert len({row["咨询人代号"] for row in rows}) == 3
    for word in ("王小明", "visitor-", "贷款"):
        assert word not in data.decode()
    book = sheets(download(client, token, "ledger", period="2026", form="xlsx"))
    assert [list(map(str, row)) for row in book["台账1"][1:]] == [
        list(row.values()) for row in rows
    ]
    with sqlite_database.reading() as db:
        events = db.scalars(
            select(AuditEvent.subject).where(AuditEvent.action == "ledger.exported")
        ).all()
    assert events == ["ledger:2026Q1", "ledger:2026"]


@pytest.mark.usefixtures("token")
def test_account_of_a_street_exports_its_own_sessions_only(
    client: TestClient, sqlite_database: Database
) -> None:
    account = add_person(sqlite_database, Role.SIGNER, login="street", org_unit="东街街道")
    mine = sign_in(client, sqlite_database, account)
    data = download(client, mine, "ledger", period=PERIOD, form="csv")
    assert data.decode("utf-8-sig").count("\n") == 1
    assert client.get(f"/staff/reports/{PERIOD}").status_code == 403
    assert "年度汇总" not in client.get("/staff/reports").text


@pytest.mark.parametrize("text", EVIL)
def test_text_never_begins_like_a_formula(text: str) -> None:
    shown = neutral(text)
    assert shown.startswith("'")
    assert not set(shown) & set("\t\r\n\x00\x0b")


def test_no_cell_of_an_export_is_a_formula(
    client: TestClient, token: str, sqlite_database: Database
) -> None:
    for number, text in enumerate(EVIL):
        session_id = chat(sqlite_database, f"e{number}", person=f"evil-{number}")
        typed = text.replace("\x00", "")
        with sqlite_database.writing() as db:
            changed = update(GuidanceSession).where(GuidanceSession.id == session_id)
            db.execute(changed.values(org_unit=typed, rule_version=typed))
    plain = download(client, token, "ledger", period=PERIOD, form="csv").decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(plain)) for cell in row]
    assert len(cells) > 2 * len(EVIL)
    assert not any(cell.strip()[:1] in FORMULA for cell in cells if cell)
    for path in ("ledger", PERIOD):
        data = download(client, token, path, period=PERIOD, form="xlsx")
        book = openpyxl.load_workbook(io.BytesIO(data))
        assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    assert word_tables(download(client, token))["按街道和部门"]


def test_numbers_stay_numbers(client: TestClient, token: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(download(client, token, form="xlsx")))
    assert book["创业指导服务"]["B2"].data_type == "n"
    assert book["创业指导服务"]["B2"].value == 2


def test_published_report_is_another_file(client: TestClient, token: str) -> None:
    word = word_tables(download(client, token, published="1"))
    assert word["创业指导服务"][1][1:3] == ["不足5", "不足5"]
    assert "按渠道" not in word  # nothing that could be shown
    assert "公开版" in client.get(f"/staff/reports/{PERIOD}?published=1").text


@pytest.mark.parametrize(
    ("period", "status"), [("2026Q9", 422), ("x", 422), ("2098", 404), ("2026Q1 ", 200)]
)
@pytest.mark.usefixtures("token")
def test_odd_periods(client: TestClient, period: str, status: int) -> None:
    assert client.get(f"/staff/reports/{period}").status_code == status


def test_others_see_no_reports(client: TestClient, sqlite_database: Database) -> None:
    sign_in_as(client, sqlite_database, Role.HANDLER)
    assert client.get("/staff/reports").status_code == 403


def test_every_count_of_a_report_opens_its_rows(client: TestClient, token: str) -> None:
    assert token
    page = client.get(f"/staff/reports/{PERIOD}").text
    links = re.findall(r'<td[^>]*><a href="([^"]+)">([^<]+)</a>', page)
    counted = [(html.unescape(path), number) for path, number in links if "/sessions?" in path]
    assert len(counted) >= 7  # the quarter, the year, and every split
    for path, number in counted:
        assert f"共 {number} 条" in client.get(path).text, path
    other = {html.unescape(path) for path, _ in links} - {path for path, _ in counted}
    assert any(path.startswith("/staff/indicators/M3c") for path in other)
    for path in sorted(other)[:5]:
        assert client.get(path).status_code == 200, path
    assert "/staff/sessions?" not in client.get(f"/staff/reports/{PERIOD}?published=1").text


def test_a_locked_quarter_shows_what_its_indicators_were(
    client: TestClient, sqlite_database: Database
) -> None:
    approved_chat(sqlite_database, "m1")
    report_b2(sqlite_database, 500)
    lock(sqlite_database)
    report_b2(sqlite_database, 999)
    token = sign_in_as(client, sqlite_database, Role.SIGNER)
    title = "指标的原公布值与修订值"
    word = word_tables(download(client, token, form="docx"))[title]
    excel = sheets(download(client, token, form="xlsx"))[title]
    (b2,) = [row for row in word if row[1] == "B2"]
    assert b2[3:6] == ["500", "999", "499"]
    assert [str(cell) for cell in next(row for row in excel if row[1] == "B2")[3:6]] == b2[3:6]
    page = client.get(f"/staff/reports/{PERIOD}").text
    assert '<a href="/staff/indicators/B2?year=2026">999</a>' in page
    assert '<a href="/staff/persons?period=2026Q1">1</a>' in page
    for tables in (word_tables(download(client, token, form="docx")),
                   sheets(download(client, token, form="xlsx"))):  # fmt: skip
        told = next(row for row in tables["方案指标"] if row[0] == "B2")
        assert [str(cell) for cell in told[4:6]] == ["500", "999"]


def test_a_locked_report_leads_with_what_was_published(
    client: TestClient, sqlite_database: Database
) -> None:
    first = approved_chat(sqlite_database, "m1")
    approved_chat(sqlite_database, "m2", person="visitor-2")
    lock(sqlite_database)
    void(sqlite_database, first)
    token = sign_in_as(client, sqlite_database, Role.SIGNER)
    page = client.get(f"/staff/reports/{PERIOD}").text
    assert "原公布值" in page
    row = [PERIOD, "2", "2", "1", "1", "—"]
    headline = re.sub(r"<[^>]+>", "", page.partition("截至")[2].partition("</p>")[0])
    assert "原公布值 2 人次，2 人；修订值 1 人次，1 人。" in headline
    data = download(client, token, form="docx")
    assert word_tables(data)["创业指导服务"][1] == row
    words = "\n".join(one.text for one in docx.Document(io.BytesIO(data)).paragraphs)
    assert "2 人次，服务2 人。以上为原公布值，修订值 1 人次，1 人。" in words.replace(
        "服务 ", "服务"
    )
    excel = sheets(download(client, token, form="xlsx"))
    assert [str(cell) for cell in excel["创业指导服务"][1]] == row
    cover = {str(one[0]): one[1] for one in excel["封面"] if one[0]}
    assert [cover[name] for name in ("人次", "人", "人次（修订值）", "人（修订值）")] == [
        2,
        2,
        1,
        1,
    ]
    for path, rows in (
        ("/staff/sessions?state=counted&period=2026Q1", "共 2 条"),
        ("/staff/sessions?state=counting&period=2026Q1", "共 1 条"),
        ("/staff/persons?period=2026Q1&locked=1", "共 2 人"),
        ("/staff/persons?period=2026Q1", "共 1 人"),
    ):
        assert f'href="{html.escape(path)}"' in page
        assert rows in client.get(path).text
