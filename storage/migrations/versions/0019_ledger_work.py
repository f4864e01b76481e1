"""What the remaining pages of the ledger store."""

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Nothing yet."""
