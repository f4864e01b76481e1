"""What computation knows of a mentor and of a need for one: plain frozen values.

Gender, ethnicity and age are left out on purpose: what is not here cannot be scored.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

NOTHING: frozenset[str] = frozenset()
PUTONGHUA = "普通话"


class MentorCategory(StrEnum):
    """The three categories of local rules (Hunan 2025, Shaoyang 2025)."""

    INDUSTRY = "industry"  # 产业技术
    MANAGEMENT = "management"  # 经营管理
    FINANCE = "finance"  # 金融经济


class MentorOrigin(StrEnum):
    """Where a mentor's experience comes from."""

    ENTREPRENEUR = "entrepreneur"  # 企业家、创业者
    EXECUTIVE = "executive"  # 企业高管
    INVESTOR = "investor"  # 投资、金融从业者
    LAWYER = "lawyer"  # 律师、会计师等专业人员
    SCHOLAR = "scholar"  # 高校、科研院所
    OFFICIAL = "official"  # 机关事业单位
    ARTISAN = "artisan"  # 能工巧匠、种养能手


class MentorState(StrEnum):
    """Where a mentor stands; that a term ran out follows from its date."""

    CANDIDATE = "candidate"  # 待聘
    ACTIVE = "active"  # 在聘
    PAUSED = "paused"  # 暂停接受新学员
    DISMISSED = "dismissed"  # 已解聘


class Stage(StrEnum):
    """How far an entrepreneur is."""

    IDEA = "idea"  # 有想法
    PREPARING = "preparing"  # 筹备中
    OPENED = "opened"  # 已开业
    GROWING = "growing"  # 求发展


CATEGORY_NAMES = {
    MentorCategory.INDUSTRY: "产业技术",
    MentorCategory.MANAGEMENT: "经营管理",
    MentorCategory.FINANCE: "金融经济",
}
ORIGIN_NAMES = {
    MentorOrigin.ENTREPRENEUR: "企业家",
    MentorOrigin.EXECUTIVE: "企业高管",
    MentorOrigin.INVESTOR: "投资与金融从业者",
    MentorOrigin.LAWYER: "律师、会计师等专业人员",
    MentorOrigin.SCHOLAR: "高校与科研人员",
    MentorOrigin.OFFICIAL: "机关事业单位人员",
    MentorOrigin.ARTISAN: "能工巧匠与种养能手",
}
STATE_NAMES = {
    MentorState.CANDIDATE: "待聘",
    MentorState.ACTIVE: "在聘",
    MentorState.PAUSED: "暂停",
    MentorState.DISMISSED: "已解聘",
}
STAGE_NAMES = {
    Stage.IDEA: "有想法",
    Stage.PREPARING: "筹备中",
    Stage.OPENED: "已开业",
    Stage.GROWING: "求发展",
}


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Declared interests that bar a mentor from a person or a project."""

    companies: frozenset[str] = NOTHING  # owned or run
    investments: frozenset[str] = NOTHING  # companies invested in
    franchises: frozenset[str] = NOTHING  # codes of projects the mentor sells
    relatives: frozenset[str] = NOTHING  # names or person references
    units: frozenset[str] = NOTHING  # places of work, now and before


@dataclass(frozen=True, slots=True)
class Load:
    """What a mentor carries at a moment."""

    held: int = 0  # open proposals and running pairings
    new_this_week: int = 0
    new_this_year: int = 0


@dataclass(frozen=True, slots=True)
class MentorFacts:
    """One mentor as the rules and the scores see her or him.

    `topics` and `industries` stand in the mentor's own order, strongest first.
    `half_hours` are those of a week, 0 (Monday 0:00) to 335; empty means by arrangement.
    No `streets` means the whole district. `rating` (0 to 1) and `acceptance` (0 to 1)
    are shrunk towards the mean of all, so that a new mentor starts at the mean.
    """

    code: str
    name: str
    category: MentorCategory
    origin: MentorOrigin
    state: MentorState
    term_start_on: date
    term_end_on: date
    concurrent_cap: int
    yearly_cap: int
    weekly_cap: int
    load: Load = Load()
    topics: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    stages: frozenset[Stage] = frozenset()  # welcome ones; none means all
    streets: frozenset[str] = NOTHING
    languages: frozenset[str] = frozenset({PUTONGHUA})
    half_hours: frozenset[int] = frozenset()
    online: bool = True
    onsite: bool = True
    asynchronous: bool = False  # answers by message outside the slots
    guides_minors: bool = False
    pauses: tuple[tuple[date, date], ...] = ()  # first and last day of each
    conflicts: Conflicts = Conflicts()
    rating: float = 0.5
    acceptance: float = 0.5
    sample: bool = False

    @property
    def free_seats(self) -> int:
        """How many more may be proposed now, under all three caps."""
        return max(
            0,
            min(
                self.concurrent_cap - self.load.held,
                self.yearly_cap - self.load.new_this_year,
                self.weekly_cap - self.load.new_this_week,
            ),
        )


@dataclass(frozen=True, slots=True)
class MentorNeed:
    """One person's need for a mentor as the rules and the scores see it.

    Empty fields are unknown and exclude nobody. `refused` are codes of mentors with whom
    this need was already tried and ended, `reviewers` of those who judged the person's
    application. `groups` of the person (hard to employ, disabled, returned...) only raise
    the priority, never the fit.
    """

    code: str
    person: str = ""
    person_name: str = ""
    topics: tuple[str, ...] = ()
    industry: str = ""
    stage: Stage | None = None
    street: str = ""
    languages: frozenset[str] = NOTHING
    half_hours: frozenset[int] = frozenset()
    online: bool = True
    onsite: bool = True
    asynchronous: bool = False
    minor: bool = False
    groups: frozenset[str] = NOTHING
    unit: str = ""
    companies: frozenset[str] = NOTHING
    projects: frozenset[str] = NOTHING  # codes of the projects the person looks at
    refused: frozenset[str] = NOTHING
    reviewers: frozenset[str] = NOTHING
    known_mentors: frozenset[str] = NOTHING  # worked well together before
    wishes: tuple[str, ...] = ()  # codes of mentors asked for, dearest first
    waiting_days: int = 0
    rounds: int = 0  # proposals that came to nothing


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """What one hard rule says of one pair."""

    ok: bool
    code: str
    message: str = field(default="")
