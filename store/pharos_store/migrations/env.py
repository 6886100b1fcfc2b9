"""Runs Alembic on the connection that ``upgrading`` opened."""

from alembic import context

from pharos_store.log_tables import PredictionRecord

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=PredictionRecord.metadata,
    compare_type=True,
    render_as_batch=True,
)
context.run_migrations()
