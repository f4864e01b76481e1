"""An independent, slow recount of the ledger, to be compared with what the product says.

It shares no query and no rule with the product: it replays the audit log with its own few
words, reads tables from end to end and counts with dictionaries; a million sessions take
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
# Whose details change a count; what is said of a session may be erased, of a quarter not.
SPEAKING = (
    "audit_payloads p JOIN audit_events e ON e.seq = p.seq WHERE e.action IN"
    " ('period.carried', 'period.locked', 'adjustment.posted', 'period.adjusted')"
)
SPLITS = ("org_unit", "service_line", "channel", "identity_level")
COLUMNS = ", ".join(("id", "person", "opened_at", "state", *SPLITS))
AT_ONCE = 10_000
Counts = Counter[tuple[str, ...]]
Changes = dict[int, tuple[int, dict[str, Any]]]  # session and words, by adjustment


class Told(NamedTuple):
    """What the audit log amounts to."""

    counted: set[int]
    carried: dict[int, str]
    changes: Changes
    signed: dict[str, dict[str, int]]  # M3c of locked quarters, by unit


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
    log = replayed(engine)
    counts, days, differs = counted_again(engine, log)
    by_unit, by_period = summed(counts, 0, 2), summed(counts, 0)
    restated = Counter({period: count for (period,), count in by_period.items()})
    for _, said in log.changes.values():
        restated[said["period"]] += said["amount"]
    persons = persons_by_year(days)
    differs += [*on_tallies(engine, counts), *on_persons(engine, persons)]
    differs += [*on_locked(engine, by_unit, log.signed), *on_changes(engine, log.changes)]
    sessions = {period: count for (period,), count in sorted(by_period.items())}
    revised = dict(sorted(restated.items()))
    return {"sessions": sessions, "restated": revised, "persons": persons, "differs": differs}


def counted_again(engine: Engine, log: Told) -> tuple[Counts, Counts, list[str]]:
    """Count the sessions by period, month and SPLITS, and by person and day with corrections.

    The texts name sessions that count in the log or in the table alone, and days on which
    somebody counts twice; of two locked sessions one may wait to be voided.
    """
    rows = read(engine, "reference, merged_into", "people", "reference")
    same = {row.reference: row.merged_into or row.reference for row in rows}
    voids = to_be_voided(engine)
    adjusted = {number for number, _ in log.changes.values()} | voids
    place: dict[int, tuple[str, ...]] = {}  # person and day of what an adjustment names
    counts, days, differs = Counts(), Counts(), []
    for row in read(engine, COLUMNS, "guidance_sessions", "id"):
        if (row.state in ("approved", "locked")) != (row.id in log.counted):
            differs.append(f"session {row.id}: log and table disagree on whether it counts")
        day, person = day_of(row.opened_at), same.get(row.person, row.person)
        if row.id in adjusted:
            place[row.id] = (person, day)
        if row.id in log.counted:
            period = log.carried.get(row.id) or quarter_of(day)
            counts[period, day[:7], *row[-len(SPLITS) :]] += 1
            days[person, day] += 1
    for number, said in log.changes.values():
        days[place[number]] += said["amount"]
    waiting = Counter(place[number] for number in voids)
    twice = ((key[1], n - waiting[key]) for key, n in days.items() if n > 1)
    differs += [f"{day}: counted {times} times for one person" for day, times in twice if times > 1]
    return counts, days, differs


def summed(counts: Counts, *places: int) -> Counts:
    """Sum counts up by some parts of their keys."""
    sums = Counts()
    for key, count in counts.items():
        sums[tuple(key[place] for place in places)] += count
    return sums


def told(engine: Engine) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield what the audit log says of sessions and quarters: action, session, details.

    An adjustment comes once, as "adjustment.posted", by whichever event of it has its words.
    """
    rows = read(engine, "p.seq, p.payload", SPEAKING, "p.seq")
    words = {row.seq: json.loads(row.payload)["details"] for row in rows}
    known: set[int] = set()
    for event in read(engine, "seq, action, subject", "audit_events", "seq"):
        kind, _, name = event.subject.partition(":")
        number, details = int(name) if kind == "session" else 0, words.get(event.seq, {})
        action = event.action
        if action in ("adjustment.posted", "period.adjusted"):
            if details.get("adjustment", 0) in known or not details:
                continue
            known.add(details["adjustment"])
            action, number = "adjustment.posted", details.get("session", number)
        elif action == "period.locked":
            details = {**details, "period": name}
        yield action, number, details


