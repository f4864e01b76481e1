"""What is known of entrepreneurs, what they turned down, and what they were shown."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "entrepreneur_facts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("value", OBJECT, nullable=False),
        sa.Column("source", MEMBER, nullable=False),
        sa.Column("turn_id", sa.Integer),
        sa.Column("learned_at", TIME, nullable=False),
        sa.UniqueConstraint("person", "key"),
    )
    op.create_table(
        "profile_choices",
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("in_use", sa.Boolean, nullable=False),
        sa.Column("chosen_at", TIME, nullable=False),
    )
    op.create_table(
        "project_feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("project_code", sa.String, nullable=False),
        sa.Column("reason", MEMBER, nullable=False),
        sa.Column("list_id", sa.Integer),
        sa.Column("given_at", TIME, nullable=False),
        sa.UniqueConstraint("person", "project_code"),
    )
    op.create_table(
        "recommendation_lists",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("shown_in", MEMBER, nullable=False),
        sa.Column("turn_id", sa.Integer),
        sa.Column("shown_at", TIME, nullable=False, index=True),
        sa.Column("weight_version", sa.String, nullable=False),
        sa.Column("library_version", sa.String, nullable=False),
        sa.Column("facts", OBJECT, nullable=False),
        sa.Column("fitting", sa.Integer, nullable=False),
        sa.Column("relaxed", sa.Boolean, nullable=False),
        sa.Index("ix_recommendation_lists_person_id", "person", "id"),
    )
    op.create_table(
        "impressions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("list_id", sa.Integer, sa.ForeignKey("recommendation_lists.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("project_code", sa.String, nullable=False, index=True),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("propensity", sa.Double, nullable=False),
        sa.Column("terms", OBJECT, nullable=False),
        sa.UniqueConstraint("list_id", "position"),
    )
