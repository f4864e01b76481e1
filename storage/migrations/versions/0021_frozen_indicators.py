"""Every row of the register as it stood when a quarter was locked; nothing changes it again."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "frozen_indicators",
        sa.Column("period", sa.String(8), sa.ForeignKey("periods.period"), primary_key=True),
        sa.Column("indicator", sa.String(16), primary_key=True),
        sa.Column("value", sa.Numeric(18, 4)),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("source_id", sa.Integer, sa.ForeignKey("indicator_values.id")),
        sa.Column("definitions", sa.String, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION indicator_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'frozen_indicators: locked'; END $$"
        )
        op.execute(
            "CREATE TRIGGER frozen_indicators_kept BEFORE UPDATE OR DELETE ON frozen_indicators"
            " FOR EACH ROW EXECUTE FUNCTION indicator_frozen()"
        )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER frozen_indicators_no_{what.lower()} BEFORE {what}"
            " ON frozen_indicators"
            " BEGIN SELECT RAISE(ABORT, 'frozen_indicators: locked'); END"
        )
