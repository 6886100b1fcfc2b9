"""How a candidate is brought to users: strategies and steps, shared by Model and ABExperiment."""

from enum import StrEnum

from pydantic import Field

from pharos_api.meta import DecimalString, Duration, Spec


class Strategy(StrEnum):
    """How traffic moves from one version to another."""

    CANARY = "Canary"
    BLUE_GREEN = "BlueGreen"
    AB_TEST = "ABTest"
    SHADOW = "Shadow"
    MANUAL = "Manual"


class Step(Spec):
    """Give the candidate ``percent`` of the users and hold for at least ``holdFor``.

    At most half of the users are on the candidate while it is compared, because the control arm is
    as large; a last step of 100 is the promotion itself.
    """

    percent: int = Field(ge=1, le=100)
    hold_for: Duration = "1h"


class MissingKey(StrEnum):
    """What to do with a request that carries no user id.

    Control: stable serves it, outside the analysis. Cookie: the gateway gives it an id in a cookie,
    so that it belongs to an arm from its second request on.
    """

    CONTROL = "Control"
    COOKIE = "Cookie"


class StagingMode(StrEnum):
    """Whether the candidate is tried on its own Service before anybody meets it."""

    VERIFY = "Verify"
    SKIP = "Skip"


class Following(StrEnum):
    """What a Shadow leads to when it passes."""

    CANARY = "Canary"
    NOTHING = "Nothing"


class Staging(Spec):
    """Smoke, contract and answer tests against the candidate's own Service, before any user."""

    mode: StagingMode = StagingMode.VERIFY
    deadline: Duration = "10m"
    max_disagreement_percent: int = Field(0, ge=0, le=100)


class ABTestPlan(Spec):
    """Two equal arms for a fixed time: ``percent`` of the users each."""

    percent: int = Field(50, ge=1, le=50)
    duration: Duration = "7d"


class ShadowPlan(Spec):
    """Mirror ``percent`` of the requests; pass after ``duration`` and ``minPairs`` pairs.

    ``minAgreement`` is the share of pairs in which both versions give the same label.
    """

    percent: int = Field(100, ge=1, le=100)
    duration: Duration = "1h"
    min_pairs: int = Field(500, ge=1, le=10_000_000)
    min_agreement: DecimalString = "0.80"
    then: Following = Following.CANARY


class BlueGreenPlan(Spec):
    """Warm green up, switch everybody, watch for ``watch``, and go back on any failure."""

    warm_up_requests: int = Field(50, ge=1, le=10_000)
    watch: Duration = "60s"


class ProductionGuard(Spec):
    """Limits that production must keep after its promotion; else the version before it returns.

    The numbers of rows RBK-1 to RBK-3.
    """

    max_error_percent: int = Field(10, ge=1, le=100)
    max_p95_latency_ms: int = Field(500, ge=1, le=600_000)
