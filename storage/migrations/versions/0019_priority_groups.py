"""Groups that the plan favours: on a need for a mentor, and what serving them costs a run."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"

DATA = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    groups = sa.Column("groups", DATA, nullable=False, server_default="[]")
    op.add_column("mentoring_needs", groups)
    floor = sa.Column("floor", sa.String, nullable=False, server_default="")
    op.add_column("assignment_runs", floor)
