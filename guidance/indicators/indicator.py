"""The indicators of the plan: what is measured, against what, by whom. Data, with a version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).with_name("indicators.yaml")


class IndicatorNotFound(LookupError):
    """No indicator has this id."""


class IndicatorKind(StrEnum):
    """Where its value comes from; the three are never mixed on a page."""

    DERIVED = "derived"  # from this system's own records; nobody can enter it (G11)
    ENTERED = "entered"  # by a department, with an evidence file and a review
    COMPUTED = "computed"  # from other rows


class Direction(StrEnum):
    """How the plan words the target."""

    LEAST = "least"  # 以上、不少于
    BARE = "bare"  # a bare number: read as "at least", and said so
    NONE = "none"


class Span(StrEnum):
    """What time a value is about."""

    YEAR = "year"
    TWO_YEARS = "two_years"
    CREATION = "creation"  # 创建期间
    MOMENT = "moment"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of the register."""

    id: str
    name: str
    definition: str
    unit: str
    kind: IndicatorKind
    clause: str
    owners: tuple[str, ...]
    target: Decimal | None = None
    direction: Direction = Direction.NONE
    period: Span = Span.YEAR
    formula: str = ""
    inputs: tuple[str, ...] = ()
    alias: str = ""
    ambiguity: int | None = None
    part: bool = False  # only an input of another row, or what stands beside it
    inferred: tuple[str, ...] = ()  # owners that the plan does not name
    sources: tuple[str, ...] = ()  # S, I, E, K: see SOURCE_NAMES; none for a formula alone
    also: tuple[str, ...] = ()  # further clauses
    beside: tuple[str, ...] = ()  # what is shown next to the value and never mixed with it
    carried: bool = False  # holds until a newer value is accepted, over years
    items: str = ""  # what each value is of ("孵化基地名称"); the row is their sum

    @property
    def confirm(self) -> bool:
        """Whether the office has to say who is responsible: the plan does not name all."""
        return bool(self.inferred)


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Where the plan can be read in two ways; the office signs which."""

    number: int
    subject: str
    problem: str
    default: str
    # The readings that figures are computed by, with what each changes of the row.
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


# Where the figures of a row come from in the end.
SOURCE_NAMES = {"S": "本系统", "I": "部门系统导入", "E": "凭材料填报", "K": "固定数"}


@dataclass(frozen=True, slots=True)
class Register:
    """Everything the plan wants measured."""

    version: str
    indicators: Mapping[str, Indicator]
    ambiguities: Mapping[int, Ambiguity]

    def get(self, indicator_id: str) -> Indicator:
        """Return a row. Raises IndicatorNotFound."""
        found = self.indicators.get(indicator_id)
        if found is None:
            raise IndicatorNotFound("没有这项指标，请从指标表重新选择。")
        return found

    def rows(self) -> list[Indicator]:
        """Return the indicators of the plan in its order, without mere inputs."""
        return [one for one in self.indicators.values() if not one.part]


@lru_cache(maxsize=1)
def load_register() -> Register:
    """Read the shipped register, once."""
    data = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    indicators = [_indicator(row) for row in data["indicators"]]
    ambiguities = [Ambiguity(**row) for row in data["ambiguities"]]
    return Register(
        data["version"],
        {one.id: one for one in indicators},
        {one.number: one for one in ambiguities},
    )


def _indicator(row: dict[str, Any]) -> Indicator:
    target = row.get("target")
    lists = ("owners", "inputs", "inferred", "sources", "also", "beside")
    return Indicator(
        **{
            **row,
            "kind": IndicatorKind(row["kind"]),
            "direction": Direction(row.get("direction", "none")),
            "period": Span(row.get("period", "year")),
            "target": None if target is None else Decimal(str(target)),
            **{name: tuple(row.get(name, ())) for name in lists},
        }
    )
