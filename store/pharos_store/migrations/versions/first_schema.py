"""The first schema: the tables of rows DBM-5 to DBM-16, feedback and evidence."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Create everything."""
    _evidence()
    _feedback()
    _model_versions()
    _ab_test_experiments()
    _retraining_runs()
    _prediction_logs()


def downgrade() -> None:
    """Drop everything."""
    op.drop_table("prediction_logs")
    op.drop_table("retraining_runs")
    op.drop_table("ab_test_experiments")
    op.drop_table("model_versions")
    op.drop_table("feedback")
    op.drop_table("evidence")


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("experiment_id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idx_evidence_experiment", "evidence", ["experiment_id", "at"], unique=False)


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )


def _model_versions() -> None:
    op.create_table(
        "model_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("model_type", sa.String(length=50), nullable=False),
        sa.Column("model_path", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("promoted_at", MOMENT, nullable=True),
        sa.Column("metadata", DOCUMENT, nullable=True),
        sa.Column("metrics", DOCUMENT, nullable=True),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("model", sa.String(length=63), nullable=False),
        sa.CheckConstraint(
            "status IN ('training', 'testing', 'production', 'archived')",
            name="ck_model_versions_status",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idx_model_versions_status", "model_versions", ["status"], unique=False)
    op.create_index("idx_model_versions_version", "model_versions", ["version"], unique=False)
    op.create_index(
        "uq_model_versions_version",
        "model_versions",
        ["namespace", "model", "version"],
        unique=True,
        postgresql_where=sa.text("status <> 'archived'"),
        sqlite_where=sa.text("status <> 'archived'"),
    )


def _ab_test_experiments() -> None:
    op.create_table(
        "ab_test_experiments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("control_version_id", sa.Uuid(), nullable=True),
        sa.Column("treatment_version_id", sa.Uuid(), nullable=True),
        sa.Column("traffic_split", sa.Double(), nullable=False),
        sa.Column("start_date", MOMENT, nullable=False),
        sa.Column("end_date", MOMENT, nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("results", DOCUMENT, nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'cancelled')", name="ck_ab_test_experiments_status"
        ),
        sa.CheckConstraint(
            "traffic_split >= 0 AND traffic_split <= 1", name="ck_ab_test_experiments_split"
        ),
        sa.ForeignKeyConstraint(
            ["control_version_id"],
            ["model_versions.id"],
        ),
        sa.ForeignKeyConstraint(
            ["treatment_version_id"],
            ["model_versions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "idx_ab_test_experiments_dates",
        "ab_test_experiments",
        ["start_date", "end_date"],
        unique=False,
    )
    op.create_index(
        "idx_ab_test_experiments_status", "ab_test_experiments", ["status"], unique=False
    )


def _retraining_runs() -> None:
    op.create_table(
        "retraining_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trigger_type", sa.String(length=50), nullable=False),
        sa.Column("dataset_size", sa.Integer(), nullable=False),
        sa.Column("new_data_count", sa.Integer(), nullable=False),
        sa.Column("model_version_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("training_time_seconds", sa.Integer(), nullable=True),
        sa.Column("metrics", DOCUMENT, nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'failed')", name="ck_retraining_runs_status"
        ),
        sa.CheckConstraint(
            "trigger_type IN ('scheduled', 'manual', 'data_growth', 'accuracy_drop')",
            name="ck_retraining_runs_trigger_type",
        ),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_versions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "idx_retraining_runs_started_at", "retraining_runs", ["started_at"], unique=False
    )
    op.create_index("idx_retraining_runs_status", "retraining_runs", ["status"], unique=False)


def _prediction_logs() -> None:
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
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["ab_test_experiments.id"],
        ),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_versions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "idx_prediction_logs_created_at", "prediction_logs", ["created_at"], unique=False
    )
    op.create_index(
        "idx_prediction_logs_experiment", "prediction_logs", ["experiment_id"], unique=False
    )
    op.create_index("idx_prediction_logs_request", "prediction_logs", ["request_id"], unique=False)
    op.create_index("idx_prediction_logs_user", "prediction_logs", ["user_id"], unique=False)
    op.create_index(
        "idx_prediction_logs_version", "prediction_logs", ["model_version_id"], unique=False
    )
