"""What the prediction log is asked, by what an experiment compares."""

from dataclasses import dataclass, field
from datetime import datetime

from decide_builders import NOW, after, experiment

from pharos_analysis.samples import LabelSample, PairSample
from pharos_api.abexperiment import ExperimentPhase
from pharos_operator.reconcile.from_log import from_log


@dataclass
class FakeLabels:
    """Remembers its questions."""

    asked: list[tuple[object, ...]] = field(default_factory=list)

    async def labels(self, experiment_uid: str, until: datetime, exposure: int) -> LabelSample:
        self.asked.append(("labels", experiment_uid, until, exposure))
        return LabelSample(multiple=1)

    async def pairs(self, experiment_uid: str, since: datetime, until: datetime) -> PairSample:
        self.asked.append(("pairs", experiment_uid, since, until))
        return PairSample(pairs=2)


async def test_two_arms_are_asked_for_what_is_older_than_a_label_may_take() -> None:
    log = FakeLabels()
    running = experiment(phase=ExperimentPhase.PROGRESSING, exposure=500, exposed_at=NOW)
    found = await from_log(log)(running, after(86_400 + 60))
    assert found == (LabelSample(multiple=1), None)
    assert log.asked == [("labels", "uid-x", after(60), 500)]


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
