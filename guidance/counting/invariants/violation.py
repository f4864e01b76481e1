"""What a check of the ledger finds."""

from dataclasses import dataclass

MOST = 20  # of one kind; whoever reads them looks into the matter anyway
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold, and where."""

    invariant: str
    what: str  # Chinese
