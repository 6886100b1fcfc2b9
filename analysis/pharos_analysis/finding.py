"""What one metric, or one slice of it, was found to say: a measurement and where it stands.

The value only. The four outcomes are what people see; the standing is finer, because a number that
is missing, one that rests on too little, and one that is not decided yet lead to different things.
"""

from dataclasses import dataclass
from enum import StrEnum

from pharos_api.abexperiment import Measurement, Outcome
from pharos_api.metrics import Metric, MetricRole


class Standing(StrEnum):
    """Where a finding stands.

    Harm: evidence against the candidate. Absent: no value; the metric's policy decides. Short: too
    little to judge, or too suspicious to go on. Open: judged, no harm, and not decided. Clear:
    within its limits, or its goal reached. Shown: it decides nothing.
    """

    HARM = "Harm"
    ABSENT = "Absent"
    SHORT = "Short"
    OPEN = "Open"
    CLEAR = "Clear"
    SHOWN = "Shown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A measurement of a metric and where it stands."""

    metric: Metric
    standing: Standing
    measurement: Measurement

    @property
    def decides(self) -> bool:
        """Whether it may decide anything: a Signal is shown alone."""
        return self.metric.role is not MetricRole.SIGNAL and self.standing is not Standing.SHOWN

    @property
    def sentence(self) -> str:
        """Value, limit and source in one sentence, without the query, whose window grows."""
        found = self.measurement
        where = f" of {found.slice}" if found.slice else ""
        limit = f"; limit {found.limit}" if found.limit else ""
        source = f"; from {self.metric.source}"
        return f"{found.metric}{where} {found.outcome}: {found.message}{limit}{source}"


OUTCOMES = {
    Standing.HARM: Outcome.FAIL,
    Standing.ABSENT: Outcome.NO_DATA,
    Standing.SHORT: Outcome.NO_DATA,
    Standing.OPEN: Outcome.NO_DATA,
    Standing.CLEAR: Outcome.PASS,
    Standing.SHOWN: Outcome.NO_DATA,
}
