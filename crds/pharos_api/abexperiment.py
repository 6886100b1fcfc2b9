"""ABExperiment: one move of traffic between two versions of a model.

The spec names the arms, the steps, the metrics with their roles and the rule of decision; the
status holds the exposure asked for, what was measured and the verdict with its evidence.
"""

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from pharos_api.decision import DecisionRule, Health
from pharos_api.delivery import (
    ABTestPlan,
    BlueGreenPlan,
    MissingKey,
    ShadowPlan,
    Staging,
    Step,
)
from pharos_api.meta import (
    Command,
    Condition,
    ObjectRef,
    Resource,
    Spec,
    Status,
    Time,
    rules,
)
from pharos_api.metrics import Metric, MetricRole


class ExperimentStrategy(StrEnum):
    """How the candidate meets traffic."""

    CANARY = "Canary"
    BLUE_GREEN = "BlueGreen"
    AB_TEST = "ABTest"
    SHADOW = "Shadow"


class KeyFrom(Spec):
    """Where the user id is read. One header for all experiments, as the gateways know it."""

    header: Literal["X-User-ID"] = "X-User-ID"


class Assignment(Spec):
    """How users are told apart."""

    key_from: KeyFrom = KeyFrom()
    on_missing_key: MissingKey = MissingKey.CONTROL


DEFAULT_STEPS = [Step(percent=percent, hold_for="1h") for percent in (5, 10, 25, 50)]
DEFAULT_METRICS = [
    Metric(name="error-rate", max_ratio="1.5", abort_above="0.10"),
    Metric(name="p95-latency", max_ratio="1.2", abort_above="500"),
]


class ABExperimentSpec(Spec):
    """One move of traffic, as asked for. Immutable: another plan is another experiment."""

    model_config = rules(
        ("self == oldSelf", "an experiment's spec is immutable: create a new ABExperiment"),
        (
            "self.steps.map(s, s.percent).isSorted() && "
            "self.steps.all(s, self.steps.exists_one(t, t.percent == s.percent))",
            "steps must rise: each percent must be greater than the one before",
        ),
        (
            "self.steps.all(s, s.percent <= 50 || s.percent == 100)",
            "a step is at most 50 percent, because the control arm is as large as the candidate's;"
            " only a last step of 100, the promotion itself, may be greater",
        ),
        (
            "!has(self.controlRef) || self.controlRef.name != self.candidateRef.name",
            "candidateRef and controlRef name the same ModelVersion: there is nothing to compare",
        ),
    )

    model_ref: ObjectRef
    control_ref: ObjectRef | None = None
    candidate_ref: ObjectRef
    strategy: ExperimentStrategy = ExperimentStrategy.CANARY
    assignment: Assignment = Assignment()
    steps: list[Step] = Field(default=DEFAULT_STEPS, min_length=1, max_length=20)
    ab_test: ABTestPlan = Field(ABTestPlan(), alias="abTest")
    shadow: ShadowPlan = ShadowPlan()
    blue_green: BlueGreenPlan = BlueGreenPlan()
    staging: Staging = Staging()
    metrics: list[Metric] = Field(default=DEFAULT_METRICS, min_length=1, max_length=20)
    decision: DecisionRule = DecisionRule()
    health: Health = Health()

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        shares = [step.percent for step in self.steps]
        if shares != sorted(set(shares)):
            raise ValueError("steps must rise: each percent must be greater than the one before")
        return self

    @model_validator(mode="after")
    def _arms_differ(self) -> Self:
        if self.control_ref and self.control_ref.name == self.candidate_ref.name:
            raise ValueError("candidateRef and controlRef name the same ModelVersion")
        return self


class ExperimentPhase(StrEnum):
    """Derived from the conditions, for people."""

    PENDING = "Pending"
    STARTING = "Starting"
    STAGING = "Staging"
    SHADOWING = "Shadowing"
    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    PROMOTING = "Promoting"
    WATCHING = "Watching"
    ROLLING_BACK = "RollingBack"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"

    @property
    def finished(self) -> bool:
        """Whether the experiment will never move again."""
        return self in (ExperimentPhase.SUCCEEDED, ExperimentPhase.FAILED)


