"""The patterns of said.yaml, compiled once, and one thing said."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from knowledge.yaml_text import read_yaml

SOURCE = Path(__file__).with_name("said.yaml")


@dataclass(frozen=True, slots=True)
class Said:
    """One fact that a message states of its writer: `text[start:end]` are the words."""

    key: str
    value: Any
    start: int
    end: int
    denied: bool = False  # takes the value out of its list
    needs_known: bool = False  # only means something when the fact was spoken of before

    def moved(self, by: int) -> "Said":
        """Return the same, its place counted from an earlier beginning."""
        return replace(self, start=self.start + by, end=self.end + by)


@dataclass(frozen=True)
class Patterns:
    """Everything said.yaml holds; label -> pattern in the order of the file."""

    skills: Mapping[str, re.Pattern[str]]
    interests: Mapping[str, re.Pattern[str]]
    industries: Mapping[str, tuple[str, ...]]  # interest -> divisions, two digits
    formats: Mapping[str, re.Pattern[str]]
    governs: Mapping[str, re.Pattern[str]]
    follows: Mapping[str, re.Pattern[str]]
    money: Mapping[str, re.Pattern[str]]
    groups: Mapping[str, re.Pattern[str]]
    premises: Mapping[str, re.Pattern[str]]
    risk: Mapping[int, re.Pattern[str]]
    places: tuple[re.Pattern[str], ...]
    single: Mapping[str, re.Pattern[str]]
    rows: Mapping[str, Any]  # people and hours: rows of (pattern, value)


def _table(data: Mapping[Any, str]) -> dict[Any, re.Pattern[str]]:
    return {label: re.compile(words) for label, words in data.items()}


def _load() -> Patterns:
    data = read_yaml(SOURCE.read_text("utf-8"))
    hours = data["hours"]
    names = ("bare_trade", "others", "gives", "self_before", "asks", "not_me", "passive")
    return Patterns(
        skills=_table(data["skills"]),
        interests=_table({label: row["words"] for label, row in data["interests"].items()}),
        industries={
            label: tuple(f"{code:02d}" for code in row["industries"])
            for label, row in data["interests"].items()
        },
        formats=_table(data["formats"]),
        governs=_table(data["governs"]),
        follows=_table(data["follows"]),
        money=_table(data["money"]),
        groups=_table(data["groups"]),
        premises=_table(data["premises"]),
        risk=_table(data["risk"]),
        places=tuple(re.compile(words) for words in data["places"]),
        single={name: re.compile(data[name]) for name in (*names, "not_places", "other_schooling")},
        rows={
            "people": [(re.compile(words), value) for words, value in data["people"]],
            "whole": [(re.compile(words), value) for words, value in hours["whole"]],
            "some": [(re.compile(words), value) for words, value in hours["some"]],
            "only": re.compile(hours["only"]),
            "some_if": re.compile(hours["some_if"]),
            "side": (re.compile(hours["side"][0]), hours["side"][1]),
            "daily": re.compile(hours["daily"]),
            "weekly": re.compile(hours["weekly"]),
        },
    )


PATTERNS = _load()


def clause_before(text: str, at: int) -> str:
    """Return what stands before a place since the last punctuation."""
    return text[max((text.rfind(mark, 0, at) for mark in ",。;!?\n、"), default=-1) + 1 : at]


def clause_after(text: str, at: int) -> str:
    """Return what stands after a place up to the next punctuation."""
    ends = [place for mark in ",。;!?\n、" if (place := text.find(mark, at)) >= 0]
    return text[at : min(ends, default=len(text))]


def somebody_elses(before: str) -> bool:
    """Whether the words before speak of another person, who gives nothing."""
    others = list(PATTERNS.single["others"].finditer(before))
    if not others:
        return False
    rest = before[others[-1].end() :]
    return not (
        PATTERNS.single["gives"].search(rest)
        or re.search(r"(?:我|俺|自己)(?!爸|妈|哥|姐|弟|妹|表|堂|朋友|同学|家)", rest)
    )
