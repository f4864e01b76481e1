"""What a message wants recommended: projects, mentors, the next ones; and whether rules besides."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from assistant.answer import Intent, PastTurn
from knowledge.department import mentioned_departments
from knowledge.lexicon import groups_in
from knowledge.yaml_text import read_yaml

_DATA: dict[str, Any] = read_yaml(
    (resources.files("assistant") / "recommending.yaml").read_text("utf-8")
)
_PROJECT = re.compile("|".join(f"(?:{pattern})" for pattern in _DATA["project"]))
_PROJECT_OF_MINE = re.compile("|".join(_DATA["project_of_mine"]))
_MENTOR = re.compile("|".join(f"(?:{pattern})" for pattern in _DATA["mentor"]))
_MORE, _INSTITUTION, _RULES, _ASKS, _INTENDS = (
    re.compile(_DATA[name]) for name in ("more", "institution", "rules", "asks", "intends")
)
_CLAUSE = re.compile(r"[,。;!\n]+")
_MYSELF = re.compile(r"我|俺|咱|本人")
# What people say of themselves when they want to know what they could do.
_RESOURCES = frozenset({"budget_yuan", "skills", "interests", "premises", "experience"})
_TELLING = 2  # so many facts make a statement a wish for projects


class Wanting(StrEnum):
    """What a message wants recommended."""

    NOTHING = "nothing"
    PROJECTS = "projects"
    MORE_PROJECTS = "more_projects"
    MENTORS = "mentors"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted, and whether the policies are asked about in the same message."""

    wanting: Wanting
    asks_rules: bool


def wish_of(text: str, learned: Mapping[str, Any], history: Sequence[PastTurn]) -> Wish:
    """Read what a normalised message wants recommended.

    Questions about the library or the mentors as such are matters of policy. A message
    of facts about oneself wants projects; so does a single fact after a recommendation.
    """
    facts = [key for key, value in learned.items() if value is not None]
    rules = _RULES.search(text) is not None
    if _MENTOR.search(text) and not _INSTITUTION.search(text):
        return Wish(Wanting.MENTORS, rules)
    if is_after_projects(history) and _MORE.match(text):
        return Wish(Wanting.MORE_PROJECTS, asks_rules=False)
    if _asks_for_projects(text, facts):
        return Wish(Wanting.PROJECTS, rules)
    asks = rules or _ASKS.search(text) is not None
    telling = len(facts) >= _TELLING and bool(_RESOURCES.intersection(facts))
    if telling and (_INTENDS.search(text) if asks else not _INSTITUTION.search(text)):
        return Wish(Wanting.PROJECTS, asks)
    if learned and is_after_projects(history) and not rules and not _ASKS.search(text):
        return Wish(Wanting.PROJECTS, asks_rules=False)
    return Wish(Wanting.NOTHING, rules)


def is_after_projects(history: Sequence[PastTurn]) -> bool:
    """Whether the last turn recommended projects."""
    return bool(history) and (bool(history[-1].shown) or history[-1].intent is Intent.PROJECT)


def _asks_for_projects(text: str, facts: Sequence[str]) -> bool:
    if not facts and (_INSTITUTION.search(text) or mentioned_departments(text)):
        return False
    if _PROJECT.search(text):
        return True
    personal = bool(facts) or _MYSELF.search(text) is not None
    return personal and _PROJECT_OF_MINE.search(text) is not None and not _RULES.search(text)


def without_asking(text: str) -> str:
    """Return a message without the words that only ask for something to be recommended."""
    return _MORE.sub("", _MENTOR.sub(" ", _PROJECT.sub(" ", text)))


def rules_part(text: str) -> str:
    """Return the clauses of a message that ask of rules or name a group of people.

    "我会做饭想开个店,贷款最多几万" asks of loans: the rest says who asks. A message that
    only asks stays as it is.
    """
    parts = _CLAUSE.split(text)
    kept = [p for p in parts if _RULES.search(p) or _ASKS.search(p) or groups_in(p)]
    return ",".join(kept) if kept and len(kept) < len(parts) else text
