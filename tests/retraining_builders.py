"""Makers of checks that have ended, retrainings, and Models that are retrained."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from decide_builders import MODEL, NOW, looked, model, version

from pharos_api.checking import CheckResult
from pharos_api.meta import Metadata
from pharos_api.model import Model, ModelSpec, RetrainingPolicy
from pharos_api.modelversion import Lineage, ModelVersion
from pharos_api.names import retraining_name
from pharos_api.retraining import Cause, Trigger
from pharos_api.trainingrun import TrainingRun, TrainingRunSpec, TrainingRunStatus
from pharos_operator.decide.observation import (
    JobState,
    JobView,
    ModelObservation,
    PodView,
)

DATA_SHA = "d" * 64
ARXIV = {"arxiv": {"categories": ["cs.AI", "cs.LG"], "papersPerCategory": 100}}
ONE_GPU = {"train": {"limits": {"nvidia.com/gpu": "1"}}}
GROWN = CheckResult(
    production="v1.0.0",
    due=True,
    trigger=Trigger.DATA_GROWTH,
    reason="1500 papers are new, 15 % of 10000",
    dataset_samples=10_000,
    new_samples=1500,
)
ASKED = GROWN.model_copy(update={"trigger": Trigger.MANUAL, "reason": "new topics (by ada)"})
QUIET = CheckResult(
    production="v1.0.0", reason="12 papers are new, 0.1 % of 10000", dataset_samples=10_000
)


def policy(**more: Any) -> RetrainingPolicy:
    return RetrainingPolicy.model_validate(
        {"template": {"data": {"source": ARXIV}, "resources": ONE_GPU}, **more}
    )


def trained(number: str = "v1.0.0") -> ModelVersion:
    made = version(number)
    lineage = Lineage(dataset_sha256=DATA_SHA, data_until="2026-11-01")
    return made.model_copy(update={"spec": made.spec.model_copy(update={"lineage": lineage})})


def retrained_model(
    rule: RetrainingPolicy | None = None, production: str = "v1.0.0", **status: Any
) -> Model:
    return model(production, ModelSpec(retraining=rule or policy()), **status)


def check(
    result: CheckResult | str | None = GROWN,
    name: str = "arxiv-retrain-1",
    ended: datetime = NOW,
    **more: Any,
) -> JobView:
    """A check's Job that has ended well, with this termination message."""
    text = result if isinstance(result, str) else "" if result is None else told(result)
    pod = PodView(name=f"{name}-x", exit_code=0, message=text)
    view = JobView(
        name=name,
        uid=f"uid-{name}",
        state=JobState.COMPLETE,
        started_at=ended - timedelta(minutes=1) if ended > NOW else NOW,
        finished_at=ended,
        pod=pod,
    )
    return replace(view, **more)


def told(result: CheckResult) -> str:
    return result.model_dump_json(by_alias=True, exclude_none=True)


def retraining(check_uid: str = "uid-before", **status: Any) -> TrainingRun:
    name = retraining_name(MODEL, check_uid)
    spec = {
        "modelRef": {"name": MODEL},
        "data": {"source": ARXIV},
        "resources": ONE_GPU,
        "cause": Cause(trigger=Trigger.SCHEDULED).to_json(),
    }
    return TrainingRun(
        metadata=Metadata(
            name=name, namespace="default", uid=f"uid-{name}", creation_timestamp=NOW
        ),
        spec=TrainingRunSpec.model_validate(spec),
        status=TrainingRunStatus(**status),
    )


def seen(of: Model | None = None, *checks: JobView, **more: Any) -> ModelObservation:
    return looked(of or retrained_model(), trained(), checks=checks, **more)
