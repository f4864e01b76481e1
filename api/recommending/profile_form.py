"""The form of “我的情况”: a field for each fact, filled in as people say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.input import Text
from matching.profile.amount import find_amounts
from matching.profile.money_said import MOST_YUAN
from matching.profile.profile import KEY_NAMES, RISK_WORDS
from matching.projects.facts import PREMISES_NAMES, PremisesKind
from matching.recommending.project_table import INTERESTS, SKILLS
from matching.target_group import GROUP_NAMES

LONGEST_PLACE = 20
HOURS = {
    "50": "全职",
    "40": "白天都有空",
    "30": "晚上和周末",
    "20": "每天半天",
    "15": "只有晚上或周末",
}


class Input(StrEnum):
    """How a fact is entered."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    CHOICES = "choices"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what is asked, how it is entered, and the answers to choose from."""

    key: str
    name: str
    kind: Input
    answers: Mapping[str, str]
    hint: str = ""


def _field(
    key: str, kind: Input, answers: Mapping[str, str] | None = None, hint: str = ""
) -> Field:
    return Field(key, KEY_NAMES[key], kind, answers or {}, hint)


def _same(labels: tuple[str, ...]) -> dict[str, str]:
    return {label: label for label in labels}


FIELDS = (
    _field("budget_yuan", Input.TEXT, hint="像平常说话那样写，如：5万、三五万、8000元。"),
    _field("premises", Input.CHOICE, {k.value: n for k, n in PREMISES_NAMES.items()}
           | {PremisesKind.NONE.value: "没有场地，也不想租"}),
    _field("premises_m2", Input.NUMBER, hint="平方米，只填数字。"),
    _field("street", Input.TEXT, hint="街道、村镇或大家都知道的地名，不用写门牌号。"),
    _field("people", Input.NUMBER, hint="连您自己在内。"),
    _field("hours", Input.CHOICE, HOURS),
    _field("risk", Input.CHOICE, {str(level): words for level, words in RISK_WORDS.items()}),
    _field("payback_months", Input.NUMBER, hint="几个月，只填数字。"),
    _field("skills", Input.CHOICES, _same(SKILLS)),
    _field("interests", Input.CHOICES, _same(INTERESTS)),
    _field("groups", Input.CHOICES, {g.value: name for g, name in GROUP_NAMES.items()}),
)  # fmt: skip
_RANGES = {"premises_m2": (0, 10**7), "people": (1, 100), "payback_months": (1, 600)}


class ProfileForm(BaseModel):
    """What the person sent; a field that makes no sense changes nothing."""

    model_config = ConfigDict(extra="ignore")

    budget_yuan: Text = ""
    premises: Text = ""
    premises_m2: Text = ""
    street: Text = ""
    people: Text = ""
    hours: Text = ""  # one that is no answer of ours is left as it was said
    risk: Text = ""
    payback_months: Text = ""
    skills: list[Text] = []
    interests: list[Text] = []
    groups: list[Text] = []

    def facts(self) -> dict[str, Any]:
        """Return fact key -> value; None where a field was left empty."""
        facts: dict[str, Any] = {"street": self.street.strip()[:LONGEST_PLACE] or None}
        if not self.budget_yuan.strip():
            facts["budget_yuan"] = None
        elif (yuan := read_yuan(self.budget_yuan)) is not None:
            facts["budget_yuan"] = yuan
        for field in FIELDS:
            sent = getattr(self, field.key)
            if field.kind is Input.CHOICES:
                facts[field.key] = [label for label in field.answers if label in sent] or None
            elif field.kind is Input.CHOICE and (sent == "" or sent in field.answers):
                facts[field.key] = (int(sent) if sent.isdecimal() else sent) if sent else None
            elif field.kind is Input.NUMBER and not sent.strip():
                facts[field.key] = None
            elif field.kind is Input.NUMBER and (value := _number(field.key, sent)) is not None:
                facts[field.key] = value
        return facts


def read_yuan(text: str) -> int | None:
    """Read a sum as people write it: 5万, 三五万, 8000, 8000元; None when it is none."""
    text = text.strip()
    if text.isdecimal() and len(text) < 11:
        return int(text)
    sums = [amount for amount in find_amounts(text) if not amount.is_area]
    return int(sums[0].value) if sums and sums[0].value <= MOST_YUAN else None


def _number(key: str, text: str) -> int | None:
    least, most = _RANGES[key]
    text = text.strip()
    if not text.isdecimal() or len(text) > 8:
        return None
    return int(text) if least <= int(text) <= most else None
