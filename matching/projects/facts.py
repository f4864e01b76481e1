"""What computation knows of a project: plain frozen values, without holder and contact."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from matching.projects.state import PUBLISHED, ProjectState


class ProjectKind(StrEnum):
    """Kinds of local practice (Guangzhou 2009), and the plan's technology projects."""

    GRASSROOTS = "grassroots"  # 百姓创业
    IDEA = "idea"  # 金点子
    FRANCHISE = "franchise"  # 连锁加盟
    TECHNOLOGY = "technology"  # 科技项目


class PremisesKind(StrEnum):
    """What kind of place a project needs."""

    NONE = "none"
    HOME = "home"
    STALL = "stall"
    SHOP = "shop"
    WORKSHOP = "workshop"
    OFFICE = "office"
    FIELD = "field"
    VEHICLE = "vehicle"


class WorkingHours(StrEnum):
    """How much of one's time a project takes."""

    FULL = "full"
    PART = "part"


KIND_NAMES = {
    ProjectKind.GRASSROOTS: "百姓创业",
    ProjectKind.IDEA: "金点子",
    ProjectKind.FRANCHISE: "连锁加盟",
    ProjectKind.TECHNOLOGY: "科技项目",
}
PREMISES_NAMES = {
    PremisesKind.NONE: "无需专门场地",
    PremisesKind.HOME: "家里就能做",
    PremisesKind.STALL: "摊位",
    PremisesKind.SHOP: "店铺",
    PremisesKind.WORKSHOP: "作坊或厂房",
    PremisesKind.OFFICE: "办公室或工位",
    PremisesKind.FIELD: "田地、大棚或养殖场地",
    PremisesKind.VEHICLE: "车辆",
}
HOURS_NAMES = {WorkingHours.FULL: "全职", WorkingHours.PART: "可兼职"}
RISK_NAMES = {1: "较低", 2: "中等", 3: "较高"}


@dataclass(frozen=True, slots=True)
class CashNeed:
    """The money a person needs to get through the first year, and how it is reckoned.

    Opening investment at its upper end, plus the monthly costs of the months in which
    takings do not carry them yet.
    """

    investment_yuan: int
    monthly_cost_yuan: int
    reserve_months: int

    @property
    def total_yuan(self) -> int:
        """The sum."""
        return self.investment_yuan + self.monthly_cost_yuan * self.reserve_months

    @property
    def formula(self) -> str:
        """The sum written out for people."""
        return (
            f"投资上限 {in_wan(self.investment_yuan)} + 每月支出 {in_wan(self.monthly_cost_yuan)}"
            f" × {self.reserve_months} 个月（生意还没起来时的周转）= {in_wan(self.total_yuan)}"
        )


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """One project as the rules, the scores and the pages see it.

    Money is in yuan, area in m²; None means unknown. `groups` holds TargetGroup values
    and no group means that it suits everybody alike. No `streets` means the whole
    district, no `season_months` the whole year. `valid_until` is the last day.
    """

    code: str
    title: str
    state: ProjectState
    summary: str = ""
    kind: ProjectKind = ProjectKind.GRASSROOTS
    industry_code: str = ""  # GB/T 4754-2017: "62" or longer
    industry_label: str = ""  # what people here call it: 小餐饮
    investment_min_yuan: int | None = None
    investment_max_yuan: int | None = None
    monthly_profit_min_yuan: int | None = None
    monthly_profit_max_yuan: int | None = None
    monthly_cost_yuan: int | None = None
    reserve_months: int | None = None
    payback_months: int | None = None
    premises_kind: PremisesKind = PremisesKind.NONE
    premises_min_m2: int | None = None
    premises_max_m2: int | None = None
    staff_min: int | None = None
    staff_max: int | None = None
    jobs: int | None = None
    skills: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    hours: WorkingHours = WorkingHours.FULL
    remote_capable: bool = False
    streets: tuple[str, ...] = ()
    season_months: tuple[int, ...] = ()
    policy_topics: tuple[str, ...] = ()
    risk_level: int | None = None  # 1 low, 2 medium, 3 high
    activity_text: str = ""  # 做什么
    earnings_text: str = ""  # 怎么赚钱
    permits_text: str = ""  # 手续和证照
    costs_text: str = ""  # 第一年的钱花在哪
    market_text: str = ""  # 市场前景
    risk_text: str = ""  # 主要风险
    success_text: str = ""  # 做成的条件
    failure_text: str = ""  # 什么情况下会失败
    suits_text: str = ""  # 适合谁
    basis_text: str = ""  # 测算依据
    basis_on: date | None = None
    valid_until: date | None = None
    shipped: bool = False  # our own sample, not collected by the district

    @property
    def premises_m2(self) -> int | None:
        """The least area with which it can start."""
        return self.premises_min_m2

    @property
    def first_year_cash(self) -> CashNeed | None:
        """What the first year takes, or None while a part of the sum is unknown."""
        if (
            self.investment_max_yuan is None
            or self.monthly_cost_yuan is None
            or self.reserve_months is None
        ):
            return None
        return CashNeed(self.investment_max_yuan, self.monthly_cost_yuan, self.reserve_months)

    @property
    def search_text(self) -> str:
        """Everything a wish in plain words may meet, most telling first."""
        parts = (
            self.title,
            self.industry_label,
            self.summary,
            self.activity_text,
            self.earnings_text,
            self.suits_text,
            "、".join(self.skills),
        )
        return "\n".join(part for part in parts if part)

    def is_expired(self, on: date) -> bool:
        """Whether its last day is over."""
        return self.valid_until is not None and self.valid_until < on

    def is_recommendable(self, on: date) -> bool:
        """Whether it may be shown to the public and recommended on this day."""
        published = self.state in PUBLISHED and bool(self.risk_text.strip())
        return published and not self.is_expired(on)


def in_wan(yuan: int) -> str:
    """Write an amount the way people say it: 8.5万元 above ten thousand, 3000元 below."""
    if abs(yuan) < 10_000:
        return f"{yuan}元"
    return f"{yuan / 10_000:.2f}".rstrip("0").rstrip(".") + "万元"
