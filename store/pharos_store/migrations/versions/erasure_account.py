"""What an erasure found so far, so that one that is cut off and done again tells all of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Give each erasure an account."""
    op.add_column("erasures", sa.Column("account", DOCUMENT, nullable=True))


def downgrade() -> None:
    """Drop the accounts; receipts stay."""
    op.drop_column("erasures", "account")
