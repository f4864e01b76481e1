"""Patterns of everyday speech, read once from patterns.yaml."""

import re
from importlib import resources
from typing import Any

from knowledge.yaml_text import read_yaml

_DATA: dict[str, Any] = read_yaml(
    (resources.files("assistant") / "patterns.yaml").read_text("utf-8")
)


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


ASKED: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, _any_of(patterns)) for name, patterns in _DATA["asked"].items()
)
FRAME = _any_of(_DATA["frame"])
DISTRESS = _any_of(_DATA["distress"])
ABUSE = _any_of(_DATA["abuse"])
ORDERS = _any_of(_DATA["orders"])
GREETING = re.compile(f"(?:{_any_of(_DATA['greeting']).pattern})+")
THANKS = _any_of(_DATA["thanks"])
ABOUT = _any_of(_DATA["about"])
HANDOFF = _any_of(_DATA["handoff"])
PROGRESS = _any_of(_DATA["progress"])
PROJECT = _any_of(_DATA["project"])
MENTOR = _any_of(_DATA["mentor"])
FIRST_PERSON = _any_of(_DATA["first_person"])
FOLLOW_UP = _any_of(_DATA["follow_up"])
CORRECTION = _any_of(_DATA["correction"])
NEXT_PART = _any_of(_DATA["next_part"])
COMPARED = _any_of(_DATA["compared"])
NEGATIVE = _any_of(_DATA["negative"])
WHETHER = _any_of(_DATA["whether"])
CALLED = _any_of(_DATA["called"])
SWITCH = _any_of(_DATA["switch"])
STOP_WORDS = frozenset(_DATA["stop"].split())
DUTY_WORDS = frozenset(_DATA["duty"].split())
SUPPORT_WORDS = frozenset(_DATA["support"].split())
HELP = _any_of(_DATA["help"])
BODIES = _any_of(_DATA["bodies"])
AS_OF = _any_of(_DATA["as_of"])
SEVERAL = _any_of(_DATA["several"])
NOW = _any_of(_DATA["now"])
OFFICER = _any_of(_DATA["officer"])
SURNAME = _any_of(_DATA["surname"])
HOLDER = _any_of(_DATA["holder"])
OWN_CASE = _any_of(_DATA["own_case"])
OWN_AMOUNT = _any_of(_DATA["own_amount"])
OVERVIEW = _any_of(_DATA["overview"])
OVERVIEW_OF_CASE = _any_of(_DATA["overview_of_case"])
MONEY_ONLY = _any_of(_DATA["money_only"])
CLOCK = _any_of(_DATA["clock"])
MORE = _any_of(_DATA["more"])
FORGET = _any_of(_DATA["forget"])
REMEMBERED = _any_of(_DATA["remembered"])
PROGRAMME = _any_of(_DATA["programme"])
WANTS = _any_of(_DATA["wants"])
OF_CONDITIONS = _any_of(_DATA["of_conditions"])
LACKING = _any_of(_DATA["lacking"])
WHY_NOT = _any_of(_DATA["why_not"])
WHAT_ELSE = _any_of(_DATA["what_else"])
WHAT_IF = _any_of(_DATA["what_if"])
ASKS = _any_of(_DATA["asks"])
RESUME = _any_of(_DATA["resume"])
YES = _any_of(_DATA["yes"])
NO = _any_of(_DATA["no"])
DO_NOT_KNOW = _any_of(_DATA["do_not_know"])
SELF = _any_of(_DATA["self"])
ASKING_FOR = _any_of(_DATA["asking_for"])
OTHER_PERSON = _any_of(_DATA["other_person"])
