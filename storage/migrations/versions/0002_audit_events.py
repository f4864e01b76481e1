"""The audit log; the database itself refuses to change or remove an event."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MEMBER = sa.String(32)
DIGEST = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor_kind", MEMBER, nullable=False),
        sa.Column("actor_id", sa.String, nullable=False, index=True),
        sa.Column("actor_role", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False, index=True),
        sa.Column("subject", sa.String, nullable=False, index=True),
        sa.Column("payload_digest", DIGEST, nullable=False),
        sa.Column("hash", DIGEST, nullable=False),
    )
    op.create_table(
        "audit_payloads",
        sa.Column(
            "seq",
            sa.Integer,
            sa.ForeignKey("audit_events.seq"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("salt", DIGEST, nullable=False),
        sa.Column("payload", sa.String, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _protect_postgres()
    else:
        _protect_sqlite()


def _protect_sqlite() -> None:
    for table, change in (
        ("audit_events", "UPDATE"),
        ("audit_events", "DELETE"),
        ("audit_payloads", "UPDATE"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table}: {change} refused'); END"
        )
    # REPLACE would remove a row without firing the trigger above; a gap is refused as well.
    op.execute(
        "CREATE TRIGGER audit_events_next BEFORE INSERT ON audit_events"
        " WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_events)"
        " BEGIN SELECT RAISE(ABORT, 'audit_events: not the next number'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_payloads_once BEFORE INSERT ON audit_payloads"
        " WHEN EXISTS (SELECT 1 FROM audit_payloads WHERE seq = NEW.seq)"
        " BEGIN SELECT RAISE(ABORT, 'audit_payloads: already there'); END"
    )


def _protect_postgres() -> None:
    # The owner of the tables could still drop the triggers: docs/decisions/0012-ledger.md
    # says which rights the account of the application is to have.
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION '%: % refused', TG_TABLE_NAME, TG_OP; END $$"
    )
    op.execute(
        "CREATE FUNCTION audit_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_events) THEN"
        " RAISE EXCEPTION 'audit_events: not the next number'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_events_kept BEFORE UPDATE OR DELETE ON audit_events"
        " FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_events_whole BEFORE TRUNCATE ON audit_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_payloads_kept BEFORE UPDATE ON audit_payloads"
        " FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_events_next BEFORE INSERT ON audit_events"
        " FOR EACH ROW EXECUTE FUNCTION audit_next()"
    )
