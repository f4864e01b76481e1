"""What mentors and staff change about pairings: wishes, rankings, news, own limits, the mode."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"

TIME = sa.DateTime(timezone=True)
MEMBER = sa.String(32)
DATA = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("mentors", sa.Column("own_cap", sa.Integer))
    op.add_column("mentoring_needs", sa.Column("wishes", DATA, nullable=False, server_default="[]"))
    op.add_column(
        "mentoring_needs", sa.Column("org_unit", sa.String, nullable=False, server_default="")
    )
    op.create_index("ix_mentoring_needs_org_unit", "mentoring_needs", ["org_unit"])
    op.add_column(
        "pairings", sa.Column("barred", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("pairings", sa.Column("meetings", sa.Integer, nullable=False, server_default="0"))
    op.add_column("pairings", sa.Column("time_from", MEMBER, nullable=False, server_default=""))
    op.add_column("pairings", sa.Column("time_agreed_at", TIME))
    _carry_over()
    op.drop_column("mentoring_needs", "wanted_mentor")
    op.create_table(
        "mentor_rankings",
        sa.Column("mentor_code", MEMBER, primary_key=True),
        sa.Column("needs", DATA, nullable=False),
        sa.Column("ranked_at", TIME, nullable=False),
    )
    op.create_table(
        "mentoring_rules",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("inputs", sa.String, nullable=False),
    )
    op.create_table(
        "mentoring_news",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", MEMBER, nullable=False),
        sa.Column(
            "pairing_id", sa.Integer, sa.ForeignKey("pairings.id"), nullable=False, index=True
        ),
        sa.Column("written_at", TIME, nullable=False),
        sa.Column("state", MEMBER, nullable=False, index=True),
        sa.Column("handled_by", sa.String, nullable=False),
        sa.Column("handled_at", TIME),
    )


def _carry_over() -> None:
    """Keep whom people asked for, and which pairs were not to be brought together again."""
    needs = sa.table(
        "mentoring_needs",
        sa.column("id", sa.Integer),
        sa.column("state", sa.String),
        sa.column("street", sa.String),
        sa.column("org_unit", sa.String),
        sa.column("wanted_mentor", sa.String),
        sa.column("wishes", DATA),
    )
    pairings = sa.table(
        "pairings",
        sa.column("need_id", sa.Integer),
        sa.column("state", sa.String),
        sa.column("barred", sa.Boolean),
        sa.column("meetings", sa.Integer),
    )
    db = op.get_bind()
    wanted = sa.select(needs.c.id, needs.c.wanted_mentor).where(needs.c.wanted_mentor != "")
    for number, code in db.execute(wanted).all():
        db.execute(sa.update(needs).where(needs.c.id == number).values(wishes=[code]))
    db.execute(sa.update(needs).values(org_unit=needs.c.street))
    withdrawn = sa.select(needs.c.id).where(needs.c.state == "withdrawn")
    barred = pairings.c.state.in_(("declined", "expired")) | (
        pairings.c.state.in_(("withdrawn", "ended")) & pairings.c.need_id.in_(withdrawn)
    )
    db.execute(sa.update(pairings).where(barred).values(barred=True))
    met = pairings.c.state.in_(("active", "completed"))
    db.execute(sa.update(pairings).where(met).values(meetings=1))
