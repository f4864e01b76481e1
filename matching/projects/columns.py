"""The fields of a project as people fill them in: for forms, spreadsheets and history."""

from typing import Any

from matching.industry import IndustryUnknown, division_name, read_industry
from matching.projects.facts import (
    HOURS_NAMES,
    KIND_NAMES,
    PREMISES_NAMES,
    RISK_NAMES,
    PremisesKind,
    ProjectKind,
    WorkingHours,
)
from matching.projects.origin import CHANNEL_NAMES, RIGHT_NAMES, SUPPORT_NAMES
from matching.projects.state import STATE_NAMES
from matching.spreadsheets.column import (
    CellUnreadable,
    Column,
    ColumnKind,
    Unit,
    read_code,
    read_phone,
)
from matching.target_group import GROUP_NAMES

LINE, PARAGRAPH = ColumnKind.LINE, ColumnKind.PARAGRAPH
WHOLE, YUAN, DAY = ColumnKind.WHOLE, ColumnKind.YUAN, ColumnKind.DAY
CHOICE, CHOICES, WORDS = ColumnKind.CHOICE, ColumnKind.CHOICES, ColumnKind.WORDS
MONTHS = {str(month): f"{month}月" for month in range(1, 13)}


def _read_industry(text: str) -> str:
    try:
        return read_industry(text)
    except IndustryUnknown as error:
        raise CellUnreadable(str(error).rstrip("。")) from error


def _write_industry(code: str) -> str:
    return f"{code} {division_name(code)}" if len(code) == 2 else code


def _read_risk(text: str) -> int:
    for level, name in RISK_NAMES.items():
        if text in {str(level), name}:
            return level
    raise CellUnreadable("只能填 1（较低）、2（中等）或 3（较高）")


def _write_risk(level: Any) -> str:
    return str(level)


def _text(name: str, label: str, help_text: str, longest: int = 1000) -> Column:
    return Column(name, label, PARAGRAPH, "详细说明", longest=longest, help=help_text)


def _number(name: str, label: str, unit: Unit, section: str, most: int, text: str = "") -> Column:
    kind = YUAN if unit in {Unit.WAN, Unit.YUAN} else WHOLE
    return Column(name, label, kind, section, unit=unit, empty=None, most=most, help=text)


