"""What a run's model comes from: told to its register step, and then in its ModelVersion. Pure.

The step writes it beside the model, and the object repeats what was written: so the artifact alone
is enough to make the same object again.
"""

from pharos_api.extending import last_day
from pharos_api.jobio import Output
from pharos_api.meta import rfc3339
from pharos_api.modelversion import Lineage
from pharos_api.trainer import Recipe
from pharos_api.trainingrun import StepName, TrainingRun, TrainingRunStatus
from pharos_api.versioning import trained_architecture
from pharos_operator.decide.runs.pipeline import Look, gathered, parent


def registered_lineage(look: Look, status: TrainingRunStatus) -> Lineage:
    """What the register step wrote; of an earlier release's step, what it would be told now.

    Raises ValueError where it cannot be read.
    """
    written = gathered(status).get(Output.LINEAGE, "")
    return Lineage.model_validate_json(written) if written else lineage(look, status)


def lineage(look: Look, status: TrainingRunStatus) -> Lineage:
    """The lineage of the run's model, as far as its steps have come."""
    run, model = look.run, look.obs.model
    trainer = run.spec.trainer
    return Lineage(
        training_run=run.metadata.name,
        dataset_sha256=gathered(status).get(Output.DATASET_SHA256),
        base_model=None if trainer.recipe is Recipe.LINEAR else trainer.base_model,
        architecture=trained_architecture(trainer),
        parent=(parent(model) or None) if model else None,
        data_until=data_until(run, status),
        trigger=run.spec.cause.trigger if run.spec.cause else None,
    )


def data_until(run: TrainingRun, status: TrainingRunStatus) -> str | None:
    """The day on which the papers were collected, or the earlier one on which the source ends."""
    collected = next((s.started_at for s in status.steps if s.name is StepName.COLLECT), None)
    if collected is None:
        return None
    return last_day(run.spec.data.source, rfc3339(collected)[:10])
