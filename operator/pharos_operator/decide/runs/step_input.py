"""What a step of a run is told, from the specs and from what earlier steps left behind.

Computed anew at every look, so a crash changes nothing. Must not decide when a step starts.
"""

from pharos_api.jobio import ProgressTarget, StepInput, tuned
from pharos_api.model import Model
from pharos_api.names import PROGRESS_TOKEN_FILE
from pharos_api.trainingrun import StepName, StepStatus, TrainingRunStatus
from pharos_operator.decide.runs.lineage import lineage
from pharos_operator.decide.runs.pipeline import Look, gathered, parent


def step_input(look: Look, model: Model, status: TrainingRunStatus, step: StepStatus) -> StepInput:
    """What the step is told: the outputs of all earlier steps, and what a search found best."""
    run, inputs = look.run, gathered(status)
    url = look.platform.progress_url
    is_register = step.name is StepName.REGISTER
    return StepInput(
        step=step.name,
        namespace=run.metadata.namespace,
        run=run.metadata.name,
        uid=run.metadata.uid,
        model=run.spec.model_ref.name,
        artifact_root=look.platform.artifact_root,
        data=run.spec.data,
        trainer=tuned(run.spec.trainer, inputs),
        search=run.spec.search,
        gate=model.spec.quality_gate,
        labels=model.spec.labels,
        card=model.spec.card if is_register else None,
        lineage=lineage(look, status) if is_register else None,
        version=status.version if is_register else "",
        parent=parent(model),
        git_commit=look.platform.git_commit,
        attempt=step.attempts,
        batch_divisor=step.batch_divisor,
        inputs=inputs,
        progress=ProgressTarget(url=url, token_file=PROGRESS_TOKEN_FILE) if url else None,
    )
