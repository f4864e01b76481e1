"""The register's own sources: returns of units, values by item, evidence of signed targets."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "quarterly_returns",
        sa.Column("period", sa.String(8), primary_key=True),
        sa.Column("org_unit", sa.String(60), primary_key=True),
        sa.Column("listed_by", sa.String, nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True)),
        sa.Column("received_by", sa.String, nullable=False),
    )
    op.add_column(
        "indicator_values", sa.Column("item", sa.String, nullable=False, server_default="")
    )
    op.add_column(
        "signed_definitions",
        sa.Column("evidence_digest", sa.String(64), nullable=False, server_default=""),
    )
    # The share of answers that helped, of a year.
    op.create_index("ix_turn_feedback_given", "turn_feedback", ["given_at", "helpful"])
