"""Where a department is found: offices entered by the administrator."""

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Nothing yet."""
