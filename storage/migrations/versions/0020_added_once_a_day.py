"""One adjustment that adds, for a person and day: as one session that counts."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

ADDED = "status = 'posted' AND kind = 'add'"


def upgrade() -> None:
    op.create_index(
        "uq_adjustments_added",
        "adjustments",
        ["person", "count_on"],
        unique=True,
        sqlite_where=sa.text(ADDED),
        postgresql_where=sa.text(ADDED),
    )
