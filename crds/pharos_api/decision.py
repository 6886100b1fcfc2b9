"""The rule of decision of an experiment: how sure, how long, and which evidence counts."""

from enum import StrEnum

from pydantic import Field

from pharos_api.meta import DecimalString, Duration, Spec, rules


class Correction(StrEnum):
    """How several goals and slices share alpha."""

    HOLM = "Holm"
    BENJAMINI_HOCHBERG = "BenjaminiHochberg"


class OnInconclusive(StrEnum):
    """What to do when the maximum duration ends without a decision."""

    HOLD = "Hold"
    ROLLBACK = "Rollback"
    PROMOTE = "Promote"


class Labelling(Spec):
    """Which labelled predictions count.

    A prediction counts once it is older than ``maturity``, labelled or not: by then its label has
    come or will not come. The labelled shares of both arms may differ by ``maxCoverageGapPercent``.
    """

    maturity: Duration = "24h"
    min_coverage_percent: int = Field(1, ge=0, le=100)
    max_coverage_gap_percent: int = Field(5, ge=1, le=100)


class Health(Spec):
    """When the split itself is not to be trusted: any of these holds the decision.

    ``srmAlpha`` is the level of the sequential test for a sample-ratio mismatch.
    """

    model_config = rules(
        (
            "double(self.srmAlpha) > 0.0 && double(self.srmAlpha) <= 0.1",
            "srmAlpha is the share of false alarms of a sound split: greater than 0, at most 0.1",
        ),
    )

    srm_alpha: DecimalString = "0.001"
    max_multiple_exposure_percent: int = Field(1, ge=0, le=100)
    max_dropped_percent: int = Field(5, ge=0, le=100)


class DecisionRule(Spec):
    """How sure the decision must be, and how long it may take."""

    model_config = rules(
        (
            "double(self.alpha) > 0.0 && double(self.alpha) <= 0.5",
            "alpha is the share of wrong decisions you accept: greater than 0, at most 0.5",
        ),
        (
            "double(self.power) > 0.0 && double(self.power) < 1.0",
            "power must lie between 0 and 1, for example 0.8",
        ),
    )

    alpha: DecimalString = "0.05"
    power: DecimalString = "0.8"
    min_requests: int = Field(50, ge=1, le=10_000_000)
    min_users: int = Field(30, ge=2, le=10_000_000)
    correction: Correction = Correction.HOLM
    labels: Labelling = Labelling()
    on_inconclusive: OnInconclusive = OnInconclusive.HOLD
    max_duration: Duration = "14d"
