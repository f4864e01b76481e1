"""Telephone numbers verified by a code, WeChat bound to people, and web logins through WeChat."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

TIME = sa.DateTime(timezone=True)
DIGEST = sa.String(64)


def upgrade() -> None:
    with op.batch_alter_table("people") as table:
        table.add_column(sa.Column("virtual", sa.Boolean, nullable=False, server_default="0"))
    with op.batch_alter_table("wechat_contacts") as table:
        table.add_column(sa.Column("person", sa.String, nullable=False, server_default=""))
        table.create_index("ix_wechat_contacts_person", ["person"])
    op.create_table(
        "wechat_links",
        sa.Column("receiver", sa.String, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("openid", sa.String, nullable=False),
        sa.Column("person", sa.String, nullable=False, index=True),
        sa.Column("proof", sa.String(32), nullable=False),
        sa.Column("linked_at", TIME, nullable=False),
        sa.Column("settled_at", TIME),
        sa.Index("ix_wechat_links_account_openid", "account", "openid"),
    )
    op.create_table(
        "binding_codes",
        sa.Column("receiver", sa.String, primary_key=True),
        sa.Column("digest", DIGEST, nullable=False, unique=True),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_table(
        "wechat_unions",
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("digest", DIGEST, nullable=False, index=True),
        sa.Column("asked_at", TIME, nullable=False),
    )
    op.create_table(
        "wechat_logins",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("visitor", sa.String, nullable=False, index=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("next_path", sa.String, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_table(
        "phone_codes",
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("number_digest", DIGEST, nullable=False),
        sa.Column("code_digest", DIGEST, nullable=False),
        sa.Column("tries_left", sa.Integer, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_table(
        "identity_attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", DIGEST, nullable=False),
        sa.Column("at", TIME, nullable=False, index=True),
        sa.Index("ix_identity_attempts_key_at", "key", "at"),
    )
