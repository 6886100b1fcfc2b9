"""Conditions: their types and reasons per kind, and how a new finding is merged into the old list.

Follows the Kubernetes API conventions: ``lastTransitionTime`` moves only when the status does,
``observedGeneration`` says which spec a finding belongs to. Must not decide what a finding is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pharos_api.meta import Condition, ConditionStatus

MESSAGE_LIMIT = 1000


class RunCondition(StrEnum):
    """Condition types of a TrainingRun."""

    MODEL_FOUND = "ModelFound"
    SCHEDULED = "Scheduled"
    PROGRESSING = "Progressing"
    SUCCEEDED = "Succeeded"


class RunReason(StrEnum):
    """Reasons in a TrainingRun's conditions. Failures carry the job's own ``FailureReason``."""

    FOUND = "Found"
    NOT_FOUND = "NotFound"
    STARTED = "Started"
    WAITING = "Waiting"
    UNSCHEDULABLE = "Unschedulable"
    CONTAINER_NOT_STARTING = "ContainerNotStarting"
    QUEUED = "Queued"
    STEP_RUNNING = "StepRunning"
    BACKING_OFF = "BackingOff"
    SUSPENDED = "Suspended"
    WAITING_FOR_MODEL = "WaitingForModel"
    FINISHED = "Finished"
    IN_PROGRESS = "InProgress"
    VERSION_REGISTERED = "VersionRegistered"
    REPLAYED = "Replayed"
    ABORTED = "Aborted"


class VersionCondition(StrEnum):
    """Condition types of a ModelVersion."""

    READY = "Ready"
    NOT_BETTER = "NotBetter"


class VersionReason(StrEnum):
    """Reasons in a ModelVersion's conditions."""

    SERVING = "Serving"
    STARTING = "Starting"
    UPDATING = "Updating"
    LOAD_FAILED = "LoadFailed"
    GIVEN_UP = "GivenUp"
    NOT_BETTER = "NotBetter"
    TRIED_AGAIN = "TriedAgain"
    NOT_NEEDED = "NotNeeded"
    QUARANTINED = "Quarantined"
    MODEL_NOT_FOUND = "ModelNotFound"
    CONTRADICTORY = "Contradictory"


class ModelCondition(StrEnum):
    """Condition types of a Model."""

    READY = "Ready"
    ROUTE_VERIFIED = "RouteVerified"
    REGISTRY_SYNCED = "RegistrySynced"
    ROLLOUT = "RolloutInProgress"
    PRODUCTION_GUARD = "ProductionGuard"
    PRODUCTION_VERIFIED = "ProductionVerified"
    ANALYSIS_TRUSTWORTHY = "AnalysisTrustworthy"
    RETRAINING_DUE = "RetrainingDue"
    DRIFT_DETECTED = "DriftDetected"
    COMMAND_REFUSED = "CommandRefused"
    NOTIFICATIONS = "NotificationsDelivered"


class RetrainingReason(StrEnum):
    """Reasons in a Model's conditions about its retraining and its drift."""

    STARTED = "RetrainingStarted"
    NOT_DUE = "NotDue"
    WAITING_FOR_CHECK = "WaitingForCheck"
    CHECKING = "Checking"
    CHECK_FAILED = "CheckFailed"
    CHECK_OUTDATED = "CheckOutdated"
    SUSPENDED = "Suspended"
    NO_POLICY = "NoPolicy"
    NO_TEMPLATE = "NoTemplate"
    INVALID_POLICY = "InvalidPolicy"
    IN_PROGRESS = "InProgress"
    ROLLOUT_IN_PROGRESS = "RolloutInProgress"
    COOLING_DOWN = "CoolingDown"
    OVER_BUDGET = "OverBudget"
    RUN_REFUSED = "RunRefused"
    DRIFTED = "Drifted"
    WITHIN_LIMITS = "WithinLimits"
    TOO_FEW_TEXTS = "TooFewTexts"


class ModelReason(StrEnum):
    """Reasons in a Model's conditions. Those of a self-test are the analysis' ``Trust``."""

    SERVING = "Serving"
    NO_VERSION = "NoVersion"
    VERSION_NOT_READY = "VersionNotReady"
    NO_GATEWAY = "NoGateway"
    ACKNOWLEDGED = "Acknowledged"
    WAITING_FOR_GATEWAYS = "WaitingForGateways"
    REJECTED = "Rejected"
    SYNCED = "Synced"
    COMMAND_REFUSED = "CommandRefused"
    COMMAND_ACCEPTED = "CommandAccepted"
    FIRST_VERSION = "FirstVersion"
    SWITCHING = "Switching"
    PROMOTED = "Promoted"
    ROLLED_BACK = "RolledBack"
    QUARANTINED = "Quarantined"
    QUARANTINE_LIFTED = "QuarantineLifted"
    EXPERIMENT_RUNNING = "ExperimentRunning"
    EXPERIMENT_STARTED = "ExperimentStarted"
    NO_CANDIDATE = "NoCandidate"
    NOT_BETTER = "NotBetter"
    MANUAL = "Manual"
    ALREADY_TRIED = "AlreadyTried"
    WAITING_FOR_LOG = "WaitingForLog"
    INVALID_POLICY = "InvalidPolicy"
    AUTOMATIC_ROLLBACK = "AutomaticRollback"
    WITHIN_LIMITS = "WithinLimits"
    GUARD_HOLDS = "GuardHolds"
    WATCHING = "Watching"
    WITHIN_TARGETS = "WithinTargets"
    BEYOND_TARGETS = "BeyondTargets"
    NO_TRAFFIC = "NoTraffic"
    METRICS_ERROR = "MetricsError"
    NO_ROUTE = "NoRoute"
    DELIVERED = "Delivered"
    NOT_DELIVERED = "NotDelivered"


