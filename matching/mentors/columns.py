"""The fields of a mentor as people fill them in: for spreadsheets and forms."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from matching.industry import IndustryUnknown, division_name, read_industry
from matching.mentors.facts import (
    CATEGORY_NAMES,
    ORIGIN_NAMES,
    STAGE_NAMES,
    STATE_NAMES,
    MentorCategory,
    MentorOrigin,
)
from matching.mentors.mentor import MOST_INDUSTRIES, MOST_TOPICS
from matching.mentors.topics import topic_names
from matching.mentors.weekly_slots import SlotUnreadable, parse_slots
from matching.spreadsheets.column import (
    CellUnreadable,
    Column,
    ColumnKind,
    parts_of,
    read_code,
    read_phone,
)

LINE, PARAGRAPH, WHOLE = ColumnKind.LINE, ColumnKind.PARAGRAPH, ColumnKind.WHOLE
DAY, CHOICE, CHOICES = ColumnKind.DAY, ColumnKind.CHOICE, ColumnKind.CHOICES
WORDS, YES_NO = ColumnKind.WORDS, ColumnKind.YES_NO
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

PERSON, TERM, CAPS = "基本情况", "聘期", "名额与服务"
FIELD, TIME, INTERESTS = "擅长", "时间与方式", "利益申报"
CONFLICT_KINDS = ("companies", "investments", "franchises", "relatives", "units")


def _read_topics(text: str) -> tuple[str, ...]:
    topics = parts_of(text)
    if unknown := [topic for topic in topics if topic not in topic_names()]:
        raise CellUnreadable(f"没有“{unknown[0][:20]}”这个主题，可填：{'、'.join(topic_names())}")
    if len(topics) > MOST_TOPICS:
        raise CellUnreadable(f"最多 {MOST_TOPICS} 个，最擅长的写在最前")
    return tuple(topics)


def _read_industries(text: str) -> tuple[str, ...]:
    try:
        codes = tuple(dict.fromkeys(read_industry(part)[:2] for part in parts_of(text)))
    except IndustryUnknown as error:
        raise CellUnreadable(str(error).rstrip("。")) from error
    if len(codes) > MOST_INDUSTRIES:
        raise CellUnreadable(f"最多 {MOST_INDUSTRIES} 个")
    return codes


def _write_industries(codes: Any) -> str:
    # Some names hold 、 themselves: the codes alone are read back for certain.
    named = (f"{code} {division_name(code)}" for code in codes)
    return "；".join(one if "、" not in one else one[:2] for one in named)


def _read_slots(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(slot) for slot in parse_slots(text))
    except SlotUnreadable as error:
        raise CellUnreadable(str(error).rstrip("。")) from error


def _read_pauses(text: str) -> tuple[tuple[str, str], ...]:
    pauses = []
    for part in parts_of(text):
        days = _DAY.findall(part)
        try:
            first, last = (date.fromisoformat(day) for day in days)
        except ValueError as error:
            raise CellUnreadable("请写成“2026-07-01 至 2026-07-31”，多段用分号隔开") from error
        if first > last:
            raise CellUnreadable("暂停的结束日期不能早于开始日期")
        pauses.append((first.isoformat(), last.isoformat()))
    return tuple(sorted(pauses))


def _write_pauses(pauses: Any) -> str:
    return "；".join(f"{first} 至 {last}" for first, last in pauses)


def _joined(values: Any) -> str:
    return "；".join(values)


def _words(name: str, label: str, section: str, text: str = "") -> Column:
    return Column(name, label, WORDS, section, empty=(), longest=400, help=text)


def _list(
    label: str,
    section: str,
    read: tuple[str, Callable[[str], Any], Callable[[Any], str]],
    text: str,
) -> Column:
    name, reader, writer = read
    return Column(name, label, LINE, section, empty=(), reader=reader, writer=writer, help=text)


def _yes(name: str, label: str, empty: bool) -> Column:
    return Column(name, label, YES_NO, TIME, empty=empty)


def _count(name: str, label: str, usual: int, most: int, text: str) -> Column:
    return Column(name, label, WHOLE, CAPS, empty=usual, least=0, most=most, help=text)


MENTOR_COLUMNS: tuple[Column, ...] = (
    Column(
        "code",
        "导师编号",
        LINE,
        PERSON,
        required=True,
        reader=read_code,
        example="D0001",
        help="同一编号再次导入即为更新；编号定了就不要改。",
    ),
    Column("name", "姓名", LINE, PERSON, required=True, longest=40),
    Column("gender", "性别", LINE, PERSON, longest=4, help="只用于登记，不影响匹配。"),
    Column(
        "born_on",
        "出生年月",
        DAY,
        PERSON,
        empty=None,
        personal=True,
        help="填当月 1 日，如 1975-06-01；只用于登记。",
    ),
    Column("ethnicity", "民族", LINE, PERSON, longest=20, help="只用于登记，不影响匹配。"),
    Column("title", "职称或职务", LINE, PERSON, longest=60),
    Column("degree", "学历", LINE, PERSON, longest=40),
    Column("work_unit", "工作单位", LINE, PERSON, longest=80, help="同单位的人不会与其结对。"),
    Column(
        "phone",
        "联系电话",
        LINE,
        PERSON,
        reader=read_phone,
        personal=True,
        help="只有接受带教并经本人同意后，学员才看得到。",
    ),
    Column(
        "category", "类别", CHOICE, PERSON, choices=CATEGORY_NAMES, empty=MentorCategory.MANAGEMENT
    ),
    Column("origin", "来源", CHOICE, PERSON, choices=ORIGIN_NAMES, empty=MentorOrigin.ENTREPRENEUR),
    Column("experience_years", "从业年数", WHOLE, PERSON, empty=0, least=0, most=70),
    Column(
        "introduction", "简介", PARAGRAPH, PERSON, longest=500, help="公开展示，请勿写联系方式。"
    ),
    Column("notes", "备注", PARAGRAPH, PERSON, longest=500),
    Column("state", "状态", CHOICE, TERM, choices=STATE_NAMES, read_only=True),
    Column("term_start_on", "聘期开始", DAY, TERM, required=True, example="2026-01-01"),
    Column("term_end_on", "聘期结束", DAY, TERM, required=True, example="2028-12-31"),
    Column("certificate_number", "聘书编号", LINE, TERM, longest=60),
    _count("concurrent_cap", "同时带教上限", 3, 50, "不填为 3 位。"),
    _count("yearly_cap", "每年新增上限", 5, 200, "不填为 5 位。"),
    _count("weekly_cap", "每周新增上限", 2, 50, "不填为 2 位。"),
    _count("duty_sessions", "每年至少指导次数", 10, 500, "不填为 10 次。"),
    _count("duty_minutes", "每次至少分钟数", 30, 480, "不填为 30 分钟。"),
    Column(
        "topics",
        "擅长主题",
        LINE,
        FIELD,
        required=True,
        empty=(),
        reader=_read_topics,
        writer="、".join,
        example="餐饮运营、选址装修",
        help=f"最多 {MOST_TOPICS} 个，最擅长的写在最前。可填：{'、'.join(topic_names())}。",
    ),
    _list(
        "熟悉行业",
        FIELD,
        ("industries", _read_industries, _write_industries),
        f"填行业代码或名称，如 62 餐饮业，最多 {MOST_INDUSTRIES} 个，用分号隔开。",
    ),
    Column(
        "stages",
        "愿意带的阶段",
        CHOICES,
        FIELD,
        choices=STAGE_NAMES,
        empty=(),
        help="不填表示都可以。",
    ),
    _words("streets", "服务街道", TIME, "写街道全称，用顿号隔开；不填表示服务全区。"),
    _words("languages", "语言和方言", TIME, "普通话不用写。"),
    _list(
        "每周时段",
        TIME,
        ("slots", _read_slots, _joined),
        "如“周三 14:00-16:00；周六上午9点到12点”；不填表示面议。",
    ),
    _list(
        "暂停日期",
        TIME,
        ("pauses", _read_pauses, _write_pauses),
        "如“2026-07-01 至 2026-07-31”，多段用分号隔开。",
    ),
    _yes("online", "可线上", True),
    _yes("onsite", "可线下", True),
    _yes("asynchronous", "可留言答复", False),
    _yes("guides_minors", "可指导未成年人", False),
    _words("companies", "本人的企业", INTERESTS),
    _words("investments", "投资的企业", INTERESTS),
    _words(
        "franchises",
        "推广的项目编号",
        INTERESTS,
        "填项目编号；考虑这些项目的人不会安排给这位导师。",
    ),
    _words("relatives", "亲属姓名", INTERESTS, "须回避的亲属。"),
    _words("units", "须回避的单位", INTERESTS, "工作单位不用重复写。"),
)


def mentor_conflicts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return field name -> what is wrong where two fields contradict each other."""
    found = {}
    start, end = values.get("term_start_on"), values.get("term_end_on")
    if start and end and start > end:
        found["term_end_on"] = "不能早于“聘期开始”"
    if not (values.get("online") or values.get("onsite")):
        found["onsite"] = "线上和线下至少选一种"
    return found
