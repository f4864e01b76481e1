"""Telephone numbers verified by a code, and web logins through WeChat."""

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Nothing yet."""
