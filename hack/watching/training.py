"""Alerts about TrainingRuns and about experiments that cannot be decided."""

from pharos_api import names
from pharos_api.trainingrun import TrainingRunPhase
from watching.alert import Alert, Group, Severity
from watching.queries import MODEL, RUN, ended, holds

SILENT_S = 1800
REMEMBERED_S = 86_400

_WHICH = "{{ $labels.namespace }}/{{ $labels.training_run }}"
_FAILED = ended(TrainingRunPhase.FAILED, RUN)
_LAST_FAILURE = ended(TrainingRunPhase.FAILED)
_LAST_SUCCESS = ended(TrainingRunPhase.SUCCEEDED)

RUN_STUCK = Alert(
    name="PharosTrainingRunStuck",
    severity=Severity.WARNING,
    expression=f"time() - max by ({RUN}, phase) ({names.METRIC_RUN_PROGRESSED}) > {SILENT_S}",
    after="5m",
    summary="A training run has been silent for {{ humanizeDuration $value }}",
    description=(
        f"{_WHICH} is {{{{ $labels.phase }}}} and has reported nothing for more than "
        f"{SILENT_S // 60} minutes. `kubectl -n {{{{ $labels.namespace }}}} describe trun "
        "{{ $labels.training_run }}` says what it waits for: a node, a queue, an image, a source."
    ),
)
TRAINING_FAILED = Alert(
    name="PharosTrainingFailed",
    severity=Severity.WARNING,
    expression=(
        f"({_FAILED} > time() - {REMEMBERED_S})"
        f" unless on ({MODEL}) ({_LAST_SUCCESS} > {_LAST_FAILURE})"
        # A run that nobody started by hand has an alert of its own.
        f" unless on ({RUN}) {names.METRIC_RETRAINING_PHASE}"
    ),
    after="0s",
    summary="A training run has failed",
    description=(
        f"{_WHICH} failed, and no later run of {{{{ $labels.model }}}} has succeeded. "
        "`kubectl -n {{ $labels.namespace }} describe trun {{ $labels.training_run }}` gives the "
        "reason in a sentence; mend it and run `pharos retry {{ $labels.training_run }} "
        "-n {{ $labels.namespace }}`, which keeps the steps that are done."
    ),
)
ANALYSIS_UNTRUSTWORTHY = Alert(
    name="PharosAnalysisUntrustworthy",
    severity=Severity.WARNING,
    expression=holds("AnalysisTrustworthy", 'status="False"'),
    after="1m",
    summary="Experiments cannot trust the traffic of {{ $labels.model }}",
    description=(
        "The daily self-test found that the tests would tell equal versions of "
        "{{ $labels.namespace }}/{{ $labels.model }} apart, so its experiments hold. "
        "`kubectl -n {{ $labels.namespace }} describe pmodel {{ $labels.model }}` says by how "
        "much; look for a bot or a client that repeats its requests."
    ),
)

GROUP = Group("pharos-training", (RUN_STUCK, TRAINING_FAILED, ANALYSIS_UNTRUSTWORTHY))
