"""What a judgement is: the measurements, what is wrong with the split, and what follows.

The value only; ``judging.py`` makes it. A strategy acts on it: harm takes the candidate back at
once, doubt holds, and only a judgement without either lets it go on.
"""

from dataclasses import dataclass
from enum import StrEnum

from pharos_api.abexperiment import Measurement


class Ruling(StrEnum):
    """What the evidence allows.

    Harm: a guardrail failed. Hold: something is not known, not enough, or not to be trusted.
    Proceed: every guardrail passes, so the exposure may rise. Won: every goal is reached as well,
    or none was given.
    """

    HARM = "Harm"
    HOLD = "Hold"
    PROCEED = "Proceed"
    WON = "Won"


class Distrust(StrEnum):
    """Why the comparison itself is not to be trusted; each holds the decision."""

    SAMPLE_RATIO = "SampleRatioMismatch"
    MULTIPLE_EXPOSURE = "MultipleExposure"
    CONTRADICTIONS = "AssignmentContradicted"
    COVERAGE = "LabelCoverageDiffers"
    LOST_ROWS = "PredictionsLost"
    SELF_TEST = "SelfTestFailed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judgement. ``message`` is a sentence with value, limit and source of what decided it.

    ``measured`` has a row for each metric and slice that was looked at. ``absent`` are the metrics
    that had no value at all, ``beyond`` those whose plain number lies beyond a limit: how long each
    has been so comes back with the next facts (``clocks.py``).
    """

    ruling: Ruling
    message: str
    measured: tuple[Measurement, ...] = ()
    distrust: tuple[tuple[Distrust, str], ...] = ()
    absent: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
