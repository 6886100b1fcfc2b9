"""Daily sums of the prediction log, and the marks of users who asked to be forgotten."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "prediction_days",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model_version_id", sa.Uuid(), nullable=True),
        sa.Column("experiment_id", sa.Uuid(), nullable=True),
        sa.Column("arm", sa.String(length=20), nullable=False),
        sa.Column("predicted", sa.String(length=200), nullable=True),
        sa.Column("label", sa.String(length=200), nullable=True),
        sa.Column("predictions", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("rated", sa.Integer(), nullable=False),
        sa.Column("satisfied", sa.Integer(), nullable=False),
        sa.Column("latency_ms_sum", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["model_version_id"], ["model_versions.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idx_prediction_days_version", "prediction_days", ["model_version_id", "day"])
    op.create_index("idx_prediction_days_day", "prediction_days", ["day"])
    op.create_table(
        "erasures",
        sa.Column("user_mark", sa.String(length=64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("receipt", DOCUMENT, nullable=True),
        sa.PrimaryKeyConstraint("user_mark"),
    )
    op.create_table(
        "request_marks",
        sa.Column("request_mark", sa.String(length=64), nullable=False),
        sa.Column("user_mark", sa.String(length=64), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("request_mark"),
    )
    op.create_index("idx_request_marks_user", "request_marks", ["user_mark"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("request_marks")
    op.drop_table("erasures")
    op.drop_table("prediction_days")
