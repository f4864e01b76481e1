"""Requests to erase a person, and words kept under lock until a statutory period ends."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"

TIME = sa.DateTime(timezone=True)
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.String, nullable=False, index=True),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.Column("restricted", sa.Integer, nullable=False),
        sa.Column("erased_at", TIME, nullable=False),
        sa.Column("purged_at", TIME),
    )
    op.create_table(
        "restricted_sessions",
        sa.Column(
            "session_id", sa.Integer, sa.ForeignKey("guidance_sessions.id"), primary_key=True
        ),
        sa.Column("words", OBJECT, nullable=False),
        sa.Column("restricted_at", TIME, nullable=False),
        sa.Column("asked_by", sa.String, nullable=False),
        sa.Column("asked_reason", sa.String, nullable=False),
        sa.Column("unlocked_by", sa.String, nullable=False),
        sa.Column("unlocked_at", TIME),
    )