BASICS, MONEY, PLACE, PEOPLE = "基本情况", "投入与收益", "场地与时间", "人员与适合人群"
RISK, ORIGIN, CARE = "风险", "来源与联系", "有效期与成效"
BILLION = 1_000_000_000
PROJECT_COLUMNS: tuple[Column, ...] = (
    Column(
        "code",
        "项目编号",
        LINE,
        BASICS,
        required=True,
        reader=read_code,
        example="QH0001",
        help="同一编号再次导入即为更新；编号定了就不要改。",
    ),
    Column("title", "项目名称", LINE, BASICS, required=True, longest=60, example="社区早餐车"),
    Column(
        "summary", "一句话简介", LINE, BASICS, longest=120, help="不超过 120 字，说清卖什么、给谁。"
    ),
    Column("kind", "项目类型", CHOICE, BASICS, choices=KIND_NAMES, empty=ProjectKind.GRASSROOTS),
    Column(
        "industry_code",
        "行业",
        LINE,
        BASICS,
        reader=_read_industry,
        writer=_write_industry,
        example="62 餐饮业",
        help="GB/T 4754-2017 大类代码，可带名称。",
    ),
    Column("industry_label", "本地行业叫法", LINE, BASICS, longest=20, example="早餐"),
    _number(
        "investment_min_yuan",
        "投资下限",
        Unit.WAN,
        MONEY,
        BILLION,
        "开办投入：装修、设备、押金、首批进货，不含周转金。",
    ),
    _number("investment_max_yuan", "投资上限", Unit.WAN, MONEY, BILLION),
    _number(
        "monthly_profit_min_yuan",
        "月净利下限",
        Unit.YUAN,
        MONEY,
        BILLION,
        "经营稳定以后，扣除全部支出，不扣本人工资。",
    ),
    _number("monthly_profit_max_yuan", "月净利上限", Unit.YUAN, MONEY, BILLION),
    _number(
        "monthly_cost_yuan",
        "每月支出",
        Unit.YUAN,
        MONEY,
        BILLION,
        "房租、雇工、进货、水电等，按刚开业时的规模。",
    ),
    _number(
        "reserve_months", "周转月数", Unit.MONTHS, MONEY, 60, "生意还没起来、要靠自己垫钱的月数。"
    ),
    _number("payback_months", "回收期", Unit.MONTHS, MONEY, 240),
    Column("basis_text", "测算依据", PARAGRAPH, MONEY, longest=500),
    Column("basis_on", "测算日期", DAY, MONEY, empty=None),
    Column(
        "premises_kind", "场地类型", CHOICE, PLACE, choices=PREMISES_NAMES, empty=PremisesKind.NONE
    ),
    _number("premises_min_m2", "场地最小面积", Unit.M2, PLACE, 10_000_000),
    _number("premises_max_m2", "场地最大面积", Unit.M2, PLACE, 10_000_000),
    Column(
        "streets", "适合的街道", WORDS, PLACE, empty=(), longest=400, help="留空表示全区都可以。"
    ),
    Column(
        "season_months", "经营月份", CHOICES, PLACE, choices=MONTHS, empty=(), help="留空表示全年。"
    ),
    Column("remote_capable", "可以远程做", ColumnKind.YES_NO, PLACE, empty=False),
    Column("hours", "时间要求", CHOICE, PLACE, choices=HOURS_NAMES, empty=WorkingHours.FULL),
    _number("staff_min", "最少人手", Unit.PEOPLE, PEOPLE, 10_000, "含本人。"),
    _number("staff_max", "最多人手", Unit.PEOPLE, PEOPLE, 10_000),
    _number("jobs", "带动就业", Unit.PEOPLE, PEOPLE, 10_000),
    Column("groups", "适合人群", CHOICES, PEOPLE, choices=GROUP_NAMES, empty=()),
    Column("skills", "要会什么", WORDS, PEOPLE, empty=(), longest=300, help="用顿号隔开。"),
    Column("equipment", "主要设备", WORDS, PEOPLE, empty=(), longest=300),
    _text("suits_text", "适合什么样的人", "性格、经验、体力、时间上的要求。"),
    _text("activity_text", "做什么", "卖什么、给谁、每天怎么做。"),
    _text("earnings_text", "怎么赚钱", "单价、毛利、每天的量。"),
    _text("permits_text", "手续和证照", "要办哪些登记、许可、证件，到哪里办。"),
    _text("costs_text", "第一年的钱花在哪", "主要的几笔。"),
    _text("market_text", "市场前景", "本地有多少需求，谁在做。"),
    Column(
        "risk_level",
        "风险等级",
        CHOICE,
        RISK,
        choices={str(k): v for k, v in RISK_NAMES.items()},
        empty=None,
        reader=_read_risk,
        writer=_write_risk,
        help="1 较低、2 中等、3 较高。",
    ),
    Column(
        "risk_text", "主要风险", PARAGRAPH, RISK, longest=1000, help="没有写风险的项目不能发布。"
    ),
    Column("success_text", "做成的条件", PARAGRAPH, RISK, longest=1000),
    Column("failure_text", "什么情况下会失败", PARAGRAPH, RISK, longest=1000),
    Column(
        "policy_topics", "相关政策", WORDS, ORIGIN, empty=(), longest=200, example="创业担保贷款"
    ),
    Column("holder_name", "项目持有人", LINE, ORIGIN, longest=100),
    Column("holder_right", "持有权利", CHOICE, ORIGIN, choices=RIGHT_NAMES, empty=None),
    Column(
        "holder_papers",
        "权属材料",
        LINE,
        ORIGIN,
        longest=300,
        help="营业执照、代理协议的编号和到期日。",
    ),
    Column("holder_support", "持有人能提供", CHOICES, ORIGIN, choices=SUPPORT_NAMES, empty=()),
    Column("contact_name", "联系人", LINE, ORIGIN, longest=40, personal=True),
    Column("contact_phone", "联系电话", LINE, ORIGIN, reader=read_phone, personal=True),
    Column("source_channel", "来源渠道", CHOICE, ORIGIN, choices=CHANNEL_NAMES, empty=None),
    Column("recommended_by", "推荐单位", LINE, ORIGIN, longest=100),
    Column("valid_until", "有效期至", DAY, CARE, empty=None, help="过了这一天就不再推荐。"),
    Column("last_verified_on", "最近核实日期", DAY, CARE, empty=None),
    Column("next_review_on", "下次复核日期", DAY, CARE, empty=None),
    Column("adopted_count", "签约采用", WHOLE, CARE, unit=Unit.TIMES, empty=0, most=1_000_000),
    Column(
        "survived_6_months", "满6个月仍经营", WHOLE, CARE, unit=Unit.TIMES, empty=0, most=1_000_000
    ),
    Column(
        "survived_12_months",
        "满12个月仍经营",
        WHOLE,
        CARE,
        unit=Unit.TIMES,
        empty=0,
        most=1_000_000,
    ),
    Column("state", "状态", CHOICE, CARE, choices=STATE_NAMES, read_only=True),
)
COLUMNS_BY_NAME = {column.name: column for column in PROJECT_COLUMNS}
CONTENT_COLUMNS = tuple(column for column in PROJECT_COLUMNS if not column.read_only)

PAIRS = (
    ("investment_min_yuan", "investment_max_yuan"),
    ("monthly_profit_min_yuan", "monthly_profit_max_yuan"),
    ("premises_min_m2", "premises_max_m2"),
    ("staff_min", "staff_max"),
    ("last_verified_on", "next_review_on"),
    ("survived_12_months", "survived_6_months"),
    ("survived_6_months", "adopted_count"),
)


def conflicts(values: dict[str, Any]) -> dict[str, str]:
    """Return field name -> what is wrong where two fields contradict each other."""
    found = {}
    for low, high in PAIRS:
        first, second = values.get(low), values.get(high)
        if first is not None and second is not None and first > second:
            label = COLUMNS_BY_NAME[low].label
            found[high] = f"不能小于“{label}”" if isinstance(first, int) else f"不能早于“{label}”"
    return found


def contents_of(record: object) -> dict[str, str]:
    """Return the content of a project as texts, by column name: for history and comparison."""
    return {column.name: column.write(getattr(record, column.name)) for column in CONTENT_COLUMNS}
