"""Policy documents with their clauses; conversations, sessions and turns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "policy_documents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("series", sa.String, nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("doc_number", sa.String),
        sa.Column("issuer", sa.String),
        sa.Column("level", MEMBER),
        sa.Column("published_on", sa.Date),
        sa.Column("effective_on", sa.Date),
        sa.Column("expires_on", sa.Date),
        sa.Column("replaced_on", sa.Date),
        sa.Column("status", MEMBER, nullable=False),
        sa.Column("supersedes_id", sa.Integer, sa.ForeignKey("policy_documents.id")),
        sa.Column("as_of", sa.Date),
        sa.Column("caveat", sa.String),
        sa.Column("restated", sa.Boolean, nullable=False),
        sa.Column("source_name", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("loaded_at", TIME, nullable=False),
        sa.UniqueConstraint("series", "version"),
        sa.CheckConstraint(
            "expires_on IS NULL OR effective_on IS NULL OR effective_on <= expires_on"
        ),
    )
    op.create_table(
        "clauses",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document_id", sa.Integer, sa.ForeignKey("policy_documents.id"), nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("clauses.id")),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("depth", sa.Integer, nullable=False),
        sa.Column("kind", MEMBER, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("heading", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.UniqueConstraint("document_id", "position"),
        sa.Index("ix_clauses_address", "document_id", "address"),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("person", sa.String, nullable=False, index=True),
        sa.Column("channel", MEMBER, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
    )
    op.create_table(
        "guidance_sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("channel", MEMBER, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("last_turn_at", TIME, nullable=False),
        sa.Column("closed_at", TIME),
        sa.Column("turn_count", sa.Integer, nullable=False),
        sa.Index(
            "uq_guidance_sessions_open_person",
            "person",
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )
    op.create_table(
        "turns",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", sa.Integer, sa.ForeignKey("guidance_sessions.id"), nullable=False),
        sa.Column("conversation_id", sa.String, sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("channel", MEMBER, nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("completed_question", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("intent", sa.String, nullable=False),
        sa.Column("answer_text", sa.String, nullable=False),
        sa.Column("reply", OBJECT, nullable=False),
        sa.Column("versions", OBJECT, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("answered_at", TIME, nullable=False),
        sa.Column("latency_ms", sa.Integer, nullable=False),
        sa.UniqueConstraint("channel", "message_id"),
        sa.UniqueConstraint("session_id", "sequence"),
        sa.Index("ix_turns_conversation_id_id", "conversation_id", "id"),
    )
