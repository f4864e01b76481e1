"""Tables of mentorship."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
DATA = sa.JSON().with_variant(JSONB(), "postgresql")
OPEN = sa.text("state IN ('waiting', 'proposed', 'paired')")
SEATED = sa.text("state IN ('proposed', 'accepted', 'active')")


def upgrade() -> None:
    op.create_table(
        "mentoring_needs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.String, nullable=False, index=True),
        sa.Column("state", MEMBER, nullable=False, index=True),
        sa.Column("topics", DATA, nullable=False),
        sa.Column("industry", sa.String, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("street", sa.String, nullable=False),
        sa.Column("languages", DATA, nullable=False),
        sa.Column("slots", DATA, nullable=False),
        sa.Column("online", sa.Boolean, nullable=False),
        sa.Column("onsite", sa.Boolean, nullable=False),
        sa.Column("words", sa.String, nullable=False),
        sa.Column("wanted_mentor", MEMBER, nullable=False),
        sa.Column("project_code", sa.String, nullable=False),
        sa.Column("rounds", sa.Integer, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("closed_at", TIME),
        sa.Index(
            "uq_mentoring_needs_person_open",
            "person",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
    )
    op.create_table(
        "mentoring_contacts",
        sa.Column("need_id", sa.Integer, sa.ForeignKey("mentoring_needs.id"), primary_key=True),
        sa.Column("phone", sa.String, nullable=False),
        sa.Column("consented_at", TIME, nullable=False),
    )
    op.create_table(
        "assignment_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("certificate", DATA, nullable=False),
        sa.Column("pairs", DATA, nullable=False),
        sa.Column("new_pairs", DATA, nullable=False),
        sa.Column("dropped_pairs", DATA, nullable=False),
        sa.Column("applied_at", TIME),
    )
    op.create_table(
        "pairings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "need_id",
            sa.Integer,
            sa.ForeignKey("mentoring_needs.id"),
            nullable=False,
            index=True,
        ),
        sa.Column("mentor_code", MEMBER, nullable=False),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("assignment_runs.id")),
        sa.Column("proposed_by", sa.String, nullable=False),
        sa.Column("reasons", DATA, nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("deadline_at", TIME, nullable=False),
        sa.Column("reminded_at", TIME),
        sa.Column("answered_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("words", sa.String, nullable=False),
        sa.Column("other_time", sa.String, nullable=False),
        sa.Column("rating", sa.Integer),
        sa.Index(
            "uq_pairings_need_seated",
            "need_id",
            unique=True,
            sqlite_where=SEATED,
            postgresql_where=SEATED,
        ),
        sa.Index("ix_pairings_mentor_code_state", "mentor_code", "state"),
        sa.Index("ix_pairings_state_deadline_at", "state", "deadline_at"),
    )