def replayed(engine: Engine) -> Told:
    """Go through the log once."""
    log = Told(set(), {}, {}, {})
    for action, number, details in told(engine):
        if action == "period.carried":
            log.carried.update(dict.fromkeys(details["sessions"], details["to"]))
        elif action == "period.locked":
            log.signed[details["period"]] = details.get("M3c", {})
        elif action == "adjustment.posted":
            log.changes[details["adjustment"]] = (number, details)
        elif action in IN:
            log.counted.add(number)
        elif action in OUT:
            log.counted.discard(number)
    return log


def to_be_voided(engine: Engine) -> set[int]:
    """Return what it is proposed to void and was not: two locked ones of one person and day."""
    kinds: dict[str, set[int]] = defaultdict(set)
    for row in read(engine, "session_id, kind, status", "adjustments", "id"):
        kinds[row.status].update([row.session_id] if row.kind == "void" else [])
    return kinds["proposed"] - kinds["posted"]


def persons_by_year(days: Counts) -> dict[str, int]:
    """Count the people with at least one session left in a year, merged ones once."""
    people: dict[str, Counter[str]] = defaultdict(Counter)
    for (person, day), times in days.items():
        people[day[:4]][person] += times
    persons = {year: sum(n > 0 for n in found.values()) for year, found in people.items()}
    return {year: count for year, count in sorted(persons.items()) if count}


def on_tallies(engine: Engine, counts: Counts) -> Iterator[str]:
    """Compare with the sums that the pages read, by everything that they are split by."""
    columns = f'period, month, {", ".join(SPLITS)}, "count"'
    stored = Counter(
        {tuple(row[:-1]): row[-1] for row in read(engine, columns, "tallies", "period")}
    )
    for key in sorted(stored.keys() | counts.keys()):
        if stored[key] != counts[key]:
            yield f"{' '.join(key)}: recounted {counts[key]}, stored {stored[key]}"


def on_persons(engine: Engine, persons: dict[str, int]) -> Iterator[str]:
    """Compare the persons of every year."""
    stored = {str(row.year): row.persons for row in read(engine, "*", "year_persons", "year")}
    for year in sorted(stored.keys() | persons.keys()):
        if stored.get(year, 0) != persons.get(year, 0):
            yield f"{year}: recounted {persons.get(year, 0)}, stored {stored.get(year, 0)} persons"


def on_locked(engine: Engine, by_unit: Counts, signed: dict[str, dict[str, int]]) -> Iterator[str]:
    """Compare with what was signed, and is stored of it; "*" is the whole district."""
    rows = read(engine, "*", "period_values", "period")
    stored = {(row.period, row.org_unit): row.value for row in rows if row.indicator == "M3c"}
    values = {(period, unit): n for period, units in signed.items() for unit, n in units.items()}
    whole = summed(by_unit, 0)
    for key in sorted(stored.keys() | values.keys()):
        now = whole[key[:1]] if key[1] == "*" else by_unit[key]
        if not now == values.get(key) == stored.get(key):
            yield f"{' '.join(key)}: signed {values.get(key)}, stored {stored.get(key)}, is {now}"


def on_changes(engine: Engine, changes: Changes) -> Iterator[str]:
    """Compare the adjustments in force, by which figures are restated, with the log."""
    columns = "id, status, session_id, kind, period, amount, org_unit, to_unit"
    rows = read(engine, columns, "adjustments", "id")
    stored = {row.id: tuple(row[2:]) for row in rows if row.status == "posted"}
    words = ("kind", "period", "amount", "unit", "to_unit")
    logged = {one: (of, *(said[name] for name in words)) for one, (of, said) in changes.items()}
    for number in sorted(stored.keys() | logged.keys()):
        if stored.get(number) != logged.get(number):
            yield f"adjustment {number}: {stored.get(number)}, in the log {logged.get(number)}"


def main() -> None:
    """Run from the command line; exit status 1 when anything differs."""
    result = recount(create_engine(sys.argv[1]))
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    sys.exit(bool(result["differs"]))


if __name__ == "__main__":
    main()