class Verdict(StrEnum):
    """How an experiment ended. Passed: the candidate passed a shadow, and nothing was moved."""

    PROMOTE = "Promote"
    PASSED = "Passed"
    ROLLBACK = "Rollback"
    ABORT = "Abort"
    SUPERSEDED = "Superseded"
    INVALID = "Invalid"


class ExperimentVerb(StrEnum):
    """What a person may ask of a running experiment."""

    PAUSE = "Pause"
    RESUME = "Resume"
    ABORT = "Abort"
    PROMOTE = "Promote"
    ROLLBACK = "Rollback"


class Outcome(StrEnum):
    """The four outcomes of a measurement. Only Fail counts against a candidate."""

    PASS = "Pass"  # noqa: S105 - not a password
    FAIL = "Fail"
    NO_DATA = "NoData"
    ERROR = "Error"


class Measurement(Status):
    """One metric looked at once: the value, the limit, and the query that anyone can repeat.

    ``slice`` names the group it is about; empty for everybody, and ``12 more`` in the line that
    stands for the groups which a status leaves out.
    """

    metric: str
    role: MetricRole = MetricRole.GUARDRAIL
    slice: str = ""
    outcome: Outcome
    message: str = ""
    candidate: str = ""
    control: str = ""
    limit: str = ""
    query: str = ""
    at: Time | None = None


class ArmCounts(Status):
    """Requests of one arm since the experiment's first exposure, from the gateways' counters."""

    version: str = ""
    requests: int = 0
    errors: int = 0


class Arms(Status):
    """What the two arms have seen."""

    control: ArmCounts = ArmCounts()
    candidate: ArmCounts = ArmCounts()


class Plan(Status):
    """What the experiment needs to decide, from the power plan, and when it will have it.

    ``requiredUsers`` an arm; None where no goal is given. ``ready`` is an estimate at the present
    traffic. ``warning`` says why ``maxDuration`` may not be met, and what to do.
    """

    required_users: int | None = None
    users: int = 0
    ready: Time | None = None
    warning: str = ""


class Evidence(Status):
    """Where the record of one decision is: the name of an immutable ConfigMap."""

    name: str
    decision: str
    at: Time | None = None


class ABExperimentStatus(Status):
    """Where an experiment stands.

    ``exposure`` is what is wanted of the gateways, in buckets an arm (0..5000); ``weight`` the
    candidate's percentage that they have confirmed. ``exposedAt`` is when they first confirmed any;
    ``stepArms`` what the arms had seen when the present step was asked for; ``candidateReplicas``
    how many pods the candidate needs before its share may be raised. ``mirror`` is the percentage
    of requests that the gateways shall copy to the candidate; ``stagedAt`` and ``shadowedAt`` say
    when staging passed and mirroring was confirmed, ``switchedAt`` since when the candidate is
    production; the watch of a blue-green begins anew when every gateway has confirmed that.
    """

    phase: ExperimentPhase = ExperimentPhase.PENDING
    observed_generation: int = 0
    control: str = ""
    control_version: str = ""
    candidate_version: str = ""
    salt: str = ""
    exposure: int = Field(0, ge=0, le=5000)
    weight: int = 0
    weight_verified: bool = False
    current_step: int = 0
    step_started_at: Time | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    verdict: Verdict | None = None
    reason: str = ""
    failed_at: Time | None = None
    paused: bool = False
    paused_at: Time | None = None
    exposed_at: Time | None = None
    candidate_replicas: int = 0
    candidate_unready_since: Time | None = None
    arms: Arms = Arms()
    step_arms: Arms = Arms()
    mirror: int = Field(0, ge=0, le=100)
    staged_at: Time | None = None
    shadowed_at: Time | None = None
    switched_at: Time | None = None
    plan: Plan = Plan()
    evidence: list[Evidence] = Field(default_factory=list)
    measurements: list[Measurement] = Field(default_factory=list)
    conditions: list[Condition] = Field(default_factory=list)
    command: Command | None = None
    observed_command: str = ""


class ABExperiment(Resource):
    """The whole object."""

    kind: Literal["ABExperiment"] = "ABExperiment"
    spec: ABExperimentSpec
    status: ABExperimentStatus = ABExperimentStatus()
