"""The register of mentors."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
DATA = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "mentors",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(32), nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("gender", sa.String, nullable=False),
        sa.Column("born_on", sa.Date),
        sa.Column("ethnicity", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("degree", sa.String, nullable=False),
        sa.Column("work_unit", sa.String, nullable=False),
        sa.Column("phone", sa.String, nullable=False),
        sa.Column("introduction", sa.String, nullable=False),
        sa.Column("notes", sa.String, nullable=False),
        sa.Column("experience_years", sa.Integer, nullable=False),
        sa.Column("category", MEMBER, nullable=False),
        sa.Column("origin", MEMBER, nullable=False),
        sa.Column("state", MEMBER, nullable=False, index=True),
        sa.Column("term_start_on", sa.Date, nullable=False),
        sa.Column("term_end_on", sa.Date, nullable=False),
        sa.Column("certificate_number", sa.String, nullable=False),
        sa.Column("renewals", sa.Integer, nullable=False),
        sa.Column("dismissed_on", sa.Date),
        sa.Column("dismissal_reason", sa.String, nullable=False),
        sa.Column("concurrent_cap", sa.Integer, nullable=False),
        sa.Column("yearly_cap", sa.Integer, nullable=False),
        sa.Column("weekly_cap", sa.Integer, nullable=False),
        sa.Column("duty_sessions", sa.Integer, nullable=False),
        sa.Column("duty_minutes", sa.Integer, nullable=False),
        sa.Column("held", sa.Integer, nullable=False),
        sa.Column("topics", DATA, nullable=False),
        sa.Column("industries", DATA, nullable=False),
        sa.Column("stages", DATA, nullable=False),
        sa.Column("streets", DATA, nullable=False),
        sa.Column("languages", DATA, nullable=False),
        sa.Column("slots", DATA, nullable=False),
        sa.Column("pauses", DATA, nullable=False),
        sa.Column("conflicts", DATA, nullable=False),
        sa.Column("online", sa.Boolean, nullable=False),
        sa.Column("onsite", sa.Boolean, nullable=False),
        sa.Column("asynchronous", sa.Boolean, nullable=False),
        sa.Column("guides_minors", sa.Boolean, nullable=False),
        sa.Column("proposals_answered", sa.Integer, nullable=False),
        sa.Column("proposals_accepted", sa.Integer, nullable=False),
        sa.Column("ratings", sa.Integer, nullable=False),
        sa.Column("rating_sum", sa.Double, nullable=False),
        sa.Column("sample", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.CheckConstraint("held >= 0", name="held_not_negative"),
        sa.CheckConstraint("term_start_on <= term_end_on", name="term_in_order"),
        sa.CheckConstraint(
            "concurrent_cap >= 0 AND yearly_cap >= 0 AND weekly_cap >= 0", name="caps_not_negative"
        ),
    )
