"""Opinions of answers, gaps with their questions and contacts, runs of the test bench."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "turn_feedback",
        sa.Column("turn_id", sa.Integer, sa.ForeignKey("turns.id"), primary_key=True),
        sa.Column("helpful", sa.Boolean, nullable=False),
        sa.Column("complaints", sa.String, nullable=False),
        sa.Column("words", sa.String, nullable=False),
        sa.Column("given_at", TIME, nullable=False),
        sa.Index("ix_turn_feedback_helpful", "helpful", "turn_id"),
    )
    op.create_table(
        "gaps",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("leader", sa.LargeBinary, nullable=False),
        sa.Column("encoder", sa.String, nullable=False),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("org_unit", sa.String, nullable=False, index=True),
        sa.Column("duty", sa.String, nullable=False),
        sa.Column("question_count", sa.Integer, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("draft_title", sa.String, nullable=False),
        sa.Column("draft_text", sa.String, nullable=False),
        sa.Column("draft_source", sa.String, nullable=False),
        sa.Column("effective_on", sa.Date),
        sa.Column("expires_on", sa.Date),
        sa.Column("drafter_id", sa.Integer),
        sa.Column("approver_id", sa.Integer),
        sa.Column("document_id", sa.Integer),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Index("ix_gaps_state", "state", "due_on"),
    )
    op.create_table(
        "gap_questions",
        sa.Column("turn_id", sa.Integer, sa.ForeignKey("turns.id"), primary_key=True),
        sa.Column("gap_id", sa.Integer, sa.ForeignKey("gaps.id"), nullable=False, index=True),
    )
    op.create_table(
        "gap_contacts",
        sa.Column("turn_id", sa.Integer, sa.ForeignKey("turns.id"), primary_key=True),
        sa.Column("person", sa.String, nullable=False, index=True),
        sa.Column("phone", sa.String, nullable=False),
        sa.Column("consented_at", TIME, nullable=False),
        sa.Column("told_at", TIME),
        sa.Column("told_by", sa.String, nullable=False),
    )
    op.create_table(
        "bench_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("file_name", sa.String, nullable=False),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("question_count", sa.Integer, nullable=False),
        sa.Column("done_count", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("versions", OBJECT, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("finished_at", TIME),
    )
    op.create_table(
        "bench_results",
        sa.Column("run_id", sa.Integer, sa.ForeignKey("bench_runs.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("status", MEMBER, nullable=False),
        sa.Column("intent", MEMBER, nullable=False),
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("sources", sa.String, nullable=False),
        sa.Column("latency_ms", sa.Integer, nullable=False),
    )
