"""Whether both arms are computed alike, and what a person is told where they are not.

It is said and not acted upon: a candidate whose cheaper precision was refused is slower for its
users too. Decides nothing.
"""

from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    condition,
    is_true,
)
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.transitions import ExperimentDraft
from pharos_operator.decide.observation import ExperimentObservation

_KIND = ExperimentCondition.ENGINES


def engines_of(obs: ExperimentObservation) -> tuple[str, str]:
    """What computes control and candidate; empty where nobody has told."""
    return _engine_of(obs.control), _engine_of(obs.candidate)


def compared(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The draft with a warning where the arms differ, said once, and with its end."""
    control, candidate = engines_of(look.obs)
    if not (control and candidate) or any(found.type == _KIND for found in draft.findings):
        return draft
    warned = is_true(draft.status.conditions, _KIND)
    if control != candidate:
        message = _sentence(draft, control, candidate)
        reason = ExperimentReason.ENGINES_DIFFER
        told = draft.find(condition(_KIND, True, reason, message))
        return told if warned else told.warn(reason, message)
    if not warned:
        return draft
    message = f"both arms are computed by {candidate}"
    return draft.find(condition(_KIND, False, ExperimentReason.ENGINES_ALIKE, message))


def _engine_of(version: ModelVersion | None) -> str:
    engine = None if version is None else version.status.engine
    return "" if engine is None else engine.name


def _sentence(draft: ExperimentDraft, control: str, candidate: str) -> str:
    status = draft.status
    return (
        f"{status.candidate_version} is computed by {candidate} and {status.control_version} by "
        f"{control}, so latencies compare engines as well as models; to compare models alone, name "
        "an engine that both artifacts hold in serving.engine of the Model"
    )
