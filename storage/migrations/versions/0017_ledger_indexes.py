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
OF_FEW = {"refused": "codes <> ''", "flagged": "flags <> ''", "appealed": "appealed"}


def upgrade() -> None:
    for name in ("state", "unit", "period"):
        op.drop_index(f"ix_guidance_sessions_{name}", "guidance_sessions")
    for name, columns in WALKED.items():
        op.create_index(f"ix_guidance_sessions_{name}", "guidance_sessions", columns)
    for name, condition in OF_FEW.items():
        op.create_index(
            f"ix_guidance_sessions_{name}",
            "guidance_sessions",
            ["id", *EVERY],
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    # With the number behind it, an index gives the newest events of a kind in their order.
    for name in ("action", "actor_id"):
        op.drop_index(f"ix_audit_events_{name}", "audit_events")
        op.create_index(f"ix_audit_events_{name}", "audit_events", [name, "seq"])
    op.create_index("ix_audit_events_at_us", "audit_events", ["at_us"])
