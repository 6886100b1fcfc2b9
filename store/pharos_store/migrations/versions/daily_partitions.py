"""The prediction log in daily partitions; bucket, segment, satisfaction; counted drops.

On PostgreSQL the rows move into the partitioned table, whose key contains the day's column. SQLite
keeps its one table and gets the columns.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BEFORE = (
    "id, experiment_id, model_version_id, input_text, predictions, latency_ms, created_at, "
    "user_id, request_id, arm, predicted, label, label_at, error, text_hash, text_length, revision"
)
INDEXES = ("created_at", "experiment", "request", "user", "version")


def upgrade() -> None:
    """Widen feedback, add the drops, and bring the log into its new form."""
    _widen_feedback()
    _add_drops()
    if op.get_bind().dialect.name == "postgresql":
        _partition()
    else:
        _add_columns()


def downgrade() -> None:
    """There is no way back to one table without losing what the new columns hold."""
    raise NotImplementedError("restore the database from before the upgrade instead")


def _widen_feedback() -> None:
    with op.batch_alter_table("feedback") as table:
        table.alter_column("label", existing_type=sa.String(length=200), nullable=True)
        table.add_column(sa.Column("label_at", MOMENT, nullable=True))
        table.add_column(sa.Column("satisfaction", sa.Boolean(), nullable=True))
        table.add_column(sa.Column("satisfaction_at", MOMENT, nullable=True))
    op.execute("UPDATE feedback SET label_at = created_at")


def _add_drops() -> None:
    op.create_table(
        "prediction_drops",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("experiment_id", sa.Uuid(), nullable=True),
        sa.Column("arm", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idx_prediction_drops_experiment", "prediction_drops", ["experiment_id", "arm"])


def _add_columns() -> None:
    with op.batch_alter_table("prediction_logs") as table:
        table.add_column(sa.Column("bucket", sa.Integer(), nullable=True))
        table.add_column(sa.Column("segment", sa.String(length=63), nullable=True))
        table.add_column(sa.Column("satisfaction", sa.Boolean(), nullable=True))
    op.create_index(
        "idx_prediction_logs_analysis", "prediction_logs", ["experiment_id", "arm", "user_id"]
    )


def _partition() -> None:
    for name in INDEXES:
        op.drop_index(f"idx_prediction_logs_{name}", table_name="prediction_logs")
    op.execute("ALTER TABLE prediction_logs RENAME TO prediction_logs_whole")
    op.execute(
        "ALTER TABLE prediction_logs_whole "
        "RENAME CONSTRAINT prediction_logs_pkey TO prediction_logs_whole_pkey"
    )
    _create_log()
    for (day,) in op.get_bind().execute(sa.text(_DAYS)).all():
        op.execute(_partition_of(day))
    op.execute(_MOVE)
    op.drop_table("prediction_logs_whole")
    _create_indexes()


_MOVE = f"INSERT INTO prediction_logs ({BEFORE}) SELECT {BEFORE} FROM prediction_logs_whole"  # noqa: S608
_DAYS = "SELECT DISTINCT (created_at AT TIME ZONE 'UTC')::date FROM prediction_logs_whole"


def _partition_of(day: object) -> str:
    name = f"prediction_logs_{day:%Y%m%d}"
    return (
        f"CREATE TABLE {name} PARTITION OF prediction_logs FOR VALUES "
        f"FROM ('{day:%Y-%m-%d} 00:00:00+00') "
        f"TO ('{day:%Y-%m-%d} 00:00:00+00'::timestamptz + interval '24 hours')"
    )


def _create_log() -> None:
    op.create_table(
        "prediction_logs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("experiment_id", sa.Uuid(), nullable=True),
        sa.Column("model_version_id", sa.Uuid(), nullable=True),
        sa.Column("input_text", sa.Text(), nullable=False),
        sa.Column("predictions", DOCUMENT, nullable=False),
        sa.Column("latency_ms", sa.Double(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("arm", sa.String(length=20), nullable=False),
        sa.Column("predicted", sa.String(length=200), nullable=True),
        sa.Column("label", sa.String(length=200), nullable=True),
        sa.Column("label_at", MOMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("text_length", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("bucket", sa.Integer(), nullable=True),
        sa.Column("segment", sa.String(length=63), nullable=True),
        sa.Column("satisfaction", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["experiment_id"], ["ab_test_experiments.id"]),
        sa.ForeignKeyConstraint(["model_version_id"], ["model_versions.id"]),
        sa.PrimaryKeyConstraint("id", "created_at"),
        postgresql_partition_by="RANGE (created_at)",
    )


def _create_indexes() -> None:
    for name, columns, more in (
        ("created_at", ["created_at"], ()),
        ("experiment", ["experiment_id"], ()),
        ("version", ["model_version_id"], ()),
        ("user", ["user_id"], ()),
        (
            "request",
            ["request_id"],
            ("created_at", "arm", "model_version_id", "predicted", "label", "error", "latency_ms"),
        ),
        (
            "analysis",
            ["experiment_id", "arm", "user_id"],
            ("created_at", "bucket", "segment", "predicted", "label", "satisfaction", "error"),
        ),
    ):
        op.create_index(
            f"idx_prediction_logs_{name}", "prediction_logs", columns, postgresql_include=more
        )
