"""An independent, slow recount of the ledger, to be compared with what the product says.

It shares no query and no rule with the product: it reads tables from end to end, replays
the audit log with its own few words, and counts with dictionaries; a million sessions take
it a minute or two and some hundred megabytes. `python -m evaluation.recount
sqlite:///var/qichuang.db` prints the figures and where they differ.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine, create_engine, text

IN, OUT = {"review.approved"}, {"review.unapproved", "session.merged"}
SPEAKING = {"period.carried", "adjustment.posted"}  # whose details change a count
AT_ONCE = 10_000


class Session(NamedTuple):
    """What the recount looks at of a session."""

    id: int
    person: str
    counts_for: str
    opened_at: Any
    org_unit: str
    state: str


def read(engine: Engine, columns: str, table: str, order: str) -> Iterator[Any]:
    """Yield the rows of a table, some thousand at a time."""
    with engine.connect() as connection:
        streaming = connection.execution_options(yield_per=AT_ONCE)
        yield from streaming.execute(text(f"SELECT {columns} FROM {table} ORDER BY {order}"))


def day_of(opened_at: Any) -> str:
    """Return the Shanghai day of a stored time: eight hours ahead, all year."""
    at = datetime.fromisoformat(opened_at) if isinstance(opened_at, str) else opened_at
    return (at.replace(tzinfo=None) + timedelta(hours=8)).date().isoformat()


def quarter_of(day: str) -> str:
    """Return 2026Q3 of 2026-08-15."""
    return f"{day[:4]}Q{(int(day[5:7]) - 1) // 3 + 1}"


def recount(engine: Engine) -> dict[str, Any]:
    """Count everything again; `differs` lists where stored figures disagree."""
    rows = read(engine, ", ".join(Session._fields), "guidance_sessions", "id")
    sessions = {row.id: Session(*row) for row in rows}
    period = {number: quarter_of(day_of(row.opened_at)) for number, row in sessions.items()}
    counted: set[int] = set()
    steps: list[tuple[int, int]] = []  # session and what an adjustment adds
    for action, number, details in told(engine):
        if action == "period.carried":
            period.update(dict.fromkeys(details["sessions"], details["to"]))
        elif action == "adjustment.posted":
            steps.append((number, details["amount"]))
        elif action in IN:
            counted.add(number)
        elif action in OUT:
            counted.discard(number)
    steps += [(number, 1) for number in counted]
    by_unit = Counter((period[number], sessions[number].org_unit) for number in counted)
    persons = persons_by_year(engine, sessions, steps)
    differs = [
        *on_state(sessions, counted),
        *on_tallies(engine, by_unit),
        *on_persons(engine, persons),
        *on_locked(engine, by_unit),
    ]
    by_period = Counter(period[number] for number in counted)
    return {"sessions": dict(sorted(by_period.items())), "persons": persons, "differs": differs}


def told(engine: Engine) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield what the audit log says of sessions and quarters: action, session, details."""
    speaking = "', '".join(sorted(SPEAKING))
    words = {
        row.seq: json.loads(row.payload)["details"]
        for row in read(
            engine, "p.seq, p.payload",
            "audit_payloads p JOIN audit_events e ON e.seq = p.seq"
            f" WHERE e.action IN ('{speaking}')", "p.seq",
        )
    }  # fmt: skip
    for event in read(engine, "seq, action, subject", "audit_events", "seq"):
        kind, _, name = event.subject.partition(":")
        number = int(name) if kind == "session" else 0
        yield event.action, number, words.get(event.seq, {})


def persons_by_year(
    engine: Engine, sessions: dict[int, Session], steps: list[tuple[int, int]]
) -> dict[str, int]:
    """Count the people with at least one session left in a year, merged ones once."""
    rows = read(engine, "reference, merged_into", "people", "reference")
    same = {row.reference: row.merged_into or row.reference for row in rows}
    people: dict[str, Counter[str]] = defaultdict(Counter)
    for number, amount in steps:
        row = sessions[number]
        people[day_of(row.opened_at)[:4]][same.get(row.person, row.person)] += amount
    persons = {year: sum(n > 0 for n in found.values()) for year, found in people.items()}
    return {year: count for year, count in sorted(persons.items()) if count}


def on_state(sessions: dict[int, Session], counted: set[int]) -> Iterator[str]:
    """Compare the log with the table; no person counts twice on a day."""
    marked = {number for number, row in sessions.items() if row.state in ("approved", "locked")}
    for number in sorted(marked ^ counted):
        yield f"session {number}: log and table disagree on whether it counts"
    days = Counter((sessions[n].counts_for, day_of(sessions[n].opened_at)) for n in counted)
    for (_, day), times in days.items():
        if times > 1:
            yield f"{day}: counted {times} times for one person"


def on_tallies(engine: Engine, by_unit: Counter[tuple[str, str]]) -> Iterator[str]:
    """Compare with the sums that the pages read."""
    stored: Counter[tuple[str, str]] = Counter()
    for row in read(engine, 'period, org_unit, "count"', "tallies", "period"):
        stored[row[0], row[1]] += row[2]
    for key in sorted(stored.keys() | by_unit.keys()):
        if stored[key] != by_unit[key]:
            yield f"{key[0]} {key[1]}: recounted {by_unit[key]}, stored {stored[key]}"


def on_persons(engine: Engine, persons: dict[str, int]) -> Iterator[str]:
    """Compare the persons of every year."""
    stored = {str(row.year): row.persons for row in read(engine, "*", "year_persons", "year")}
    for year in sorted(stored.keys() | persons.keys()):
        if stored.get(year, 0) != persons.get(year, 0):
            yield f"{year}: recounted {persons.get(year, 0)}, stored {stored.get(year, 0)} persons"


def on_locked(engine: Engine, by_unit: Counter[tuple[str, str]]) -> Iterator[str]:
    """Compare with what was signed; "*" is the whole district."""
    for row in read(engine, "*", "period_values", "period"):
        if row.indicator == "M3c":
            period, unit = row.period, row.org_unit
            of_all = sum(n for (quarter, _), n in by_unit.items() if quarter == period)
            now = of_all if unit == "*" else by_unit[period, unit]
            if now != row.value:
                yield f"{period} {unit}: locked {row.value}, recounted {now}"


def main() -> None:
    """Run from the command line; exit status 1 when anything differs."""
    result = recount(create_engine(sys.argv[1]))
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    sys.exit(bool(result["differs"]))


if __name__ == "__main__":
    main()
