"""Outcomes that weights are learnt from, and versions of weights."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "match_outcomes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", MEMBER, nullable=False),
        sa.Column("person", sa.String, nullable=False, index=True),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("good", sa.Boolean, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("propensity", sa.Double, nullable=False),
        sa.Column("terms", OBJECT, nullable=False),
        sa.Column("weight_version", sa.String, nullable=False),
        sa.Column("happened_at", TIME, nullable=False),
        sa.Index("ix_match_outcomes_subject_happened_at", "subject", "happened_at"),
    )
    op.create_table(
        "weight_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", MEMBER, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("weights", OBJECT, nullable=False),
        sa.Column("base", sa.String, nullable=False),
        sa.Column("evidence", OBJECT, nullable=False),
        sa.Column("proposed_by", sa.String, nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("published_by", sa.String, nullable=False),
        sa.Column("published_at", TIME),
        sa.UniqueConstraint("subject", "number"),
        sa.Index(
            "uq_weight_versions_published_subject",
            "subject",
            unique=True,
            sqlite_where=sa.text("state = 'published'"),
            postgresql_where=sa.text("state = 'published'"),
        ),
    )
