"""Indexes for the filters of the ledger at a million sessions."""

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Nothing yet."""
