"""What the promotion policy does with the newest version: start an experiment, or say why not.

Only the newest version is ever a candidate, and only once: a version that was tried, passed over or
quarantined waits for a person. Must not move traffic.
"""

from collections.abc import Callable
from typing import Any, assert_never

from pydantic import ValidationError

from pharos_analysis.trust import coverage
from pharos_api.abexperiment import (
    DEFAULT_METRICS,
    ABExperiment,
    ABExperimentSpec,
    ExperimentStrategy,
    Verdict,
)
from pharos_api.decision import DecisionRule
from pharos_api.delivery import Following, ShadowPlan, Strategy
from pharos_api.meta import ObjectRef
from pharos_api.metrics import BuiltIn, Metric, MetricRole, MetricSource
from pharos_api.model import ModelStatus, PromotionPolicy
from pharos_api.modelversion import ModelVersion
from pharos_api.names import experiment_name, parse_version
from pharos_operator.decide.conditions import Finding, ModelCondition, ModelReason, condition
from pharos_operator.decide.decision import StartExperiment
from pharos_operator.decide.experiments.plans import flaw_of
from pharos_operator.decide.imported import told_by_import
from pharos_operator.decide.models.production import ModelDraft
from pharos_operator.decide.models.registry import in_order
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.versions.better import not_better
from pharos_operator.decide.versions.serving_need import is_active, is_quarantined

# What of a policy goes into the experiment as it is, where it is given.
_PASSED_ON = ("steps", "metrics", "decision", "staging", "shadow", "ab_test", "blue_green")


def next_rollout(obs: ModelObservation, draft: ModelDraft) -> ModelDraft:
    """Start the newest version's experiment where the policy says so; explain it in any case."""
    candidate = _candidate(obs, draft.status)
    if candidate is None:
        return draft.find(_without_candidate(obs))
    tried = next((e for e in obs.experiments if _tries(e, candidate)), None)
    if tried is not None:
        return draft.find(_tried(obs, candidate, tried))
    refusal = _refusal(obs.model.spec.promotion, draft.status, candidate) or _refused_before(
        obs, candidate
    )
    if refusal is not None:
        return draft.find(refusal)
    if obs.labelled is None and needs_labels(obs.model.spec.promotion):
        message = "the prediction log has not said yet whether labels come"
        return draft.find(_idle(ModelReason.WAITING_FOR_LOG, message))
    return _start(obs, draft, candidate)


def running(obs: ModelObservation) -> ABExperiment | None:
    """The experiment that holds the Model's one place."""
    return next((e for e in obs.experiments if is_active(e)), None)


def _candidate(obs: ModelObservation, status: ModelStatus) -> ModelVersion | None:
    """The newest version, if it is newer than production."""
    ordered = in_order([v for v in obs.versions if v.metadata.deletion_timestamp is None])
    production = status.production
    if not ordered or production is None:
        return None
    newest = ordered[-1]
    newer = parse_version(newest.spec.version) > parse_version(production.version)
    return newest if newer else None


def _tries(experiment: ABExperiment, candidate: ModelVersion) -> bool:
    return experiment.spec.candidate_ref.name == candidate.metadata.name


def _without_candidate(obs: ModelObservation) -> Finding:
    active = running(obs)
    if active is not None:
        return _in_progress(active)
    return _idle(ModelReason.NO_CANDIDATE, "no version is newer than production")


def _tried(obs: ModelObservation, candidate: ModelVersion, tried: ABExperiment) -> Finding:
    active = running(obs) or (None if tried.status.phase.finished else tried)
    if active is not None:
        return _in_progress(active)
    passed = tried.status.verdict is Verdict.PASSED
    goes_on = "to bring it to users, promote it or" if passed else "to try it again,"
    message = (
        f"{candidate.spec.version} was tried by {tried.metadata.name}: {tried.status.verdict} "
        f"({tried.status.reason}); {goes_on} create a new ABExperiment"
    )
    return _idle(ModelReason.ALREADY_TRIED, message)


def _refusal(
    policy: PromotionPolicy, status: ModelStatus, candidate: ModelVersion
) -> Finding | None:
    """Why the policy starts nothing for this candidate, or None."""
    version = candidate.spec.version
    if is_quarantined(status, candidate.spec.artifact.sha256):
        message = f"{version} is quarantined; lift that with a reason to use it"
        return _idle(ModelReason.QUARANTINED, message)
    worse = not_better(candidate, policy)
    if worse:
        message = f"{worse}; to bring it to users all the same, create an ABExperiment"
        return _idle(ModelReason.NOT_BETTER, message)
    if policy.strategy is Strategy.MANUAL or not policy.auto:
        message = f"{version} waits for a person: create an ABExperiment, or promote it"
        return _idle(ModelReason.MANUAL, message)
    return None


