"""Service offices: where a department is found, as the district enters it; kept by version.

An office is no policy: what is said of it is said as the district's own statement with its
date, and never mixed with the text of a clause.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from knowledge.department import find_department, load_departments
from storage.database import Base

_OF_STREET = re.compile(r"(?:街道)?(?:办事处|便民服务中心)$")
SHORTEST_NAME = 2  # characters that tell a place apart


class OfficeNotFound(LookupError):
    """No office has the given number."""


class OfficeInvalid(ValueError):
    """An office's details break a rule; the message says which and what to do."""


class OfficeDetail(StrEnum):
    """What is told of an office, in the order in which it is told."""

    ADDRESS = "address"
    PHONE = "phone"
    HOURS = "hours"
    BRING = "bring"
    DIRECTIONS = "directions"


class ServiceOffice(Base):
    """One version of an office; rows are added and never changed.

    `number` is what versions share. Of the versions that cover a day the newest holds: a
    later one with a last day (other hours over a holiday) gives way to the earlier again.
    """

    __tablename__ = "service_offices"
    __table_args__ = (UniqueConstraint("number", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    version: Mapped[int]
    unit: Mapped[str]  # the department by its name today, or a street
    name: Mapped[str]  # what stands on the door: 区政务服务大厅就业窗口
    address: Mapped[str]
    phone: Mapped[str]
    hours: Mapped[str]
    bring: Mapped[str]
    directions: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # the last day
    closed: Mapped[bool] = mapped_column(default=False)  # gone from valid_from on
    entered_on: Mapped[date]
    account_id: Mapped[int]

    @property
    def facts(self) -> "OfficeFacts":
        """Return what is told of this version."""
        details = {detail.value: getattr(self, detail) for detail in OfficeDetail}
        return OfficeFacts(
            id=self.id,
            number=self.number,
            unit=self.unit,
            name=self.name,
            updated_on=self.entered_on,
            **details,
        )


@dataclass(frozen=True, slots=True)
class OfficeFacts:
    """One version of an office as plain values; "" for what is not known."""

    id: int  # of the version
    number: int
    unit: str
    name: str
    updated_on: date
    address: str = ""
    phone: str = ""
    hours: str = ""
    bring: str = ""
    directions: str = ""

    def detail(self, detail: OfficeDetail) -> str:
        """Return one detail, "" where it is not known."""
        value: str = getattr(self, detail)
        return value


@dataclass(frozen=True, slots=True)
class _Version:
    facts: OfficeFacts
    version: int
    valid_from: date
    valid_until: date | None
    closed: bool

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class Offices:
    """Every version of every office, immutable; asked for a day."""

    def __init__(self, rows: Iterable[ServiceOffice] = ()) -> None:
        self._versions: dict[int, list[_Version]] = {}
        self._by_id: dict[int, OfficeFacts] = {}
        for row in sorted(rows, key=lambda row: (row.number, -row.version)):
            facts = row.facts
            version = _Version(facts, row.version, row.valid_from, row.valid_until, row.closed)
            self._versions.setdefault(row.number, []).append(version)
            self._by_id[row.id] = facts
        text = "\n".join(repr(astuple(v)) for versions in self._versions.values() for v in versions)
        # Stored with every answer; empty where no office was ever entered.
        self.digest = hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""

    def version(self, version_id: int) -> OfficeFacts | None:
        """Return a version by its id, or None."""
        return self._by_id.get(version_id)

    def on(self, day: date) -> list[OfficeFacts]:
        """Return the offices that are open to people on a day, in order of their numbers."""
        found = []
        for versions in self._versions.values():
            newest = next((v for v in versions if v.covers(day)), None)
            if newest is not None and not newest.closed:
                found.append(newest.facts)
        return found

    def of(self, unit: str, day: date) -> list[OfficeFacts]:
        """Return the offices of a department, by any of its names, or of a street."""
        name = unit_name(unit)
        return [office for office in self.on(day) if unit_name(office.unit) == name]

    def named_in(self, text: str, day: date) -> list[OfficeFacts]:
        """Return the offices whose own name, or whose street's name, stands in a text."""
        return [office for office in self.on(day) if any(n in text for n in _names(office))]


NO_OFFICES = Offices()


def unit_name(unit: str) -> str:
    """Return what a department is called today, whichever of its names is given; else the name.

    The plan's 国税局 and 地税分局 are one body today, with the same offices.
    """
    known = find_department(unit)
    return (known.today or known.name) if known else unit


def units_listed() -> list[str]:
    """Return the departments that are known, by their names today."""
    return list(dict.fromkeys(d.today or d.name for d in load_departments()))


def _names(office: OfficeFacts) -> Sequence[str]:
    """Return what an office that is no department's is called: 小寨路 of 小寨路街道办事处."""
    names = [office.name]
    if unit_name(office.unit) not in units_listed():
        names += [office.unit, _OF_STREET.sub("", office.unit)]
    return [name for name in dict.fromkeys(names) if len(name) > SHORTEST_NAME]


def load_offices(db: Session) -> Offices:
    """Read every version of every office."""
    return Offices(db.scalars(select(ServiceOffice)))


def versions_of(db: Session, number: int) -> Sequence[ServiceOffice]:
    """Return the versions of an office, newest first. Raises OfficeNotFound."""
    rows = db.scalars(
        select(ServiceOffice)
        .where(ServiceOffice.number == number)
        .order_by(ServiceOffice.version.desc())
    ).all()
    if not rows:
        raise OfficeNotFound(number)
    return rows


def next_number(db: Session) -> int:
    """Return the number of an office to be added."""
    return (db.scalar(select(func.max(ServiceOffice.number))) or 0) + 1


def offices_stamp(db: Session) -> int:
    """Return a number that grows with every version entered; one small query."""
    return db.scalar(select(func.max(ServiceOffice.id))) or 0
