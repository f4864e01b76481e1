"""Which document took the place of one that ended: one document may replace several."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("policy_documents", sa.Column("replaced_by_id", sa.Integer))
    op.execute(
        "UPDATE policy_documents SET replaced_by_id = (SELECT min(later.id)"
        " FROM policy_documents AS later WHERE later.supersedes_id = policy_documents.id)"
        " WHERE status IN ('superseded', 'revoked')"
    )
