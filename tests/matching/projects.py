"""Projects for tests: a small library to read, and large ones drawn at random."""

from datetime import date
from typing import Any

import numpy as np

from matching.projects.facts import PremisesKind, ProjectFacts, WorkingHours
from matching.projects.state import ProjectState
from matching.target_group import TargetGroup

DAY = date(2026, 11, 22)
RISK = "房租和客流是最大的风险。租约到期可能涨租。"


def project(code: str, title: str, industry: str, **fields: Any) -> ProjectFacts:
    values: dict[str, Any] = {
        "code": code,
        "title": title,
        "state": ProjectState.PROMOTED,
        "industry_code": industry,
        "investment_min_yuan": 20_000,
        "investment_max_yuan": 40_000,
        "monthly_cost_yuan": 4_000,
        "reserve_months": 2,
        "payback_months": 12,
        "staff_min": 1,
        "risk_level": 2,
        "risk_text": RISK,
        "failure_text": "位置选错，三个月没有回头客就该停。",
        "valid_until": date(2027, 12, 31),
    }
    return ProjectFacts(**(values | fields))


LIBRARY = (
    project("P01", "社区早餐车", "62", industry_label="早餐", skills=("做饭",), premises_kind=PremisesKind.STALL,
            investment_min_yuan=15_000, investment_max_yuan=30_000, groups=(TargetGroup.LAID_OFF, TargetGroup.WOMAN, TargetGroup.VETERAN)),
    project("P02", "家常小炒店", "62", industry_label="小餐饮", skills=("炒菜",), premises_kind=PremisesKind.SHOP,
            premises_min_m2=30, investment_min_yuan=60_000, investment_max_yuan=100_000, staff_min=2, risk_level=3),
    project("P03", "家庭烘焙工作室", "14", industry_label="烘焙", skills=("烘焙",), premises_kind=PremisesKind.HOME,
            hours=WorkingHours.PART, risk_level=1, investment_max_yuan=25_000),
    project("P04", "电动车维修点", "81", industry_label="维修", skills=("修电动车",), premises_kind=PremisesKind.SHOP, premises_min_m2=15),
    project("P05", "林下养鸡", "03", industry_label="养殖", premises_kind=PremisesKind.FIELD, premises_min_m2=3000,
            payback_months=24, streets=("南山镇",), groups=(TargetGroup.RETURNEE, TargetGroup.FARMER)),
    project("P06", "社区团购取货点", "52", industry_label="零售", premises_kind=PremisesKind.SHOP, risk_level=1, premises_min_m2=10),
    project("P07", "无人机飞防", "05", industry_label="农业服务", skills=("无人机驾驶",), investment_min_yuan=80_000,
            investment_max_yuan=150_000, risk_level=3, premises_kind=PremisesKind.VEHICLE),
    project("P08", "短视频拍摄", "87", industry_label="摄影", skills=("剪辑",), remote_capable=True, hours=WorkingHours.PART,
            premises_kind=PremisesKind.NONE, investment_min_yuan=8_000, investment_max_yuan=20_000, monthly_cost_yuan=500),
)  # fmt: skip


def random_library(seed: int, size: int) -> tuple[ProjectFacts, ...]:
    rng = np.random.default_rng(seed)
    skills = ("做饭", "烘焙", "修车", "电工", "会计", "直播", "养猪", "")
    kinds, groups = list(PremisesKind), list(TargetGroup)
    industries = [
        f"{number:02d}"
        for number in (1, 3, 13, 18, 24, 39, 50, 52, 54, 59, 61, 62, 64, 65, 72, 80, 81, 83, 85, 88)
    ]
    found = []
    for i in range(size):
        low = int(rng.integers(1, 30)) * 10_000
        skill = skills[rng.integers(len(skills))]
        found.append(
            project(
                f"R{i:05d}", f"项目{i}", industries[rng.integers(len(industries))],
                investment_min_yuan=low if rng.random() > 0.05 else None,
                investment_max_yuan=low * 2,
                monthly_cost_yuan=int(rng.integers(1, 20)) * 1_000,
                reserve_months=int(rng.integers(0, 6)),
                payback_months=int(rng.integers(3, 40)) if rng.random() > 0.1 else None,
                staff_min=int(rng.integers(1, 6)),
                risk_level=int(rng.integers(1, 4)),
                premises_kind=kinds[rng.integers(len(kinds))],
                premises_min_m2=int(rng.integers(5, 200)),
                skills=(skill,) if skill else (),
                groups=tuple({groups[j] for j in rng.integers(len(groups), size=rng.integers(0, 5))}),
                hours=WorkingHours.FULL if rng.random() > 0.3 else WorkingHours.PART,
                streets=("甲街道",) if rng.random() > 0.8 else (),
            )
        )  # fmt: skip
    return tuple(found)
