"""WeChat: messages as they arrived, nonces, followers, the outbox and access tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "wechat_messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("message_key", sa.String, nullable=False),
        sa.Column("openid", sa.String, nullable=False),
        sa.Column("account_id", sa.String, nullable=False),
        sa.Column("kind", MEMBER, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("token", sa.String, nullable=False, unique=True),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("leased_until", TIME, nullable=False),
        sa.Column("delivery", MEMBER),
        sa.Column("settled_at", TIME),
        sa.UniqueConstraint("account", "message_key"),
        sa.Index(
            "ix_wechat_messages_unsettled",
            "leased_until",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        ),
        sa.Index("ix_wechat_messages_openid", "account", "openid"),
    )
    op.create_table(
        "wechat_nonces",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("signature", sa.String, nullable=False),
        sa.Column("seen_at", TIME, nullable=False, index=True),
    )
    op.create_table(
        "wechat_contacts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("openid", sa.String, nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("left_at", TIME),
        sa.Column("window_until", TIME, nullable=False),
        sa.Column("pushes_left", sa.Integer, nullable=False),
        sa.UniqueConstraint("account", "openid"),
    )
    op.create_table(
        "wechat_outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("openid", sa.String, nullable=False),
        sa.Column("cause", sa.String, nullable=False, unique=True),
        sa.Column("body", OBJECT, nullable=False),
        sa.Column("fallback", sa.String, nullable=False),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("finished_at", TIME),
        sa.Column("problem", sa.String, nullable=False),
        sa.Index(
            "ix_wechat_outbox_waiting",
            "due_at",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
    )
    op.create_table(
        "wechat_tokens",
        sa.Column("appid", sa.String, primary_key=True),
        sa.Column("token", sa.String, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
