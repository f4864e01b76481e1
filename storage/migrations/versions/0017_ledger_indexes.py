"""Indexes for the filters of the ledger and of the audit log at a million sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

KINDS = ["service_line", "channel", "identity_level", "flags", "appealed"]
EVERY = ["state", "org_unit", "period", "count_on", "provider", "codes", *KINDS]
WALKED = {
    "state": ["state", "id", *KINDS],
    "unit": ["org_unit", "state", "id", "period", *KINDS],
    "period": ["period", "state", "id", "org_unit", *KINDS],
    "count_on": ["count_on", "id", "state", "org_unit", "period", *KINDS],
}
OF_FEW = {
    "refused": ("codes <> ''", ["id", *EVERY]),
    "flagged": ("flags <> ''", ["id", *EVERY]),
    "appealed": ("appealed", ["id", *EVERY]),
    "moved": ("person <> counts_for", ["person"]),
    "with_words": ("erased_at IS NULL", ["state", "opened_at", "identity_level", "period"]),
}


def upgrade() -> None:
    for name in ("state", "unit", "period"):
        op.drop_index(f"ix_guidance_sessions_{name}", "guidance_sessions")
    for name, columns in WALKED.items():
        op.create_index(f"ix_guidance_sessions_{name}", "guidance_sessions", columns)
    for name, (condition, columns) in OF_FEW.items():
        op.create_index(
            f"ix_guidance_sessions_{name}",
            "guidance_sessions",
            columns,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    # With the number behind it, an index gives the newest events of a kind in their order.
    for name in ("action", "actor_id"):
        op.drop_index(f"ix_audit_events_{name}", "audit_events")
    op.create_index("ix_audit_events_action", "audit_events", ["action", "seq", "actor_id"])
    # Most events are the system's own: an index without them is one less page to write.
    by_others = sa.text("actor_id <> 'qichuang'")
    op.create_index(
        "ix_audit_events_actor",
        "audit_events",
        ["actor_id", "seq", "action"],
        sqlite_where=by_others,
        postgresql_where=by_others,
    )
    if op.get_bind().dialect.name == "postgresql":
        _add_head_function()


def _add_head_function() -> None:
    """Take the log's lock and read its end in one call: each statement sees what is committed."""
    op.execute(
        "CREATE FUNCTION audit_head(OUT seq integer, OUT hash varchar) LANGUAGE plpgsql AS $$"
        " BEGIN PERFORM pg_advisory_xact_lock(hashtextextended('audit log', 0));"
        " SELECT e.seq, e.hash INTO seq, hash FROM audit_events e ORDER BY e.seq DESC LIMIT 1;"
        " END $$"
    )
