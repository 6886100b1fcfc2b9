"""What the prediction log is asked, by what an experiment compares."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest
from decide_builders import NOW, after, experiment

from pharos_analysis.samples import LabelSample, PairSample
from pharos_api.abexperiment import ExperimentPhase
from pharos_api.metrics import Metric, MetricSource, Slice
from pharos_operator.reconcile.from_log import from_log


@dataclass
class FakeLabels:
    """Remembers its questions."""

    asked: list[tuple[object, ...]] = field(default_factory=list)

    async def labels(
        self, experiment_uid: str, until: datetime, exposure: int, slices: tuple[Slice, ...] = ()
    ) -> LabelSample:
        self.asked.append(("labels", experiment_uid, until, exposure, slices))
        return LabelSample(multiple=1)

    async def pairs(self, experiment_uid: str, since: datetime, until: datetime) -> PairSample:
        self.asked.append(("pairs", experiment_uid, since, until))
        return PairSample(pairs=2)


async def test_two_arms_are_asked_for_what_is_older_than_a_label_may_take() -> None:
    log = FakeLabels()
    running = experiment(phase=ExperimentPhase.PROGRESSING, exposure=500, exposed_at=NOW)
    found = await from_log(log)(running, after(86_400 + 60))
    assert found == (LabelSample(multiple=1), None)
    assert log.asked == [("labels", "uid-x", after(60), 500, ())]


def sliced(*slices: Slice) -> Metric:
    return Metric(
        name="accuracy", source=MetricSource.LABELS, margin="0.02", slices=list(slices) or None
    )


NAMED: dict[str, tuple[list[Metric], tuple[Slice, ...]]] = {
    "no metric on labels": ([Metric(name="error-rate", max_ratio="1.5")], ()),
    "a metric without slices": ([sliced()], ()),
    "one kind": ([sliced(Slice.SEGMENT)], (Slice.SEGMENT,)),
    "each kind once": (
        [sliced(Slice.SEGMENT, Slice.LABEL), sliced(Slice.LABEL)],
        (Slice.LABEL, Slice.SEGMENT),
    ),
}


@pytest.mark.parametrize(("metrics", "slices"), NAMED.values(), ids=NAMED)
async def test_only_the_slices_that_metrics_name_are_asked_for(
    metrics: list[Metric], slices: tuple[Slice, ...]
) -> None:
    log = FakeLabels()
    spec = {"metrics": metrics}
    running = experiment(spec=spec, phase=ExperimentPhase.PROGRESSING, exposure=500)
    await from_log(log)(running, NOW)
    (asked,) = log.asked
    assert asked[-1] == slices


async def test_a_shadow_is_asked_for_its_pairs_since_it_began() -> None:
    log = FakeLabels()
    shadowing = experiment(phase=ExperimentPhase.SHADOWING, mirror=100, shadowed_at=NOW)
    assert await from_log(log)(shadowing, after(60)) == (None, PairSample(pairs=2))
    assert log.asked == [("pairs", "uid-x", NOW, after(60))]


async def test_a_watched_switch_asks_nothing_of_the_log() -> None:
    log = FakeLabels()
    watching = experiment(phase=ExperimentPhase.WATCHING, switched_at=NOW)
    assert await from_log(log)(watching, after(60)) == (None, None)
    assert log.asked == []
