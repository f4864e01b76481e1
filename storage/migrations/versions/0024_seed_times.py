"""When the seed of a quarter's sample was published; once published it never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

COMMITTED = ["seed", "seed_digest", "committed_at"]
_TIME = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', at_us / 1000000.0, 'unixepoch')",
    "postgresql": "to_timestamp(at_us / 1000000.0)",
}


def upgrade() -> None:
    engine = op.get_bind().dialect.name
    op.add_column("periods", sa.Column("committed_at", sa.DateTime(timezone=True)))
    op.execute(
        f"UPDATE periods SET committed_at = (SELECT min({_TIME[engine]}) FROM audit_events"
        " WHERE action = 'sample.committed' AND subject = 'period:' || periods.period)"
    )
    if engine == "postgresql":
        changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in COMMITTED)
        op.execute(
            "CREATE TRIGGER periods_committed BEFORE UPDATE ON periods FOR EACH ROW"
            f" WHEN ({changed}) EXECUTE FUNCTION audit_refuse()"
        )
        return
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in COMMITTED)
    op.execute(
        f"CREATE TRIGGER periods_committed BEFORE UPDATE ON periods WHEN {changed}"
        " BEGIN SELECT RAISE(ABORT, 'periods: seed is committed'); END"
    )
