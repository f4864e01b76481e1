"""The ledger: states of sessions, identities, reviews, quarters, adjustments, indicators."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
DIGEST = sa.String(64)
PERIOD = sa.String(8)
DATA = sa.JSON().with_variant(JSONB(), "postgresql")
HOLDS_DAY = "state IN ('approved', 'locked', 'pending_review', 'qualified', 'returned')"
FROZEN = [
    "id",
    "person",
    "channel",
    "opened_at",
    "last_turn_at",
    "closed_at",
    "turn_count",
    "service_line",
    "state",
    "count_on",
    "period",
    "counts_for",
    "identity_level",
    "org_unit",
    "provider",
    "recorder",
    "submitter",
    "approver",
    "minutes",
    "seal",
    "recorded_at",
    "rule_version",
    "codes",
    "flags",
    "submitted_at",
    "decided_at",
]


def upgrade() -> None:
    _extend_sessions()
    _number_sessions()
    _add_people()
    _add_counters()
    _add_decisions()
    _add_periods()
    _add_evidence()
    _add_indicators()
    _freeze_locked()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False, server_default="")


def _extend_sessions() -> None:
    with op.batch_alter_table("guidance_sessions") as table:
        table.drop_index("uq_guidance_sessions_open_person")
        table.add_column(
            sa.Column("service_line", MEMBER, nullable=False, server_default="assistant")
        )
        table.add_column(sa.Column("state", MEMBER, nullable=False, server_default="open"))
        table.add_column(sa.Column("count_on", sa.Date))
        table.add_column(sa.Column("period", PERIOD))
        table.add_column(sa.Column("counts_for", sa.String))
        table.add_column(
            sa.Column("identity_level", MEMBER, nullable=False, server_default="visitor")
        )
        for name in ("org_unit", "provider", "recorder", "submitter", "approver"):
            table.add_column(_text(name))
        table.add_column(sa.Column("minutes", sa.Integer, nullable=False, server_default="0"))
        for name in ("place", "topic", "summary", "supplement"):
            table.add_column(_text(name))
        table.add_column(sa.Column("confirm_digest", DIGEST, nullable=False, server_default=""))
        table.add_column(sa.Column("confirmed_at", TIME))
        for name in ("seal", "seal_salt"):
            table.add_column(sa.Column(name, DIGEST, nullable=False, server_default=""))
        table.add_column(sa.Column("recorded_at", TIME))
        table.add_column(sa.Column("wording", DIGEST, nullable=False, server_default=""))
        table.add_column(sa.Column("continues_id", sa.Integer))
        table.add_column(sa.Column("merged_into_id", sa.Integer))
        for name in ("rule_version", "codes", "flags"):
            table.add_column(_text(name))
        for name in ("submitted_at", "decided_at"):
            table.add_column(sa.Column(name, TIME))
        table.add_column(
            sa.Column("appealed", sa.Boolean, nullable=False, server_default=sa.false())
        )
        table.add_column(sa.Column("erased_at", TIME))


def _number_sessions() -> None:
    """Give the sessions recorded so far their day, quarter, person and state."""
    if op.get_bind().dialect.name == "postgresql":
        day = "((opened_at AT TIME ZONE 'UTC') + interval '8 hours')::date"
        quarter = "to_char(count_on, 'YYYY\"Q\"Q')"
    else:
        day = "date(opened_at, '+8 hours')"
        quarter = (
            "strftime('%Y', count_on) || 'Q' || ((CAST(strftime('%m', count_on) AS INT) + 2) / 3)"
        )
    op.execute(
        f"UPDATE guidance_sessions SET count_on = {day}, counts_for = person,"
        " state = CASE WHEN closed_at IS NULL THEN 'open' ELSE 'recorded' END"
    )
    op.execute(f"UPDATE guidance_sessions SET period = {quarter}")
    with op.batch_alter_table("guidance_sessions") as table:
        table.alter_column("count_on", existing_type=sa.Date, nullable=False)
        table.alter_column("period", existing_type=PERIOD, nullable=False)
        table.alter_column("counts_for", existing_type=sa.String, nullable=False)
    for name, columns, condition in (
        ("uq_guidance_sessions_open", ["person", "service_line"], "closed_at IS NULL"),
        ("uq_guidance_sessions_day", ["counts_for", "count_on"], HOLDS_DAY),
    ):
        op.create_index(
            name,
            "guidance_sessions",
            columns,
            unique=True,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    for name, columns in (
        ("state", ["state", "id"]),
        ("unit", ["state", "org_unit", "id"]),
        ("period", ["period", "state", "id"]),
        ("person", ["counts_for", "opened_at"]),
        ("provider", ["provider", "count_on"]),
        ("wording", ["wording", "counts_for"]),
    ):
        op.create_index(f"ix_guidance_sessions_{name}", "guidance_sessions", columns)


def _add_people() -> None:
    op.create_table(
        "people",
        sa.Column("reference", sa.String, primary_key=True),
        sa.Column("merged_into", sa.String, index=True),
        sa.Column("internal", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.String, nullable=False, index=True),
        sa.Column("kind", MEMBER, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("verified_by", sa.String, nullable=False),
        sa.Column("verified_at", TIME, nullable=False),
        sa.UniqueConstraint("kind", "digest"),
    )


def _add_counters() -> None:
    op.create_table(
        "tallies",
        sa.Column("period", PERIOD, primary_key=True),
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("org_unit", sa.String, primary_key=True),
        sa.Column("service_line", MEMBER, primary_key=True),
        sa.Column("channel", MEMBER, primary_key=True),
        sa.Column("identity_level", MEMBER, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "person_years",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "year_persons",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("persons", sa.Integer, nullable=False),
    )


def _add_decisions() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", MEMBER, nullable=False),
        sa.Column("subject", sa.String, nullable=False, index=True),
        sa.Column("details", DATA, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("status", MEMBER, nullable=False),
        sa.Column("proposed_by", sa.String, nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("decided_at", TIME),
        sa.Column("decision_reason", sa.String, nullable=False),
        sa.Index("ix_proposals_status", "status", "kind", "id"),
    )
    op.create_table(
        "rule_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("effective_from", PERIOD, nullable=False),
        sa.Column("rules", DATA, nullable=False),
        sa.Column("approval_number", sa.String, nullable=False),
        sa.Column("proposal_id", sa.Integer, sa.ForeignKey("proposals.id"), nullable=False),
        sa.Column("confirmed_at", TIME, nullable=False),
    )
    op.create_table(
        "adjustments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", MEMBER, nullable=False),
        sa.Column("period", PERIOD, nullable=False, index=True),
        sa.Column("posted_in", PERIOD, nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("session_id", sa.Integer, sa.ForeignKey("guidance_sessions.id")),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("count_on", sa.Date, nullable=False),
        sa.Column("org_unit", sa.String, nullable=False),
        sa.Column("to_unit", sa.String, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("evidence_digest", DIGEST, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("status", MEMBER, nullable=False),
        sa.Column("proposed_by", sa.String, nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("decided_at", TIME),
    )
    posted = "status = 'posted' AND kind <> 'reclassify'"
    op.create_index(
        "uq_adjustments_posted",
        "adjustments",
        ["session_id", "kind"],
        unique=True,
        sqlite_where=sa.text(posted),
        postgresql_where=sa.text(posted),
    )


def _add_periods() -> None:
    op.create_table(
        "periods",
        sa.Column("period", PERIOD, primary_key=True),
        sa.Column("state", MEMBER, nullable=False),
        sa.Column("seed_digest", DIGEST, nullable=False),
        sa.Column("seed", DIGEST, nullable=False),
        sa.Column("closed_by", sa.String, nullable=False),
        sa.Column("closed_at", TIME),
        sa.Column("frame_root", DIGEST, nullable=False),
        sa.Column("prepared_by", sa.String, nullable=False),
        sa.Column("signed_by", sa.String, nullable=False),
        sa.Column("locked_at", TIME),
        sa.Column("members_root", DIGEST, nullable=False),
        sa.Column("as_of_seq", sa.Integer, nullable=False),
    )
    op.create_table(
        "period_values",
        sa.Column("period", PERIOD, sa.ForeignKey("periods.period"), primary_key=True),
        sa.Column("indicator", sa.String(16), primary_key=True),
        sa.Column("org_unit", sa.String, primary_key=True),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("definition_version", sa.String, nullable=False),
        sa.Column("rule_version", sa.String, nullable=False),
        sa.Column("members_root", DIGEST, nullable=False),
        sa.Column("as_of_seq", sa.Integer, nullable=False),
    )
    op.create_table(
        "sample_items",
        sa.Column("period", PERIOD, sa.ForeignKey("periods.period"), primary_key=True),
        sa.Column(
            "session_id", sa.Integer, sa.ForeignKey("guidance_sessions.id"), primary_key=True
        ),
        sa.Column("stratum", sa.String, nullable=False),
        sa.Column("why", MEMBER, nullable=False),
        sa.Column("outcome", MEMBER, nullable=False),
        sa.Column("checked_by", sa.String, nullable=False),
        sa.Column("checked_at", TIME),
        sa.Column("note", sa.String, nullable=False),
    )


def _add_evidence() -> None:
    op.create_table(
        "evidence_files",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("uploaded_by", sa.String, nullable=False),
        sa.Column("uploaded_at", TIME, nullable=False),
    )
    op.create_table(
        "session_evidence",
        sa.Column(
            "session_id", sa.Integer, sa.ForeignKey("guidance_sessions.id"), primary_key=True
        ),
        sa.Column("digest", DIGEST, sa.ForeignKey("evidence_files.digest"), primary_key=True),
        sa.Column("added_by", sa.String, nullable=False),
        sa.Column("added_at", TIME, nullable=False),
    )


def _add_indicators() -> None:
    op.create_table(
        "indicator_values",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("indicator", sa.String(16), nullable=False),
        sa.Column("as_of_on", sa.Date, nullable=False),
        sa.Column("value", sa.Numeric(18, 4), nullable=False),
        sa.Column("sample_size", sa.Integer),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("row_number", sa.Integer),
        sa.Column("evidence_digest", DIGEST, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("status", MEMBER, nullable=False),
        sa.Column("uploaded_by", sa.String, nullable=False),
        sa.Column("uploaded_at", TIME, nullable=False),
        sa.Column("reviewed_by", sa.String, nullable=False),
        sa.Column("reviewed_at", TIME),
        sa.Column("review_reason", sa.String, nullable=False),
        sa.Index("ix_indicator_values_indicator", "indicator", "status", "as_of_on"),
    )
    op.create_table(
        "signed_definitions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", sa.String(32), nullable=False, index=True),
        sa.Column("choice", sa.String, nullable=False),
        sa.Column("wording", sa.String, nullable=False),
        sa.Column("approval_number", sa.String, nullable=False),
        sa.Column("proposal_id", sa.Integer, sa.ForeignKey("proposals.id"), nullable=False),
        sa.Column("signed_at", TIME, nullable=False),
    )


def _freeze_locked() -> None:
    """Let nobody change what counts in a locked session; a later copy of the table redoes it."""
    if op.get_bind().dialect.name == "postgresql":
        changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in FROZEN)
        op.execute(
            "CREATE FUNCTION session_locked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'guidance_sessions: locked'; END $$"
        )
        op.execute(
            "CREATE TRIGGER guidance_sessions_locked BEFORE UPDATE ON guidance_sessions"
            f" FOR EACH ROW WHEN (OLD.state = 'locked' AND ({changed}))"
            " EXECUTE FUNCTION session_locked()"
        )
        op.execute(
            "CREATE TRIGGER guidance_sessions_kept BEFORE DELETE ON guidance_sessions"
            " FOR EACH ROW EXECUTE FUNCTION session_locked()"
        )
        return
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in FROZEN)
    op.execute(
        "CREATE TRIGGER guidance_sessions_locked BEFORE UPDATE ON guidance_sessions"
        f" WHEN OLD.state = 'locked' AND ({changed})"
        " BEGIN SELECT RAISE(ABORT, 'guidance_sessions: locked'); END"
    )
    op.execute(
        "CREATE TRIGGER guidance_sessions_kept BEFORE DELETE ON guidance_sessions"
        " BEGIN SELECT RAISE(ABORT, 'guidance_sessions: locked'); END"
    )
