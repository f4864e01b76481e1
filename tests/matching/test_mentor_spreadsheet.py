from datetime import UTC, date, datetime

import pytest

from audit.log import Actor, ActorKind, events_of
from matching.mentors.columns import MENTOR_COLUMNS, mentor_conflicts
from matching.mentors.facts import MentorState
from matching.mentors.mentor import find_mentor
from matching.mentors.pack import load_mentors
from matching.mentors.spreadsheet import MENTORS
from matching.mentors.term import TermChangeRefused, dismiss, pause, renew, resume
from matching.projects.editing import Editor
from matching.spreadsheets.column import CellUnreadable
from storage.database import Database

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
TODAY = date(2026, 3, 2)
EDITOR = Editor(Actor(ActorKind.ACCOUNT, "1", "administrator"), "管理员", NOW)
BY_NAME = {column.name: column for column in MENTOR_COLUMNS}
CELLS = {
    "code": "d0001",
    "name": "张三",
    "term_start_on": "2026-01-01",
    "term_end_on": "2028-12-31",
    "topics": "财务税务、创业贷款",
    "industries": "62 餐饮业；66",
    "slots": "周三14:00-16:00；周六 9-12",
    "pauses": "2026-07-01 至 2026-07-31",
    "franchises": "QH0001、QH0002",
    "streets": "东街街道",
}


def row() -> dict[str, object]:
    empty = {c.name: c.empty for c in MENTOR_COLUMNS if not c.read_only}
    return empty | {name: BY_NAME[name].read(text) for name, text in CELLS.items()}


def test_every_sample_can_be_written_and_read_back(database: Database) -> None:
    with database.writing() as db:
        load_mentors(db, NOW, TODAY)
        for record in MENTORS.records(db):
            for column in MENTOR_COLUMNS:
                written = column.write(getattr(record, column.name))
                if not column.read_only:
                    assert column.write(column.read(written)) == written, column.name


def test_a_new_mentor_is_taken_in_and_changed_by_code(database: Database) -> None:
    with database.writing() as db:
        MENTORS.insert(db, [row()], EDITOR)
    with database.reading() as db:
        mentor = find_mentor(db, "D0001")
        mentor.check()
        facts = mentor.facts()
    assert facts.topics == ("财务税务", "创业贷款")
    assert facts.industries == ("62", "66")
    assert facts.conflicts.franchises == {"QH0001", "QH0002"}
    assert facts.pauses == ((date(2026, 7, 1), date(2026, 7, 31)),)
    assert mentor.serves_on(TODAY)
    with database.writing() as db:
        MENTORS.update(db, {"D0001": {"franchises": (), "concurrent_cap": 4}}, EDITOR)
    with database.reading() as db:
        stored = MENTORS.stored(db, ["D0001", "D9"])
        assert set(stored) == {"D0001"}
        assert stored["D0001"].contents["concurrent_cap"] == "4"
        assert stored["D0001"].contents["franchises"] == ""
        actions = [event.action for event, _ in events_of(db, "mentor:D0001")]
    assert actions == ["mentor.added", "mentor.changed"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("topics", "算命", "没有“算命”这个主题"),
        (
            "topics",
            "、".join(
                ["选项目", "商业计划", "开业手续", "创业贷款", "融资股权", "财务税务", "补贴政策"]
            ),
            "最多 6 个",
        ),
        ("industries", "炼丹业", "GB/T 4754"),
        ("slots", "周三下午", "看不懂时段"),
        ("pauses", "七月", "请写成"),
        ("pauses", "2026-07-31 至 2026-07-01", "不能早于"),
        ("phone", "没有", "电话"),
        ("code", "编 号", "编号只能用"),
    ],
)
def test_a_cell_that_makes_no_sense_says_what_to_write(name: str, text: str, message: str) -> None:
    with pytest.raises(CellUnreadable, match=message):
        BY_NAME[name].read(text)


def test_fields_that_contradict_each_other_are_named() -> None:
    wrong = mentor_conflicts(
        {"term_start_on": date(2027, 1, 1), "term_end_on": TODAY, "online": False, "onsite": False}
    )
    assert set(wrong) == {"term_end_on", "onsite"}
    assert mentor_conflicts(row()) == {}


def test_appointments_are_renewed_paused_and_ended_on_record(database: Database) -> None:
    with database.writing() as db:
        MENTORS.insert(db, [row()], EDITOR)
        mentor = find_mentor(db, "D0001")
        pause(db, mentor, EDITOR)
        assert not mentor.serves_on(TODAY)
        with pytest.raises(TermChangeRefused, match="在聘"):
            pause(db, mentor, EDITOR)
        resume(db, mentor, EDITOR)
        with pytest.raises(TermChangeRefused, match="恢复"):
            resume(db, mentor, EDITOR)
        with pytest.raises(TermChangeRefused, match="晚于"):
            renew(db, mentor, TODAY, EDITOR)
        renew(db, mentor, date(2031, 12, 31), EDITOR)
        assert (mentor.term_end_on, mentor.renewals) == (date(2031, 12, 31), 1)
        with pytest.raises(TermChangeRefused, match="理由"):
            dismiss(db, mentor, " ", EDITOR, TODAY)
        dismiss(db, mentor, "本人申请", EDITOR, TODAY)
        assert mentor.state is MentorState.DISMISSED
        with pytest.raises(TermChangeRefused, match="已经解聘"):
            dismiss(db, mentor, "再一次", EDITOR, TODAY)
        with pytest.raises(TermChangeRefused, match="重新聘任"):
            renew(db, mentor, date(2032, 1, 1), EDITOR)
