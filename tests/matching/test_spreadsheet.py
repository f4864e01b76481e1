import csv
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from audit.log import Actor, ActorKind, AuditEvent
from matching.projects.columns import COLUMNS_BY_NAME, PROJECT_COLUMNS
from matching.projects.editing import Editor, revise_project
from matching.projects.pack import load_projects
from matching.projects.project import Project, ProjectVersion, find_project
from matching.projects.spreadsheet import PROJECTS
from matching.spreadsheets import rows
from matching.spreadsheets.column import CellUnreadable, Column, ColumnKind, Unit
from matching.spreadsheets.importing import (
    ImportChanged,
    ImportRefused,
    Preview,
    apply_import,
    preview_import,
)
from matching.spreadsheets.judging import RowAction
from matching.spreadsheets.reading import MOST_BYTES, ParsedSheet
from matching.spreadsheets.rows import INSTRUCTIONS, SpreadsheetUnreadable
from matching.spreadsheets.writing import neutral, write_csv, write_template, write_xlsx
from storage.database import Database

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
EDITOR = Editor(Actor(ActorKind.ACCOUNT, "7"), "李敏", NOW)
HEADINGS = ("项目编号", "项目名称", "投资下限（万元）", "投资上限（万元）", "适合人群")


@pytest.fixture
def filled(sqlite_database: Database) -> Database:
    with sqlite_database.writing() as db:
        load_projects(db, NOW, NOW.date())
    return sqlite_database


def as_csv(*rows: tuple[str, ...], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter).writerows((HEADINGS, *rows))
    return target.getvalue().encode(encoding)


def as_xlsx(*rows: tuple[Any, ...], headings: tuple[str, ...] = HEADINGS) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (headings, *rows):
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def preview(database: Database, data: bytes) -> Preview:
    with ParsedSheet(data) as sheet, database.reading() as db:
        return preview_import(db, PROJECTS, sheet)


def take_in(
    database: Database, data: bytes, fingerprint: str | None = None
) -> dict[RowAction, int]:
    known = fingerprint or preview(database, data).fingerprint
    with ParsedSheet(data) as sheet, database.writing() as db:
        return apply_import(db, PROJECTS, sheet, known, EDITOR)


def count(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count(Project.id))) or 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_any_usual_encoding(
    sqlite_database: Database, encoding: str, delimiter: str
) -> None:
    data = as_csv(
        ("A1", "豆腐坊", "3.5", "8", "妇女、残疾人"), encoding=encoding, delimiter=delimiter
    )
    assert take_in(sqlite_database, data)[RowAction.INSERT] == 1
    with sqlite_database.reading() as db:
        made = find_project(db, "A1")
    assert (made.title, made.investment_min_yuan, made.groups) == (
        "豆腐坊",
        35_000,
        ("disabled", "woman"),
    )


def test_import_on_each_engine_keeps_versions_and_one_event(database: Database) -> None:
    data = as_xlsx(("A1", "豆腐坊", 3.5, 8, "妇女"), ("A2", "醋坊", 2, 4, None))
    assert take_in(database, data)[RowAction.INSERT] == 2
    changed = as_xlsx(("A1", "豆腐坊", 3.5, 9, "妇女"), ("A2", "醋坊", 2, 4, None))
    shown = preview(database, changed)
    assert [(row.code, row.changed) for row in shown.rows] == [("A1", ("投资上限",))]
    assert take_in(database, changed) == {
        RowAction.INSERT: 0,
        RowAction.UPDATE: 1,
        RowAction.UNCHANGED: 1,
        RowAction.ERROR: 0,
    }
    with database.reading() as db:
        versions = db.execute(
            select(ProjectVersion.version, ProjectVersion.actor_name).order_by(ProjectVersion.id)
        ).all()
        events = db.scalars(select(AuditEvent.action)).all()
        assert find_project(db, "A1").investment_max_yuan == 90_000
    assert [tuple(one) for one in versions] == [(1, "李敏"), (1, "李敏"), (2, "李敏")]
    assert list(events) == ["projects.imported", "projects.imported"]


@pytest.mark.parametrize("form", ["xlsx", "utf-8-sig", "gb18030"])
def test_what_is_exported_comes_back_unchanged(filled: Database, form: str) -> None:
    with filled.reading() as db:
        records = PROJECTS.records(db)
        if form == "xlsx":
            data = write_xlsx(PROJECTS, records)
        else:
            data = b"".join(write_csv(PROJECTS, records, form))
    shown = preview(filled, data)
    assert shown.counts[RowAction.UNCHANGED] == count(filled)
    assert (shown.error_count, shown.rows, shown.ignored, shown.possible) == (0, (), (), False)


