"""Departments: what people call them, what the documents call them, what they are called today."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import yaml

_SUFFIX = re.compile(r"(?:部门|分局|局|委员会|委|部|办公室|办)$")


@dataclass(frozen=True, slots=True)
class Department:
    """One body of government under the name that documents print.

    `today` is its name today, or None where no uniform successor is known;
    `caveat` is to be said beside a name that is not confirmed for every district.
    """

    name: str
    aliases: tuple[str, ...]
    today: str | None
    caveat: str | None

    @property
    def renamed(self) -> bool:
        """Whether the name today differs from the documents' name by more than a bracket."""
        return self.today is not None and self.name.removeprefix("区") not in self.today


@cache
def load_departments() -> tuple[Department, ...]:
    """Read the shipped list of departments."""
    data = yaml.safe_load((resources.files("knowledge") / "departments.yaml").read_text("utf-8"))
    return tuple(
        Department(
            entry["name"], tuple(entry.get("aliases", ())), entry.get("today"), entry.get("caveat")
        )
        for entry in data["departments"]
    )


@cache
def _by_name() -> tuple[tuple[str, tuple[Department, ...]], ...]:
    """Every name with the departments it means, longest names first."""
    table: dict[str, list[Department]] = {}
    for department in load_departments():
        for name in {department.name, department.today or department.name, *department.aliases}:
            if len(name) > 1:
                table.setdefault(name, []).append(department)
    return tuple(
        sorted(((n, tuple(d)) for n, d in table.items()), key=lambda p: (-len(p[0]), p[0]))
    )


def mentioned_departments(text: str) -> list[Department]:
    """Return the departments that a text names, in the order they stand in it.

    The longest name wins where names overlap; one everyday name may mean two (税务局).
    """
    found: dict[Department, int] = {}
    for name, departments in _by_name():
        at = text.find(name)
        if at >= 0:
            text = text.replace(name, "\0" * len(name))
            for department in departments:
                found.setdefault(department, at)
    return sorted(found, key=lambda d: found[d])


def department_called(word: str) -> Department | None:
    """Return the department that a bare word means ("税务", "妇联"), or None."""
    if len(word) < 2:
        return None
    for department in load_departments():
        for name in (department.name, *department.aliases):
            stem = name.removeprefix("区").removeprefix("国家")
            if word in (stem, _SUFFIX.sub("", stem)):
                return department
    return None


@lru_cache(maxsize=10_000)
def find_department(name: str) -> Department | None:
    """Return the department that a document calls by this name, or None."""
    bare = name.removeprefix("区")
    for department in load_departments():
        known = (department.name, *department.aliases)
        if name in known or bare in known or bare == department.name.removeprefix("区"):
            return department
    return None
