"""Triggers: what was signed, posted, checked or locked is changed by nobody, nor replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

# Of rows that stand: what of them may never change. Notes and reasons are erased with a session.
LOCKED = [
    "period", "state", "seed_digest", "seed", "closed_by", "closed_at", "frame_root",
    "prepared_by", "signed_by", "locked_at", "members_root", "as_of_seq",
]  # fmt: skip
CHECKED = ["period", "session_id", "stratum", "why", "outcome", "checked_by", "checked_at"]
POSTED = [
    "id", "kind", "period", "posted_in", "amount", "session_id", "person", "count_on",
    "org_unit", "to_unit", "reference", "evidence_digest", "status", "proposed_by",
    "proposed_at", "decided_by", "decided_at",
]  # fmt: skip
STANDS = {
    "periods": ("OLD.state = 'locked'", LOCKED),
    "sample_items": ("OLD.outcome <> 'waiting'", CHECKED),
    "adjustments": ("OLD.status = 'posted'", POSTED),
    "guidance_sessions": ("OLD.state = 'locked'", ["confirmed_at"]),  # the rest: 0008
}
KEYS = {
    "period_values": ["period", "indicator", "org_unit"],
    "periods": ["period"],
    "sample_items": ["period", "session_id"],
    "adjustments": ["id"],
    "guidance_sessions": ["id"],
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _protect_postgres()
    else:
        _protect_sqlite()


def _protect_postgres() -> None:
    for table, (stands, names) in STANDS.items():
        changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in names)
        op.execute(
            f"CREATE TRIGGER {table}_stands BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN ({stands} AND ({changed})) EXECUTE FUNCTION audit_refuse()"
        )
    op.execute(
        "CREATE TRIGGER period_values_stands BEFORE UPDATE ON period_values FOR EACH ROW"
        " EXECUTE FUNCTION audit_refuse()"
    )
    for table in KEYS:
        if table != "guidance_sessions":  # 0008
            op.execute(
                f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} FOR EACH ROW"
                " EXECUTE FUNCTION audit_refuse()"
            )
        op.execute(
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION audit_refuse()"
        )


def _protect_sqlite() -> None:
    for table, (stands, names) in STANDS.items():
        changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in names)
        _refuse(f"{table}_stands", "UPDATE", table, f"{stands} AND ({changed})")
    _refuse("period_values_stands", "UPDATE", "period_values")
    for table, key in KEYS.items():
        if table != "guidance_sessions":
            _refuse(f"{table}_kept", "DELETE", table)
        # REPLACE removes a row without firing the trigger above.
        same = " AND ".join(f"{name} = NEW.{name}" for name in key)
        _refuse(f"{table}_once", "INSERT", table, f"EXISTS (SELECT 1 FROM {table} WHERE {same})")


def _refuse(name: str, change: str, table: str, when: str = "") -> None:
    only = f" WHEN {when}" if when else ""
    op.execute(
        sa.text(
            f"CREATE TRIGGER {name} BEFORE {change} ON {table}{only}"
            f" BEGIN SELECT RAISE(ABORT, '{table}: {change} refused'); END"
        )
    )