def test_errors_name_the_cell_the_column_and_the_cure(filled: Database) -> None:
    data = as_xlsx(
        ("A1", "豆腐坊", "三万", 8, "妇女"),
        ("A2", None, 3, 2, "外星人"),
        ("A1", "醋坊", 3, 8, None),
        ("A 4", "酱坊", -1, 8, None),
    )
    shown = preview(filled, data)
    told = {(one.address, one.heading): one.message for one in shown.errors}
    assert "不是数字" in told["C2", "投资下限（万元）"]
    assert told["B3", "项目名称"] == "必须填写"
    assert "只能填：大学生、" in told["E3", "适合人群"]
    assert told["A4", "项目编号"] == "与第 2 行的编号重复"
    assert "编号只能用字母" in told["A5", "项目编号"]
    assert "应在 0 到" in told["C5", "投资下限（万元）"]
    assert shown.counts[RowAction.ERROR] == 4
    assert not shown.possible


def test_fields_that_contradict_each_other_are_told(filled: Database) -> None:
    shown = preview(filled, as_xlsx(("A1", "豆腐坊", 9, 2, None)))
    assert [(e.address, e.message) for e in shown.errors] == [("D2", "不能小于“投资下限”")]


def test_published_project_cannot_be_emptied_by_a_file(filled: Database) -> None:
    data = as_xlsx(("QH0202", "街边小面馆", None), headings=("项目编号", "项目名称", "主要风险"))
    (error,) = preview(filled, data).errors
    assert "正在推介，改后会缺少：主要风险" in error.message


def test_one_error_keeps_everything_out(filled: Database) -> None:
    before = count(filled)
    data = as_csv(
        *((f"A{n}", f"项目{n}", "1", "2", "") for n in range(700)), ("B", "", "1", "2", "")
    )
    with pytest.raises(ImportRefused, match="一行也没有导入"):
        take_in(filled, data)
    assert count(filled) == before


def test_data_that_changed_since_the_preview_is_refused(filled: Database) -> None:
    data = as_csv(("QH0202", "街边小面馆", "6", "12", "妇女"))
    seen = preview(filled, data).fingerprint
    with filled.writing() as db:
        revise_project(db, find_project(db, "QH0202"), {"summary": "刚改的"}, EDITOR, 1)
    with pytest.raises(ImportChanged, match="请重新预览"):
        take_in(filled, data, seen)
    with filled.reading() as db:
        assert find_project(db, "QH0202").investment_max_yuan == 130_000


def test_file_that_changed_since_the_preview_is_refused(filled: Database) -> None:
    seen = preview(filled, as_csv(("A1", "豆腐坊", "1", "2", ""))).fingerprint
    with pytest.raises(ImportChanged):
        take_in(filled, as_csv(("A1", "豆腐坊", "1", "3", "")), seen)
    assert preview(filled, as_csv(("A1", "豆腐坊", "1", "2", ""))).fingerprint == seen


def test_heading_states_the_unit_and_a_cell_may_too(filled: Database) -> None:
    headings = ("项目编号", "项目名称", "投资下限(元)", "投资上限（万元）", "自己的列")
    data = as_xlsx(("A1", "豆腐坊", 35000, "80000元", "x"), headings=headings)
    shown = preview(filled, data)
    assert shown.ignored == ("自己的列",)
    take_in(filled, data)
    with filled.reading() as db:
        made = find_project(db, "A1")
    assert (made.investment_min_yuan, made.investment_max_yuan) == (35_000, 80_000)


def test_formulas_are_refused_in_a_workbook_and_text_in_a_csv(filled: Database) -> None:
    (error,) = preview(filled, as_xlsx(("A1", "=1+1", 3, 8, None))).errors
    assert (error.address, "是公式" in error.message) == ("B2", True)
    take_in(filled, as_csv(("A1", '=HYPERLINK("x")', "3", "8", "")))
    with filled.reading() as db:
        records = [find_project(db, "A1")]
        assert records[0].title == '=HYPERLINK("x")'
        text = b"".join(write_csv(PROJECTS, records, "utf-8-sig")).decode("utf-8-sig")
        book = openpyxl.load_workbook(io.BytesIO(write_xlsx(PROJECTS, records)))
    assert "'=HYPERLINK" in text
    cell = book[PROJECTS.label]["B2"]
    assert (cell.data_type, cell.value) == ("s", '=HYPERLINK("x")')
    assert preview(filled, text.encode()).counts[RowAction.UNCHANGED] == 1


@given(st.text(max_size=30))
def test_neutral_text_is_never_a_formula_and_is_taken_back(text: str) -> None:
    safe = neutral(text)
    assert not safe.startswith(("=", "+", "-", "@"))
    if not text.strip().startswith("'"):
        assert rows._plain(safe) == text.strip()


