"""What the two arms have seen so far, counted. Must not judge it."""

from math import isfinite

from pharos_analysis.samples import ArmSample, Facts, Sample
from pharos_api.abexperiment import ABExperiment, ABExperimentSpec, ArmCounts, Arms
from pharos_api.metrics import MetricSource
from pharos_operator.decide.experiments.transitions import ExperimentDraft


def arms_of(experiment: ABExperiment, facts: Facts) -> Arms | None:
    """What the arms have seen since the first exposure; None where the facts cannot say."""
    sample, status = _counted(experiment.spec, facts), experiment.status
    if sample is None or sample.error:
        return None
    control = _counts(sample.control, status.control_version)
    candidate = _counts(sample.candidate, status.candidate_version)
    return (
        None if control is None or candidate is None else Arms(control=control, candidate=candidate)
    )


def rebased(draft: ExperimentDraft, arms: Arms | None) -> ExperimentDraft:
    """Forget the counts of the step's start where the metrics now count less (history was lost)."""
    before = draft.status.step_arms
    if arms is None or not (
        arms.control.requests < before.control.requests
        or arms.candidate.requests < before.candidate.requests
    ):
        return draft
    return draft.set(step_arms=Arms())


def _counted(spec: ABExperimentSpec, facts: Facts) -> Sample | None:
    """Always the same source, because the two do not count alike."""
    audited = any(metric.source is MetricSource.PROMETHEUS for metric in spec.metrics)
    return facts.audited if audited else facts.fast or facts.audited


def _counts(arm: ArmSample, version: str) -> ArmCounts | None:
    if arm.requests is None or not isfinite(arm.requests):
        return None
    errors = arm.errors if arm.errors is not None and isfinite(arm.errors) else 0.0
    return ArmCounts(
        version=version, requests=max(0, round(arm.requests)), errors=max(0, round(errors))
    )
