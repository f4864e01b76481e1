"""Template and subscription messages, the switch of a channel."""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Nothing yet."""