def test_template_has_instructions_and_drop_downs_and_can_be_filled(filled: Database) -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_template(PROJECTS)))
    assert book.sheetnames == ["创业项目", INSTRUCTIONS]
    sheet = book["创业项目"]
    assert [cell.value for cell in sheet[1]] == [column.heading for column in PROJECT_COLUMNS]
    lists = [one.formula1 for one in sheet.data_validations.dataValidation if one.type == "list"]
    assert '"百姓创业,金点子,连锁加盟,科技项目"' in lists
    assert any("万元" in str(row[0]) for row in book[INSTRUCTIONS].values)
    sheet["A2"], sheet["B2"] = "A1", "豆腐坊"
    target = io.BytesIO()
    book.save(target)
    assert take_in(filled, target.getvalue())[RowAction.INSERT] == 1


HARMFUL: list[tuple[Callable[[], bytes], str]] = [
    (lambda: b"", "文件是空的"),
    (lambda: b"PK\x03\x04broken", "已损坏"),
    (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧的 xls|认不出文件的编码"),
    (lambda: "甲,乙\n1,2".encode(), "没有找到表头"),
    (lambda: as_csv().replace("项目名称".encode(), "项目编号".encode()), "出现了两次"),
    (lambda: b'"' + as_csv(("A1", "x", "", "", "")), "引号或分隔符不对|没有找到表头"),
    (lambda: b"x" * (MOST_BYTES + 1), "超过 10 MB"),
]


@pytest.mark.parametrize(("make", "message"), HARMFUL)
def test_files_that_are_no_tables_are_refused(
    filled: Database, make: Callable[[], bytes], message: str
) -> None:
    with pytest.raises(SpreadsheetUnreadable, match=message):
        preview(filled, make())


def test_bomb_is_refused_before_it_is_unpacked() -> None:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(600):
            sheet.write(b" " * 2**20)
    assert len(target.getvalue()) < 10**6
    with pytest.raises(SpreadsheetUnreadable, match="展开后过大"):
        ParsedSheet(target.getvalue())


def test_too_many_rows_are_refused() -> None:
    data = ("项目编号,项目名称\n" + "".join(f"A{n},x\n" for n in range(50_001))).encode()
    with pytest.raises(SpreadsheetUnreadable, match="最多导入 50000 行"):
        ParsedSheet(data)


def test_progress_is_told_up_to_the_last_row(filled: Database) -> None:
    told: list[tuple[int, int]] = []
    data = as_csv(*((f"A{n}", f"项目{n}", "1", "2", "") for n in range(1200)))
    with ParsedSheet(data) as sheet, filled.reading() as db:
        preview_import(db, PROJECTS, sheet, lambda done, total: told.append((done, total)))
    assert told == [(500, 1200), (1000, 1200), (1200, 1200)]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("investment_min_yuan", "8.5", 85_000),
        ("investment_min_yuan", "8.5万", 85_000),
        ("investment_min_yuan", "８５０００元", 85_000),
        ("monthly_cost_yuan", "1.2万元", 12_000),
        ("monthly_cost_yuan", "12,000", 12_000),
        ("staff_min", "2 人", 2),
        ("valid_until", "2027年12月31日", date(2027, 12, 31)),
        ("valid_until", "2027/1/5", date(2027, 1, 5)),
        ("valid_until", "46388", date(2027, 1, 1)),
        ("industry_code", "H62", "62"),
        ("industry_code", "餐饮业", "62"),
        ("risk_level", "较高", 3),
        ("groups", "残疾人，大学生;残疾人", ("graduate", "disabled")),
        ("remote_capable", "是", True),
        ("skills", " 做饭 、、 算账 ", ("做饭", "算账")),
    ],
)
def test_cells_are_read_as_people_write_them(name: str, text: str, value: Any) -> None:
    assert COLUMNS_BY_NAME[name].read(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("investment_min_yuan", "3-5"),
        ("investment_min_yuan", "0.00001"),
        ("investment_min_yuan", "1e5"),
        ("investment_min_yuan", "9" * 40),
        ("staff_min", "2万"),
        ("staff_min", "1.5"),
        ("valid_until", "2027-02-30"),
        ("valid_until", "99999999999"),
        ("industry_code", "98"),
        ("industry_code", "A62"),
        ("industry_code", "62 零售业"),
        ("risk_level", "4"),
        ("remote_capable", "也许"),
        ("contact_phone", "打微信"),
        ("title", "长" * 61),
    ],
)
def test_cells_that_make_no_sense_are_refused(name: str, text: str) -> None:
    with pytest.raises(CellUnreadable):
        COLUMNS_BY_NAME[name].read(text)


@given(st.text(max_size=60))
def test_no_text_breaks_a_column(text: str) -> None:
    for column in PROJECT_COLUMNS:
        try:
            value = column.read(text)
        except CellUnreadable:
            continue
        assert column.read(column.write(value)) == value


@given(st.integers(0, 10**9))
def test_money_survives_being_written_in_wan(yuan: int) -> None:
    column = Column("x", "投资", ColumnKind.YUAN, unit=Unit.WAN, empty=None)
    assert column.read(column.write(yuan)) == yuan
