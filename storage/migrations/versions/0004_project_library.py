"""Projects of the library, their steps and their versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, nullable=False, unique=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("completeness", sa.Integer, nullable=False),
        sa.Column("summary", sa.String, nullable=False),
        sa.Column("kind", MEMBER, nullable=False),
        sa.Column("industry_code", sa.String, nullable=False, index=True),
        sa.Column("industry_label", sa.String, nullable=False),
        sa.Column("investment_min_yuan", sa.Integer),
        sa.Column("investment_max_yuan", sa.Integer),
        sa.Column("monthly_profit_min_yuan", sa.Integer),
        sa.Column("monthly_profit_max_yuan", sa.Integer),
        sa.Column("monthly_cost_yuan", sa.Integer),
        sa.Column("reserve_months", sa.Integer),
        sa.Column("payback_months", sa.Integer),
        sa.Column("premises_kind", MEMBER, nullable=False),
        sa.Column("premises_min_m2", sa.Integer),
        sa.Column("premises_max_m2", sa.Integer),
        sa.Column("staff_min", sa.Integer),
        sa.Column("staff_max", sa.Integer),
        sa.Column("jobs", sa.Integer),
        sa.Column("skills", sa.String, nullable=False),
        sa.Column("equipment", sa.String, nullable=False),
        sa.Column("groups", sa.String, nullable=False),
        sa.Column("hours", MEMBER, nullable=False),
        sa.Column("remote_capable", sa.Boolean, nullable=False),
        sa.Column("streets", sa.String, nullable=False),
        sa.Column("season_months", sa.String, nullable=False),
        sa.Column("policy_topics", sa.String, nullable=False),
        sa.Column("risk_level", sa.Integer),
        sa.Column("activity_text", sa.String, nullable=False),
        sa.Column("earnings_text", sa.String, nullable=False),
        sa.Column("permits_text", sa.String, nullable=False),
        sa.Column("costs_text", sa.String, nullable=False),
        sa.Column("market_text", sa.String, nullable=False),
        sa.Column("risk_text", sa.String, nullable=False),
        sa.Column("success_text", sa.String, nullable=False),
        sa.Column("failure_text", sa.String, nullable=False),
        sa.Column("suits_text", sa.String, nullable=False),
        sa.Column("basis_text", sa.String, nullable=False),
        sa.Column("basis_on", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("last_verified_on", sa.Date),
        sa.Column("next_review_on", sa.Date, index=True),
        sa.Column("holder_name", sa.String, nullable=False),
        sa.Column("holder_right", MEMBER),
        sa.Column("holder_papers", sa.String, nullable=False),
        sa.Column("holder_support", sa.String, nullable=False),
        sa.Column("contact_name", sa.String, nullable=False),
        sa.Column("contact_phone", sa.String, nullable=False),
        sa.Column("source_channel", MEMBER),
        sa.Column("recommended_by", sa.String, nullable=False),
        sa.Column("adopted_count", sa.Integer, nullable=False),
        sa.Column("survived_6_months", sa.Integer, nullable=False),
        sa.Column("survived_12_months", sa.Integer, nullable=False),
        sa.Column("shipped", sa.Boolean, nullable=False),
        sa.Column("pack_digest", sa.String, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.CheckConstraint(
            "investment_min_yuan IS NULL OR investment_max_yuan IS NULL OR investment_min_yuan <= investment_max_yuan",
            name="ck_projects_investment",
        ),
        sa.CheckConstraint(
            "risk_level IS NULL OR risk_level BETWEEN 1 AND 3", name="ck_projects_risk_level"
        ),
        sa.CheckConstraint(
            "state NOT IN ('promoted', 'followed') OR length(trim(risk_text)) > 0",
            name="ck_projects_risk_stated",
        ),
    )
    op.create_table(
        "project_steps",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "project_id", sa.Integer, sa.ForeignKey("projects.id"), nullable=False, index=True
        ),
        sa.Column("action", MEMBER, nullable=False),
        sa.Column("from_state", MEMBER, nullable=False),
        sa.Column("to_state", MEMBER, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("opinion", sa.String, nullable=False),
        sa.Column("actor_kind", sa.String, nullable=False),
        sa.Column("actor_id", sa.String, nullable=False),
        sa.Column("actor_name", sa.String, nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_table(
        "project_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("project_id", sa.Integer, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", OBJECT, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("actor_kind", sa.String, nullable=False),
        sa.Column("actor_id", sa.String, nullable=False),
        sa.Column("actor_name", sa.String, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.UniqueConstraint("project_id", "version"),
    )
    op.create_table(
        "spreadsheet_jobs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("file_name", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("data", sa.LargeBinary),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("rows_done", sa.Integer, nullable=False),
        sa.Column("rows_total", sa.Integer, nullable=False),
        sa.Column("preview", OBJECT, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    op.create_index("ix_projects_state_code", "projects", ["state", "code"])
