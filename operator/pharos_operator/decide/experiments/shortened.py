"""Which measurements the status shows: every metric, and of its slices those that matter most.

A model with many classes has a slice for each, and a status is written often. What is left out here
stands in the record of each decision. Must not judge.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import inf

from pharos_analysis.means import mean
from pharos_analysis.samples import LabelSample
from pharos_api.abexperiment import Measurement, Outcome

SLICES_SHOWN = 8
_WORST = (Outcome.FAIL, Outcome.ERROR, Outcome.NO_DATA, Outcome.PASS)


def shortened(measured: Sequence[Measurement], labels: LabelSample | None) -> list[Measurement]:
    """The measurements in their order; of a metric's slices the worst, and a line for the rest."""
    gains = _gains(labels)
    runs = groupby(measured, key=lambda one: (one.metric, bool(one.slice)))
    return [
        shown
        for (_, sliced), run in runs
        for shown in (_worst_of(list(run), gains) if sliced else run)
    ]


def is_suspicious(one: Measurement) -> bool:
    """Whether a slice failed, or has enough users to tell and may be beyond its limit."""
    return one.outcome is Outcome.FAIL or (one.outcome is not Outcome.PASS and one.candidate != "")


def _worst_of(
    slices: list[Measurement], gains: dict[tuple[str, str], float]
) -> Iterator[Measurement]:
    def place(one: Measurement) -> tuple[bool, bool, float, str]:
        gain = gains.get((one.metric, one.slice), inf) if one.candidate else inf
        return one.outcome is not Outcome.FAIL, not is_suspicious(one), gain, one.slice

    ordered = sorted(slices, key=place)
    yield from ordered[:SLICES_SHOWN]
    if ordered[SLICES_SHOWN:]:
        yield _others(ordered[SLICES_SHOWN:])


def _others(left_out: Sequence[Measurement]) -> Measurement:
    counts = {each: sum(one.outcome is each for one in left_out) for each in _WORST}
    told = ", ".join(f"{count} {each}" for each, count in counts.items() if count)
    first = left_out[0]
    return Measurement(
        metric=first.metric,
        role=first.role,
        slice=f"{len(left_out)} more",
        outcome=next(each for each, count in counts.items() if count),
        message=f"these slices are less bad ({told}); the record of a decision holds them all",
        at=first.at,
    )


def _gains(labels: LabelSample | None) -> dict[tuple[str, str], float]:
    """Candidate - control of each metric and group that both arms have a mean of."""
    gains = {}
    for one in () if labels is None else labels.metrics:
        control, candidate = mean(one.control), mean(one.candidate)
        if control is not None and candidate is not None:
            gains[one.metric, one.group] = candidate.value - control.value
    return gains
