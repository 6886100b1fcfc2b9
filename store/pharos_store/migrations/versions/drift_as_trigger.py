"""A retraining may come of drift."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAME = "ck_retraining_runs_trigger_type"
_BEFORE = ("scheduled", "manual", "data_growth", "accuracy_drop")


def upgrade() -> None:
    """Let ``trigger_type`` be ``drift`` too."""
    _allow((*_BEFORE, "drift"))


def downgrade() -> None:
    """Back to four triggers; fails where a row names the fifth."""
    _allow(_BEFORE)


def _allow(values: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{value}'" for value in values)
    with op.batch_alter_table("retraining_runs") as table:
        table.drop_constraint(_NAME, type_="check")
        table.create_check_constraint(_NAME, sa.text(f"trigger_type IN ({allowed})"))
