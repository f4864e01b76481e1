"""What adjustments did to sessions, in the words of a list, a page or a file."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.ledger.staff import unit_name
from guidance.lifecycle import COUNTED
from guidance.periods.adjustment import Adjustment, AdjustmentKind, posted_on, unit_after
from guidance.session import GuidanceSession

TONES = {AdjustmentKind.VOID: "bad", AdjustmentKind.ADD: "good", AdjustmentKind.RECLASSIFY: "warn"}


@dataclass(frozen=True, slots=True)
class Corrections:
    """The posted adjustments of one session."""

    changes: tuple[Adjustment, ...]
    counts: bool  # with them
    unit: str  # where it counts with them, or did before it was voided

    @property
    def tags(self) -> list[tuple[str, str]]:
        """What each did, with the tone of its tag."""
        return [(words_of(change), TONES[change.kind]) for change in self.changes]


def words_of(change: Adjustment) -> str:
    """Return what an adjustment did: 改归东街街道."""
    if change.kind is AdjustmentKind.RECLASSIFY:
        return f"改归{unit_name(change.to_unit)}"
    return "核减" if change.kind is AdjustmentKind.VOID else "补计"


def counts_after(counted: bool, changes: Iterable[Adjustment]) -> bool:
    """Whether a session counts once what was adjusted is taken in."""
    return int(counted) + sum(change.amount for change in changes) > 0


def corrections_of(db: Session, sessions: Iterable[GuidanceSession]) -> dict[int, Corrections]:
    """Return by number what was adjusted of some sessions; most have nothing."""
    by_number = {one.id: one for one in sessions}
    return {
        number: Corrections(
            tuple(changes),
            counts_after(by_number[number].state in COUNTED, changes),
            unit_after(by_number[number].org_unit, changes),
        )
        for number, changes in posted_on(db, by_number).items()
    }
