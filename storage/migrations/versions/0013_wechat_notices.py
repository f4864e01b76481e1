"""Template and subscription messages, the switch of a channel."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("wechat_outbox") as table:
        table.add_column(sa.Column("notice", OBJECT))
        table.add_column(sa.Column("way", MEMBER, nullable=False, server_default="customer"))
        table.add_column(sa.Column("refused_ways", sa.String, nullable=False, server_default=""))
        table.add_column(sa.Column("taken_as", sa.String, nullable=False, server_default=""))
        table.add_column(sa.Column("useful_until", TIME))
    op.create_index("ix_wechat_messages_received_at", "wechat_messages", ["received_at"])
    op.create_index("ix_wechat_outbox_account_openid", "wechat_outbox", ["account", "openid"])
    op.create_index(
        "ix_wechat_outbox_held",
        "wechat_outbox",
        ["useful_until"],
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "wechat_grants",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("openid", sa.String, nullable=False),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("pushes_left", sa.Integer, nullable=False),
        sa.Column("granted_at", TIME, nullable=False),
        sa.UniqueConstraint("account", "openid", "template"),
    )
    op.create_table(
        "wechat_channels",
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("stopped_at", TIME),
        sa.Column("stopped_for", sa.String, nullable=False),
        sa.Column("heard_at", TIME),
        sa.Column("clock_off_s", sa.Integer, nullable=False),
        sa.Column("refused_at", TIME),
        sa.Column("refusal", sa.String, nullable=False),
        sa.Column("refused_count", sa.Integer, nullable=False),
        sa.Column("checked_at", TIME),
        sa.Column("checks", OBJECT, nullable=False),
    )
    op.create_table(
        "wechat_trials",
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("state", OBJECT, nullable=False),
    )
