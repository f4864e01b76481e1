"""A person as the rules and the scores see them: plain frozen values, each possibly unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matching.profile.patterns import PATTERNS
from matching.projects.facts import PREMISES_NAMES, PremisesKind, in_wan
from matching.recommending.feedback import Decline
from matching.target_group import GROUP_NAMES, TargetGroup

FULL_TIME_HOURS = 35  # a week; with fewer somebody works part-time
RISK_WORDS = {1: "稳一点，怕赔钱", 2: "能冒一点险", 3: "敢冒险"}
KEY_NAMES = {
    "budget_yuan": "能拿出的钱",
    "skills": "会做什么",
    "experience": "干过什么",
    "interests": "想做什么",
    "avoids": "不想做什么",
    "groups": "身份",
    "street": "所在的地方",
    "premises": "场地",
    "premises_m2": "场地面积",
    "people": "几个人一起干",
    "hours": "每周能用的时间",
    "risk": "对风险的看法",
    "payback_months": "希望多久回本",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a person; None and empty mean unknown.

    Labels are those of said.yaml, groups are TargetGroup values, `premises` is what they
    have: NONE that they neither have nor want any, HOME that they want to work at home.
    """

    budget_yuan: int | None = None
    skills: tuple[str, ...] = ()
    experience: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    avoids: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    street: str = ""
    premises: PremisesKind | None = None
    premises_m2: int | None = None
    people: int | None = None
    hours: int | None = None  # a week
    risk: int | None = None  # 1 careful to 3 daring
    payback_months: int | None = None
    declined: tuple[Decline, ...] = ()
    seen: tuple[str, ...] = ()  # codes shown before, when other projects are asked for
    draw: str = ""  # of whom chance is drawn; empty: nothing is left to chance

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known."""
        return self == Profile(declined=self.declined, seen=self.seen, draw=self.draw)


def profile_of(facts: Mapping[str, Any], declined: tuple[Decline, ...] = ()) -> Profile:
    """Build a profile from facts; what is no fact of ours or has no sense is left out."""
    return Profile(
        budget_yuan=_whole(facts.get("budget_yuan"), 0, 10**9),
        skills=_labels(facts.get("skills")),
        experience=_labels(facts.get("experience")),
        interests=_labels(facts.get("interests")),
        avoids=_labels(facts.get("avoids")),
        groups=tuple(g for g in _labels(facts.get("groups")) if g in set(TargetGroup)),
        street=_text(facts.get("street")),
        premises=_premises(facts.get("premises")),
        premises_m2=_whole(facts.get("premises_m2"), 0, 10**7),
        people=_whole(facts.get("people"), 1, 100),
        hours=_whole(facts.get("hours"), 0, 100),
        risk=_whole(facts.get("risk"), 1, 3),
        payback_months=_whole(facts.get("payback_months"), 1, 600),
        declined=declined,
    )


def fact_in_words(key: str, value: Any) -> str:
    """Say a fact's value as people read it: 5万元, 大学生、妇女, 约 20 小时."""
    if key == "groups":
        return "、".join(GROUP_NAMES[TargetGroup(g)] for g in value if g in set(TargetGroup))
    if isinstance(value, list | tuple):
        return "、".join(map(str, value))
    if key == "premises" and _premises(value) is not None:
        kind = PremisesKind(value)
        return "没有场地，也不想租" if kind is PremisesKind.NONE else PREMISES_NAMES[kind]
    if key == "risk":
        return RISK_WORDS.get(value, "")
    if key == "budget_yuan":
        return in_wan(int(value))
    units = {"premises_m2": "平方米", "people": "个人", "hours": "小时", "payback_months": "个月"}
    return f"{value} {units[key]}" if key in units else str(value)


def told_in_words(key: str, value: Any) -> str:
    """Say a fact the way people say it of themselves: 有 5万元, 会烹饪, 在小寨."""
    words = fact_in_words(key, value)
    if key == "interests":
        return "想" + "、".join(w if w in PATTERNS.formats else f"做{w}" for w in value)
    if key == "premises":
        return words if value == PremisesKind.NONE else f"场地：{words}"
    lead = {
        "budget_yuan": "有 ",
        "skills": "会",
        "experience": "干过",
        "avoids": "不想做",
        "street": "在",
        "hours": "每周有 ",
        "payback_months": "想在 ",
        "premises_m2": "",
    }
    return f"{lead.get(key, '')}{words}{'内回本' if key == 'payback_months' else ''}"


def _whole(value: Any, least: int, most: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if least <= value <= most else None


def _labels(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(dict.fromkeys(item for item in value if isinstance(item, str)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _premises(value: Any) -> PremisesKind | None:
    return PremisesKind(value) if value in set(PremisesKind) else None
