"""The Job that tries an experiment's candidate on its own Service, before any user meets it.

What a try can prove or disprove ends the Job; what a node or a store caused is tried again.
"""

from pharos_api.jobio import ExitCode
from pharos_api.meta import Resource
from pharos_api.names import (
    COMPONENT_JOB,
    ENV_VERIFY_INPUT,
    LABEL_EXPERIMENT,
    LABEL_MODEL,
    bounded,
)
from pharos_operator.decide.decision import Manifest, Platform, VerifyCandidate
from pharos_operator.render.job import once
from pharos_operator.render.metadata import labels, owned
from pharos_operator.render.modeljob import model_pod

_RETRIES = 2
# The process tells its own sentence at its deadline; the Job's is for pods that never got so far.
_TO_START_S = 60
_KEPT_S = 3600
_FINAL = (ExitCode.BAD_INPUT, ExitCode.DEADLINE, ExitCode.UNFIT)


def verify_job(action: VerifyCandidate, experiment: Resource, platform: Platform) -> Manifest:
    """The Job of one experiment."""
    told = action.verify_input
    marks = labels(
        COMPONENT_JOB,
        {LABEL_MODEL: told.model, LABEL_EXPERIMENT: bounded(action.experiment)},
    )
    variables = {ENV_VERIFY_INPUT: told.model_dump_json(by_alias=True)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": owned(action.job, experiment, marks),
        "spec": {
            **once(),
            **_retried(),
            "activeDeadlineSeconds": told.deadline_s + _TO_START_S,
            "ttlSecondsAfterFinished": _KEPT_S,
            "template": {
                "metadata": {"labels": marks},
                "spec": model_pod("verify", variables, platform, read_only=True),
            },
        },
    }


def _retried() -> Manifest:
    codes = {"operator": "In", "values": [int(code) for code in _FINAL]}
    final = {"action": "FailJob", "onExitCodes": codes}
    kept: list[Manifest] = once()["podFailurePolicy"]["rules"]
    return {"backoffLimit": _RETRIES, "podFailurePolicy": {"rules": [*kept, final]}}
