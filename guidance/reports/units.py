"""Streets and departments: counts, and beside them returns, rejections and proofs (G9)."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy.orm import Session

from guidance.counting.persons import PersonsOf
from guidance.lifecycle import SessionState
from guidance.periods.locking import PERSONS, locked_values, units_restated
from guidance.periods.record import DISTRICT
from guidance.periods.sample import verification_factors
from guidance.reports.figures import persons_by_unit, returned_by_unit
from guidance.reports.published import FIRST_AND_REVISED, Beside, units_original
from guidance.reports.suppression import HIDDEN, hiding_note, suppress
from guidance.reports.table import NOTHING, Cell, Table, percent
from guidance.review.queue import unit_rates

SUBMITTED = frozenset(
    {SessionState.PENDING, SessionState.RETURNED, SessionState.APPROVED, SessionState.LOCKED,
     SessionState.REJECTED}
)  # fmt: skip
LEAST_FOR_RATES = 20  # a published rate of fewer would give the count away
RATES = ("退回率", "不予计数率", "抽查证实率")
NOTE = "退回率、不予计数率以送审数为分母；到过两个单位的人在两处各计一人。"


def unit_table(db: Session, quarters: list[str], *, locked: bool, published: bool) -> Table:
    """Return the table; of locked quarters it leads with what was published of them.

    The 人 of a unit are published quarter by quarter only: those of a year are the present.
    """
    sessions = _beside(units_original(db, quarters), _restated(db, quarters))
    persons = _persons(db, quarters)
    submitted, rejected = _states(db, quarters)
    returned, proofs = returned_by_unit(db, quarters), _proofs(db, quarters)
    listed = sorted(
        unit for unit in sessions.keys() | submitted.keys()
        if unit in sessions or submitted[unit]
    )  # fmt: skip
    parts = _parts({unit: sessions.get(unit, Beside(0, 0)) for unit in listed}, published=published)
    names, places = _columns(quarters, locked=locked)
    # Once one unit is revised the column has a number of every unit, to be added up.
    both = any(one.is_revised for one in (*sessions.values(), *persons.values()))
    rows = []
    for unit, part in parts.items():
        due = submitted[unit]
        with_rates = due >= LEAST_FOR_RATES or not published
        counts: tuple[Cell, ...] = (HIDDEN,) * 4
        if part is not None:
            first, now = part.cells(published=published, both=both)
            of_unit = persons.get(unit, Beside(0, 0))
            people, people_now = of_unit.cells(published=published, both=both)
            counts = (first, people, now, people_now)
        rows.append((
            unit or DISTRICT,
            *(counts[place] for place in places),
            percent(returned.get(unit, 0), due) if due and with_rates else NOTHING,
            percent(rejected[unit], due) if due and with_rates else NOTHING,
            proofs.get(unit, NOTHING) if with_rates else NOTHING,
        ))  # fmt: skip
    columns = ("单位", *(names[place] for place in places), *RATES)
    note = hiding_note(listed, parts.values()) + NOTE
    return Table("units", "按街道和部门", columns, tuple(rows), note)


def _columns(quarters: list[str], *, locked: bool) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the names of 人次, 人 and both as revised, and the places of what is shown."""
    if not locked:
        return ("人次", "人"), (0, 1)
    if len(quarters) > 1:
        return ("人次（原公布值）", "人（含调整）", "人次（修订值）"), (0, 1, 2)
    return FIRST_AND_REVISED, (0, 1, 2, 3)


def _restated(db: Session, quarters: list[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in quarters:
        counts.update(units_restated(db, one))
    return counts


def _beside(original: Mapping[str, int], revised: Mapping[str, int]) -> dict[str, Beside]:
    """Return both of every unit that has either."""
    units = original.keys() | revised.keys()
    both = {unit: Beside(original.get(unit, 0), revised.get(unit, 0)) for unit in units}
    return {unit: one for unit, one in both.items() if one.original or one.revised}


def _persons(db: Session, quarters: list[str]) -> dict[str, Beside]:
    now = persons_by_unit(db, PersonsOf(quarters[0], quarters[-1]))
    then = locked_values(db, quarters[0], PERSONS) if len(quarters) == 1 else {}
    return _beside(then or now, now)


def _states(db: Session, quarters: list[str]) -> tuple[Counter[str], Counter[str]]:
    """Return how many sessions of every unit were submitted, and how many rejected."""
    submitted: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for one in quarters:
        for unit, states in unit_rates(db, one).items():
            submitted[unit] += sum(states.get(state, 0) for state in SUBMITTED)
            rejected[unit] += states.get(SessionState.REJECTED, 0)
    return submitted, rejected


def _parts(counts: dict[str, Beside], *, published: bool) -> dict[str, Beside | None]:
    """Return the counts to show; published ones without what may not be said of either value."""
    if not published or not counts:
        return dict(counts)
    first = suppress({unit: one.original for unit, one in counts.items()})
    now = suppress({unit: one.revised for unit, one in counts.items()})
    if not first or not now:
        return {}
    hidden = {unit for unit in counts if first[unit] is None or now[unit] is None}
    return {unit: None if unit in hidden else one for unit, one in counts.items()}


def _proofs(db: Session, quarters: list[str]) -> dict[str, str]:
    checked: Counter[str] = Counter()
    confirmed: Counter[str] = Counter()
    for one in quarters:
        for factor in verification_factors(db, one):
            checked[factor.org_unit] += factor.checked
            confirmed[factor.org_unit] += factor.confirmed
    return {unit: percent(confirmed[unit], n) for unit, n in checked.items() if n}