def _refused_before(obs: ModelObservation, candidate: ModelVersion) -> Finding | None:
    """What an experiment gave up before the Model was imported is not tried again by itself."""
    told = told_by_import(obs.model)
    why = told.given_up.get(candidate.spec.version) if told else None
    if not why:
        return None
    message = f"{candidate.spec.version}: {why}; to try it again, create a new ABExperiment"
    return _idle(ModelReason.ALREADY_TRIED, message)


def _start(obs: ModelObservation, draft: ModelDraft, candidate: ModelVersion) -> ModelDraft:
    try:
        spec = _spec(obs, candidate)
    except ValidationError as error:
        sentence = error.errors()[0]["msg"].removeprefix("Value error, ")
        return draft.find(_idle(ModelReason.INVALID_POLICY, f"promotion: {sentence}"))
    flaw = flaw_of(spec)
    if flaw:
        return draft.find(_idle(ModelReason.INVALID_POLICY, f"promotion: {flaw}"))
    name = experiment_name(obs.model.metadata.name, candidate.spec.version)
    message = f"{name} brings {candidate.spec.version} to users"
    finding = condition(ModelCondition.ROLLOUT, True, ModelReason.EXPERIMENT_RUNNING, message)
    return draft.do(StartExperiment(name, spec)).find(finding)


def _spec(obs: ModelObservation, candidate: ModelVersion) -> ABExperimentSpec:
    make: Callable[..., ABExperimentSpec] = ABExperimentSpec
    policy = obs.model.spec.promotion
    named = {name: getattr(policy, name) for name in _PASSED_ON}
    given: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if _reaches_for_accuracy(obs):
        given["metrics"] = [_accuracy(policy), *DEFAULT_METRICS]
    return make(
        model_ref=ObjectRef(name=obs.model.metadata.name),
        candidate_ref=ObjectRef(name=candidate.metadata.name),
        strategy=_strategy(policy.strategy) or ExperimentStrategy.CANARY,
        **given,
    )


def _strategy(strategy: Strategy) -> ExperimentStrategy | None:
    """The experiment's strategy; None where people promote."""
    match strategy:
        case Strategy.CANARY:
            return ExperimentStrategy.CANARY
        case Strategy.BLUE_GREEN:
            return ExperimentStrategy.BLUE_GREEN
        case Strategy.AB_TEST:
            return ExperimentStrategy.AB_TEST
        case Strategy.SHADOW:
            return ExperimentStrategy.SHADOW
        case Strategy.MANUAL:
            return None
        case _:
            assert_never(strategy)


def _accuracy(policy: PromotionPolicy) -> Metric:
    return Metric(
        name=BuiltIn.ACCURACY,
        role=MetricRole.GOAL,
        source=MetricSource.LABELS,
        min_improvement=policy.min_improvement,
    )


def rule_of(policy: PromotionPolicy) -> DecisionRule:
    """The rule that the policy's experiments decide by."""
    return policy.decision or DecisionRule()


def needs_labels(policy: PromotionPolicy) -> bool:
    """Whether ``minImprovement`` may become a goal: of two arms, where no metrics are given."""
    if policy.metrics is not None or not policy.auto:
        return False
    if policy.strategy is Strategy.SHADOW:
        return (policy.shadow or ShadowPlan()).then is Following.CANARY
    return policy.strategy in (Strategy.CANARY, Strategy.AB_TEST)


def _reaches_for_accuracy(obs: ModelObservation) -> bool:
    """Whether ``minImprovement`` is asked for: only where labels come.

    A goal that no feedback can reach would hold every rollout until ``maxDuration``.
    """
    policy, log = obs.model.spec.promotion, obs.labelled
    if log is None or not needs_labels(policy):
        return False
    rule, share = rule_of(policy), coverage(log)
    enough = share is not None and share >= rule.labels.min_coverage_percent
    return enough and log.labelled >= rule.min_requests


def _in_progress(experiment: ABExperiment) -> Finding:
    message = f"{experiment.metadata.name} is running"
    return condition(ModelCondition.ROLLOUT, True, ModelReason.EXPERIMENT_RUNNING, message)


def _idle(reason: ModelReason, message: str) -> Finding:
    return condition(ModelCondition.ROLLOUT, False, reason, message)
