"""Alerts about Models that look after themselves: drift, and retrainings that come to nothing."""

from pharos_api import names
from pharos_api.trainingrun import TrainingRunPhase
from pharos_operator.decide.conditions import ModelCondition, RetrainingReason
from watching.alert import Alert, Group, Severity
from watching.queries import MODEL, RUN, ended, holds

_WHO = "{{ $labels.namespace }}/{{ $labels.model }}"
_DESCRIBE = "`kubectl -n {{ $labels.namespace }} describe pmodel {{ $labels.model }}`"
_FAILED = f'{names.METRIC_RETRAINING_PHASE}{{phase="{TrainingRunPhase.FAILED}"}}'
_LAST_FAILURE = f"max by ({MODEL}) ({ended(TrainingRunPhase.FAILED, RUN)} and on ({RUN}) {_FAILED})"
_REFUSED = holds(ModelCondition.RETRAINING_DUE, f'reason="{RetrainingReason.RUN_REFUSED}"')
_DRIFTED = holds(ModelCondition.DRIFT_DETECTED, 'status="True"')

DRIFT = Alert(
    name="PharosDriftDetected",
    severity=Severity.WARNING,
    expression=f"max by ({MODEL}) ({names.METRIC_DRIFT}) and on ({MODEL}) ({_DRIFTED})",
    after="1m",
    summary='⚠️ Drift: {{ printf "%.2f" $value }} in {{ $labels.model }}',
    description=(
        f"What {_WHO} sees, or what it answers, is no longer like what it learnt from. {_DESCRIBE} "
        "says under DriftDetected what drifted, and status.retraining.drift names the report with "
        "the words. See whether its accuracy by labels fell, and train it again if it did."
    ),
)
RETRAINING_FAILED = Alert(
    name="PharosRetrainingFailed",
    severity=Severity.WARNING,
    expression=(
        f"({_LAST_FAILURE} unless ({_LAST_FAILURE} < {ended(TrainingRunPhase.SUCCEEDED)})) "
        f"or {_REFUSED}"
    ),
    after="0s",
    summary="The last retraining of {{ $labels.model }} has failed",
    description=(
        f"The last TrainingRun that the platform itself made for {_WHO} failed, or the API server "
        "refused it, and none has succeeded since; production stays as it is. "
        "`pharos status -n {{ $labels.namespace }}` names the run and gives the reason in a "
        "sentence. Mend it and run `pharos retry` with the run's name, or change the "
        "template in the Model's spec.retraining."
    ),
)
CHECK_FAILED = Alert(
    name="PharosRetrainingCheckFailed",
    severity=Severity.WARNING,
    expression=holds(ModelCondition.RETRAINING_DUE, f'reason="{RetrainingReason.CHECK_FAILED}"'),
    after="1m",
    summary="The last retraining check of {{ $labels.model }} has failed",
    description=(
        f"Nobody knows whether {_WHO} should be trained again: its check gave no answer. "
        f"{_DESCRIBE} says why under RetrainingDue. The next check comes by its schedule; "
        "`pharos retrain {{ $labels.model }} -n {{ $labels.namespace }}` checks and trains at once."
    ),
)

GROUP = Group("pharos-retraining", (DRIFT, RETRAINING_FAILED, CHECK_FAILED))
