"""Questions handed over to people: the service desk of WeChat and of the web."""

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Nothing yet."""