class ExperimentCondition(StrEnum):
    """Condition types of an ABExperiment."""

    READY = "Ready"
    STAGED = "Staged"
    PROGRESSING = "Progressing"
    ANALYSIS = "Analysis"
    SUCCEEDED = "Succeeded"
    FEEDBACK = "FeedbackMissing"
    PLAN = "PlanFeasible"
    ENGINES = "EnginesDiffer"
    COMMAND_REFUSED = "CommandRefused"


class ExperimentReason(StrEnum):
    """Reasons in an ABExperiment's conditions."""

    REFERENCE_NOT_FOUND = "ReferenceNotFound"
    REFERENCES_FOUND = "ReferencesFound"
    CANDIDATE_NOT_READY = "CandidateNotReady"
    CANDIDATE_QUARANTINED = "CandidateQuarantined"
    WAITING_FOR_RIVAL = "WaitingForRival"
    WAITING_FOR_GATEWAYS = "WaitingForGateways"
    HOLDING = "Holding"
    STEPPING = "Stepping"
    PAUSED = "Paused"
    METRICS_PASS = "MetricsPass"  # noqa: S105 - not a password
    METRICS_FAIL = "MetricsFail"
    NO_DATA = "NoData"
    METRICS_ERROR = "MetricsError"
    IN_PROGRESS = "InProgress"
    PROMOTING = "Promoting"
    PROMOTED = "Promoted"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"
    ABORTED = "Aborted"
    SUPERSEDED = "Superseded"
    INCONCLUSIVE = "Inconclusive"
    INVALID = "Invalid"
    STARTING = "Starting"
    STAGING = "Staging"
    STAGED = "Staged"
    STAGING_SKIPPED = "StagingSkipped"
    STAGING_FAILED = "StagingFailed"
    CANDIDATE_UNAVAILABLE = "CandidateUnavailable"
    CONTROL_CHANGED = "ControlChanged"
    SCALING = "Scaling"
    GOALS_REACHED = "GoalsReached"
    GOALS_OPEN = "GoalsOpen"
    SPLIT_NOT_TRUSTED = "SplitNotTrusted"
    SHADOWING = "Shadowing"
    SHADOW_PASSED = "ShadowPassed"
    PASSED = "Passed"
    WATCHING = "Watching"
    WATCH_ENDED = "WatchEnded"
    NO_FEEDBACK = "NoFeedback"
    FEEDBACK_SEEN = "FeedbackSeen"
    ENGINES_DIFFER = "EnginesDiffer"
    ENGINES_ALIKE = "EnginesAlike"
    TOO_SLOW = "TooSlow"
    FEASIBLE = "Feasible"
    COMMAND_REFUSED = "CommandRefused"
    COMMAND_ACCEPTED = "CommandAccepted"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a decision found about one condition; the merge adds the times and the generation."""

    type: str
    status: ConditionStatus
    reason: str
    message: str = ""


def condition(
    kind: StrEnum, status: ConditionStatus | bool | None, reason: str, message: str = ""
) -> Finding:
    """A finding. ``status`` may be a plain truth value; None means Unknown."""
    return Finding(str(kind), _status(status), str(reason), message)


def merge(
    current: Sequence[Condition], findings: Iterable[Finding], generation: int, now: datetime
) -> list[Condition]:
    """``current`` with the findings put in, in a stable order; what no finding names is kept."""
    merged = {each.type: each for each in current}
    for finding in findings:
        merged[finding.type] = _merged(merged.get(finding.type), finding, generation, now)
    return list(merged.values())


def find(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type, or None."""
    return next((each for each in conditions if each.type == kind), None)


def is_true(conditions: Iterable[Condition], kind: str) -> bool:
    """Whether the condition of that type stands and is True."""
    found = find(conditions, kind)
    return found is not None and found.status is ConditionStatus.TRUE


def _status(value: ConditionStatus | bool | None) -> ConditionStatus:
    if isinstance(value, ConditionStatus):
        return value
    if value is None:
        return ConditionStatus.UNKNOWN
    return ConditionStatus.TRUE if value else ConditionStatus.FALSE


def _merged(
    before: Condition | None, finding: Finding, generation: int, now: datetime
) -> Condition:
    unchanged = before is not None and before.status is finding.status
    # Whole seconds, as they are stored: what is decided equals what is read back.
    moved = before.last_transition_time if before and unchanged else now.replace(microsecond=0)
    return Condition(
        type=finding.type,
        status=finding.status,
        reason=finding.reason,
        message=_bounded(finding.message),
        observed_generation=generation,
        last_transition_time=moved,
    )


def _bounded(message: str) -> str:
    return message if len(message) <= MESSAGE_LIMIT else message[: MESSAGE_LIMIT - 1] + "…"
