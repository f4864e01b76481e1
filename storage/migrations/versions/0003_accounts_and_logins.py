"""Accounts, signed-in browsers, failed logins and sign-ins under way."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
DIGEST = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("login", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("roles", sa.String, nullable=False),
        sa.Column("org_unit", sa.String, nullable=False),
        sa.Column("mentor_code", sa.String(32), unique=True),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.String),
        sa.Column("must_change_password", sa.Boolean, nullable=False),
        sa.Column("password_changed_at", TIME),
        sa.Column("link_hash", DIGEST, unique=True),
        sa.Column("link_expires_at", TIME),
        sa.Column("external_id", sa.String, unique=True),
        sa.Column("oidc_subject", sa.String, unique=True),
        sa.Column("code_secret", sa.String),
        sa.Column("code_step", sa.Integer),
        sa.Column("recovery_hashes", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_login_at", TIME),
    )
    op.create_table(
        "web_sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", DIGEST, nullable=False, unique=True),
        sa.Column(
            "account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False, index=True
        ),
        sa.Column("stage", MEMBER, nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("idle_until", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False, index=True),
    )
    op.create_table(
        "login_attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", DIGEST, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Index("ix_login_attempts_key_at", "key", "at"),
    )
    op.create_table(
        "sign_in_requests",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state_hash", DIGEST, nullable=False, unique=True),
        sa.Column("nonce", sa.String, nullable=False),
        sa.Column("code_verifier", sa.String, nullable=False),
        sa.Column("next_path", sa.String, nullable=False),
        sa.Column("expires_at", TIME, nullable=False, index=True),
    )
