"""Which trial wins, how a search is shown, and what of the data trials see."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from jobs_builders import sample

from pharos_api.search import SearchStatus, TrialStatus
from pharos_jobs.core.subset import share
from pharos_jobs.core.trials import Budget, Phase, Trial, Worker
from pharos_jobs.core.winner import spelled, standing, winner

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BUDGET = Budget(trials=4, ends_at=NOW + timedelta(hours=1))


def done(number: int, *values: float) -> Trial:
    return Trial(number, Phase.COMPLETE, values=values)


WINNERS = {
    "the most accurate wins": ([done(0, 0.8), done(1, 0.9)], 1),
    "of equals the earliest": ([done(0, 0.8), done(1, 0.9), done(2, 0.9)], 1),
    "a pruned trial does not win over a complete one": (
        [done(0, 0.8), Trial(1, Phase.PRUNED, values=(0.95,))],
        0,
    ),
    "where none is complete the best of the pruned": (
        [Trial(0, Phase.PRUNED, values=(0.6,)), Trial(1, Phase.PRUNED, values=(0.7,))],
        1,
    ),
    "a failed trial never wins": ([Trial(0, Phase.FAILED), done(1, 0.1)], 1),
    "nothing to choose from": ([Trial(0, Phase.FAILED), Trial(1, Phase.PRUNED)], None),
    "with two objectives the fastest of the accurate ones": (
        [done(0, 0.900, 30.0), done(1, 0.896, 10.0), done(2, 0.89, 1.0)],
        1,
    ),
    "equally fast: the more accurate": ([done(0, 0.897, 10.0), done(1, 0.9, 10.0)], 1),
}


@pytest.mark.parametrize(("trials", "number"), WINNERS.values(), ids=WINNERS)
def test_winner(trials: list[Trial], number: int | None) -> None:
    best = winner(trials, tolerance=0.005)
    assert (best.number if best else None) == number


def test_a_status_counts_each_wanted_trial_once() -> None:
    trials = [
        Trial(0, Phase.COMPLETE, values=(0.91239,), params={"learning_rate": 0.0000234567}),
        Trial(1, Phase.PRUNED),
        Trial(2, Phase.FAILED),
        Trial(3, Phase.RUNNING, Worker(1, 1, "b"), repeats=2, reported={1: 0.5, 2: 0.6}),
        Trial(4, Phase.FAILED, reason="Memory ran out."),
    ]
    assert standing("s", trials, BUDGET, trials[0], NOW) == SearchStatus(
        study="s",
        trials=4,
        completed=1,
        pruned=1,
        failed=1,
        running=1,
        repeated=1,
        best=TrialStatus(number=0, value="0.9124", params={"learningRate": "2.346e-05"}),
        current=[TrialStatus(number=3, value="0.6000", evaluations=2, worker=1, repeats=2)],
    )


def test_a_status_is_short_however_many_run_and_says_why_it_ended_early() -> None:
    late = Budget(trials=200, ends_at=NOW, gpu_hours=7.0)
    trials = [Trial(n, Phase.RUNNING, Worker(1, n, "a")) for n in range(100)]
    status = standing("s", trials, late, None, NOW)
    assert (status.running, len(status.current)) == (100, 20)
    assert status.reason == "The search has used up its time."
    assert status.gpu_hours == "0.00"


def test_parameters_are_written_so_that_a_spec_holds_them() -> None:
    assert spelled({"learning_rate": 0.0000234567, "epochs": 3, "weight_decay": 0.0}) == {
        "learning_rate": "2.346e-05",
        "epochs": 3,
        "weight_decay": "0",
    }


class TestShare:
    samples = tuple(sample(topic, seed) for topic in ("cs.AI", "cs.RO") for seed in range(9))

    def test_every_class_gives_its_share_in_the_given_order(self) -> None:
        taken = share(self.samples, 50, seed=1)
        assert Counter(s.label for s in taken) == {"cs.AI": 5, "cs.RO": 5}
        assert taken == [s for s in self.samples if s in taken]

    def test_the_same_seed_gives_the_same_and_a_larger_share_holds_the_smaller(self) -> None:
        small, large = share(self.samples, 20, seed=1), share(self.samples, 60, seed=1)
        assert small == share(self.samples, 20, seed=1)
        assert [s for s in large if s in small] == small
        assert small != share(self.samples, 20, seed=2)

    def test_the_whole_is_the_whole(self) -> None:
        assert share(self.samples, 100, seed=1) == list(self.samples)
