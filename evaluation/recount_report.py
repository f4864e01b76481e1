"""What a report of the ledger has to say, recounted: every figure from the tables and the log.

Like `evaluation.recount`, whose reading it shares, it knows no query and no rule of the
product. `Recounted` gives the rows of each table of a report of a quarter or a year, with
the codes of channels, lines and levels in place of their names.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Engine

from evaluation.recount import IN, OUT, day_of, quarter_of, read, told

PARTS = ("channel", "service_line", "identity_level")
COLUMNS = ", ".join(("id", "person", "opened_at", "org_unit", "state", *PARTS))
SUBMITTED = ("pending_review", "returned", "approved", "locked", "rejected")


class Step(NamedTuple):
    """What counts for a person, or is taken out again, in a unit."""

    period: str
    day: str
    unit: str
    person: str
    amount: int
    corrects: bool


class Recounted:
    """One ledger, read once; each method is a table of a report."""

    def __init__(self, engine: Engine) -> None:
        self._sessions = {row.id: row for row in read(engine, COLUMNS, "guidance_sessions", "id")}
        self._day = {number: day_of(row.opened_at) for number, row in self._sessions.items()}
        self._period = {number: quarter_of(day) for number, day in self._day.items()}
        people = read(engine, "reference, merged_into", "people", "reference")
        self._same = {row.reference: row.merged_into or row.reference for row in people}
        self._returned: set[int] = set()
        self._counted: set[int] = set()
        self._posted: list[tuple[int, dict[str, Any]]] = []
        self._signed: dict[str, dict[str, Any]] = {}  # what was signed, by quarter
        self._before: dict[str, int] = {}  # how many corrections were posted by then
        for action, number, details in told(engine):
            self._replay(action, number, details)
        self._steps = [*self._of_sessions(), *self._of_corrections()]
        self._locked = {
            (row.period, row.org_unit): row.value
            for row in read(engine, "*", "period_values", "period")
            if row.indicator == "M3c"
        }
        self._checks = list(read(engine, "period, session_id, outcome", "sample_items", "period"))

    def sessions(self, quarters: Iterable[str]) -> int:
        """人次, corrections included."""
        wanted = set(quarters)
        return sum(step.amount for step in self._steps if step.period in wanted)

    def persons(self, quarters: Iterable[str], since: str = "", unit: str | None = None) -> int:
        """人: who is left with at least one 人次, on days from `since` on."""
        wanted, left = set(quarters), Counter[str]()
        for step in self._steps:
            if step.period in wanted and step.day >= since and unit in (None, step.unit):
                left[step.person] += step.amount
        return sum(times > 0 for times in left.values())

    def restated(self, quarter: str) -> tuple[int, int, int]:
        """原公布值, 修订值, 差额; the first as it was signed, where it was."""
        difference = sum(
            step.amount for step in self._steps if step.corrects and step.period == quarter
        )
        now = sum(self._period[number] == quarter for number in self._counted)
        original = self._locked.get((quarter, "*"), now)
        return original, original + difference, difference

    def signed(self, quarters: Iterable[str]) -> bool:
        """Whether one of the quarters was locked."""
        return any(one in self._signed for one in quarters)

    def published(self, quarter: str, unit: str = "*") -> tuple[int, int]:
        """人次 and 人 of a quarter as signed, of the district or a unit; else as they are."""
        signed = self._signed.get(quarter)
        if signed is None:
            one = None if unit == "*" else unit
            now = sum(
                s.amount for s in self._steps if s.period == quarter and one in (None, s.unit)
            )
            return now, self.persons([quarter], unit=one)
        return signed["M3c"].get(unit, 0), signed["B3"].get(unit, 0)

    def published_so_far(self, quarters: list[str], since: str) -> tuple[int, int]:
        """人次 and 人 of the year up to the last of its quarters, as that one was signed."""
        last = quarters[-1]
        if last not in self._signed:
            return self.sessions(quarters), self.persons(quarters, since)
        early = [said["amount"] for _, said in self._posted[: self._before[last]]
                 if said["period"] in quarters]  # fmt: skip
        told = self._signed[last].get("indicators", {}).get("B3")
        persons = int(told[0]) if told else self.persons(quarters, since)
        return sum(self.restated(one)[0] for one in quarters) + sum(early), persons

    def corrections(self, quarter: str) -> list[tuple[int, str, int]]:
        """Return the corrections of a quarter: session, kind and amount."""
        mine = [one for one in self._posted if one[1]["period"] == quarter]
        return [(number, said["kind"], said["amount"]) for number, said in mine]

    def split(self, part: str, quarters: Iterable[str]) -> dict[str, int]:
        """Return the counted sessions by one of PARTS, or by "month"; corrections left out."""
        wanted = set(quarters)
        mine = [number for number in self._counted if self._period[number] in wanted]
        if part == "month":
            return dict(Counter(self._day[number][:7] for number in mine))
        return dict(Counter(getattr(self._sessions[number], part) for number in mine))

    def units(self, quarters: list[str]) -> dict[str, tuple[int, int, str, str, str]]:
        """Return of every unit 人次, 人, and the shares returned, rejected and proven."""
        sessions, due, rejected, returned = (Counter[str]() for _ in range(4))
        for step in self._steps:
            sessions[step.unit] += step.amount if step.period in quarters else 0
        for number, row in self._sessions.items():
            if self._period[number] in quarters:
                due[row.org_unit] += row.state in SUBMITTED
                rejected[row.org_unit] += row.state == "rejected"
                returned[row.org_unit] += number in self._returned
        checked, proven = self._proofs(quarters)
        return {
            unit: (
                sessions[unit],
                self.persons(quarters, unit=unit),
                share(returned[unit], due[unit]),
                share(rejected[unit], due[unit]),
                share(proven[unit], checked[unit]),
            )
            for unit in sessions.keys() | due.keys()
            if sessions[unit] or due[unit]
        }

    def _proofs(self, quarters: list[str]) -> tuple[Counter[str], Counter[str]]:
        checked, proven = Counter[str](), Counter[str]()
        for row in self._checks:
            unit = self._sessions[row.session_id].org_unit
            checked[unit] += row.period in quarters and row.outcome != "waiting"
            proven[unit] += row.period in quarters and row.outcome == "confirmed"
        return checked, proven

    def _replay(self, action: str, number: int, details: dict[str, Any]) -> None:
        if action in IN:
            self._counted.add(number)
        elif action in OUT:
            self._counted.discard(number)
        elif action == "review.returned":
            self._returned.add(number)
        elif action == "adjustment.posted":
            self._posted.append((number, details))
        elif action == "period.locked":
            self._signed[details["period"]] = details
            self._before[details["period"]] = len(self._posted)
        elif action == "period.carried":
            self._period.update(dict.fromkeys(details["sessions"], details["to"]))

    def _of_sessions(self) -> Iterator[Step]:
        for number in self._counted:
            yield self._step(number, self._sessions[number].org_unit, 1, corrects=False)

    def _of_corrections(self) -> Iterator[Step]:
        for number, said in self._posted:
            if said["kind"] == "reclassify":
                yield self._step(number, said["unit"], -1, corrects=True)
                yield self._step(number, said["to_unit"], 1, corrects=True)
            else:
                yield self._step(number, said["unit"], said["amount"], corrects=True)

    def _step(self, number: int, unit: str, amount: int, *, corrects: bool) -> Step:
        row = self._sessions[number]
        person = self._same.get(row.person, row.person)
        return Step(self._period[number], self._day[number], unit, person, amount, corrects)


def share(part: int, whole: int) -> str:
    """Return a share as a report prints it; of nothing there is none."""
    return f"{Decimal(part) * 100 / whole:.1f}%" if whole else "—"
