"""Where a department is found: offices entered by the administrator."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "service_offices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("phone", sa.String, nullable=False),
        sa.Column("hours", sa.String, nullable=False),
        sa.Column("bring", sa.String, nullable=False),
        sa.Column("directions", sa.String, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("entered_on", sa.Date, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.UniqueConstraint("number", "version"),
    )
