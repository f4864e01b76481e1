"""Questions handed over to people: the service desk of WeChat and of the web."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    _holidays_and_duty()
    _handovers()
    _kf_received()
    _kf_sent()


def _holidays_and_duty() -> None:
    op.create_table(
        "holiday_years",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("off", sa.String, nullable=False),
        sa.Column("worked", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("entered_at", TIME, nullable=False),
    )
    op.create_table(
        "duty_hours",
        sa.Column("org_unit", sa.String, primary_key=True),
        sa.Column("weekdays", sa.String, nullable=False),
        sa.Column("spans", sa.String, nullable=False),
        sa.Column("answer_days", sa.Integer, nullable=False),
        sa.Column("entered_at", TIME, nullable=False),
    )


def _handovers() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token", sa.String, nullable=False, unique=True),
        sa.Column("person", sa.String, nullable=False, index=True),
        sa.Column("channel", MEMBER, nullable=False),
        sa.Column("conversation_id", sa.String, sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("turn_id", sa.Integer, sa.ForeignKey("turns.id"), nullable=False),
        sa.Column("session_id", sa.Integer, sa.ForeignKey("guidance_sessions.id"), index=True),
        sa.Column("org_unit", sa.String, nullable=False, index=True),
        sa.Column("reason", MEMBER, nullable=False),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("taken_by", sa.Integer),
        sa.Column("taken_at", TIME),
        sa.Column("answered_at", TIME),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("closed_at", TIME),
        sa.Column("closing", sa.String, nullable=False),
        sa.Column("undelivered", sa.String, nullable=False),
        sa.Index("ix_handovers_state", "state", "due_on"),
        sa.Index("ix_handovers_conversation", "conversation_id"),
        sa.Index(
            "uq_handovers_open",
            "conversation_id",
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )
    op.create_table(
        "handover_words",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "handover_id", sa.Integer, sa.ForeignKey("handovers.id"), nullable=False, index=True
        ),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("said_at", TIME, nullable=False),
    )


def _kf_received() -> None:
    op.create_table(
        "kf_cursors",
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("open_kfid", sa.String, primary_key=True),
        sa.Column("cursor", sa.String, nullable=False),
        sa.Column("token", sa.String, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("leased_until", TIME, nullable=False),
        sa.Column("synced_at", TIME),
        sa.Column("problem", sa.String, nullable=False),
    )
    op.create_table(
        "kf_messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("open_kfid", sa.String, nullable=False),
        sa.Column("message_key", sa.String, nullable=False),
        sa.Column("external_userid", sa.String, nullable=False),
        sa.Column("kind", MEMBER, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("servicer", sa.String, nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("leased_until", TIME, nullable=False),
        sa.Column("settled_at", TIME),
        sa.UniqueConstraint("account", "message_key"),
        sa.Index("ix_kf_messages_person", "account", "external_userid"),
        sa.Index(
            "ix_kf_messages_unsettled",
            "leased_until",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        ),
    )
    op.create_table(
        "kf_contacts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("open_kfid", sa.String, nullable=False),
        sa.Column("external_userid", sa.String, nullable=False),
        sa.Column("person", sa.String, nullable=False, index=True),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("window_until", TIME, nullable=False),
        sa.Column("sends_left", sa.Integer, nullable=False),
        sa.Column("with_people", sa.Boolean, nullable=False),
        sa.Column("servicer", sa.String, nullable=False),
        sa.UniqueConstraint("account", "open_kfid", "external_userid"),
    )


def _kf_sent() -> None:
    op.create_table(
        "kf_outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("open_kfid", sa.String, nullable=False),
        sa.Column("external_userid", sa.String, nullable=False),
        sa.Column("send_id", sa.String, nullable=False, unique=True),
        sa.Column("task", MEMBER, nullable=False),
        sa.Column("body", OBJECT, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("handover_id", sa.Integer),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("finished_at", TIME),
        sa.Column("problem", sa.String, nullable=False),
        sa.Index("ix_kf_outbox_person", "account", "external_userid"),
        sa.Index(
            "ix_kf_outbox_waiting",
            "due_at",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
    )
