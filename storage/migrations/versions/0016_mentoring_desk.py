"""What mentors and staff change about pairings."""

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Nothing yet."""
