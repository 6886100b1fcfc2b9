"""The parts of a search: its space, its strategies, its patience, its evaluations, its plots."""

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.exceptions import StorageInternalError
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import RandomSampler, TPESampler
from transformers import TrainerControl

from pharos_api.search import DecimalRange, Pruner, Sampler, Scale, Search, SearchSpace
from pharos_api.trainer import Hyperparameters
from pharos_jobs.core.trials import Phase, Trial
from pharos_jobs.errors import Interrupted, Retryable
from pharos_jobs.search.patience import Patience
from pharos_jobs.search.plots import plots
from pharos_jobs.search.records import best_params
from pharos_jobs.search.space import distributions, draw, settings
from pharos_jobs.search.strategies import pruner, sampler
from pharos_jobs.search.study import read
from pharos_jobs.training.watching import WatchCallback


@pytest.mark.requirement("HPS-6")
@pytest.mark.requirement("HPS-7")
def test_the_default_space_is_the_requirements() -> None:
    assert distributions(SearchSpace()) == {
        "learning_rate": FloatDistribution(1e-5, 5e-5, log=True),
        "weight_decay": FloatDistribution(0.0, 0.1),
        "batch_size": CategoricalDistribution((8, 16, 32)),
        "warmup_steps": CategoricalDistribution((100, 500, 1000)),
        "epochs": CategoricalDistribution((3, 5)),
    }


@pytest.mark.requirement("HPS-8")
@pytest.mark.requirement("HPS-9")
@pytest.mark.requirement("HPS-10")
@pytest.mark.requirement("HPS-11")
def test_the_default_search_is_the_requirements() -> None:
    search = Search()
    assert (search.trials, search.timeout, search.parallelism) == (20, "8h", 1)
    assert isinstance(sampler(search, 0), TPESampler)
    assert isinstance(pruner(search), MedianPruner)


PRUNERS = {
    Pruner.HYPERBAND: HyperbandPruner,
    Pruner.ASHA: SuccessiveHalvingPruner,
    Pruner.NONE: NopPruner,
}


@pytest.mark.parametrize(("name", "kind"), PRUNERS.items(), ids=PRUNERS)
def test_other_pruners(name: Pruner, kind: type) -> None:
    assert isinstance(pruner(Search(pruner=name)), kind)


def test_two_workers_never_draw_the_same_and_a_repeated_draw_is_the_same() -> None:
    search = Search(sampler=Sampler.RANDOM)
    assert isinstance(sampler(search, 0), RandomSampler)

    def drawn(trials: int) -> dict[str, object]:
        study = optuna.create_study(sampler=sampler(search, trials))
        return study.ask(distributions(search.space)).params

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


def test_a_trial_trains_with_what_it_drew_and_the_rest_of_the_spec() -> None:
    space = SearchSpace(
        learning_rate=DecimalRange(min="1e-4", max="1e-4", scale=Scale.LOG), max_tokens=[64]
    )
    trial = optuna.create_study().ask()
    draw(trial, space)
    given = settings(trial.params, Hyperparameters(label_smoothing="0.1"), per_epoch=2)
    assert (given.learning_rate, given.max_tokens, given.label_smoothing) == ("0.0001", 64, "0.1")
    assert given.early_stopping_patience == 4


class TestPatience:
    def test_what_fails_for_a_while_is_asked_again(self) -> None:
        answers = [StorageInternalError("away"), StorageInternalError("away"), "there"]

        def ask() -> str:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        assert Patience(threading.Event(), pause_s=0.0)(ask) == "there"

    def away(self) -> None:
        raise StorageInternalError("no route to host")

    def test_what_stays_away_is_told_in_a_sentence(self) -> None:
        with pytest.raises(Retryable, match="did not answer for 0 s: no route to host"):
            Patience(threading.Event(), limit_s=0.0)(self.away)

    def test_a_process_that_shall_end_does_not_wait(self) -> None:
        stop = threading.Event()
        stop.set()
        with pytest.raises(Interrupted):
            Patience(stop)(self.away)


@dataclass
class Watch:
    per_epoch: int
    seen: list[tuple[int, float]] = field(default_factory=list)

    def evaluated(self, number: int, accuracy: float) -> None:
        self.seen.append((number, accuracy))


EVALUATIONS = {
    "twice an epoch": (2, 10, [5, 15], {5: 1, 10: 2, 20: 4}),
    "uneven parts": (3, 10, [3, 6, 13, 16], {3: 1, 6: 2, 10: 3, 13: 4}),
    "once an epoch is the trainer's own": (1, 10, [], {10: 1, 20: 2}),
    "more often than there are steps": (9, 2, [1, 3], {2: 9, 4: 18}),
}


@pytest.mark.parametrize(
    ("per_epoch", "steps", "within", "numbers"), EVALUATIONS.values(), ids=EVALUATIONS
)
def test_evaluations(
    per_epoch: int, steps: int, within: list[int], numbers: dict[int, int]
) -> None:
    watch = Watch(per_epoch)
    callback = WatchCallback(watch, steps)
    asked = []
    for step in range(1, 2 * steps + 1):
        control = TrainerControl()
        state = SimpleNamespace(global_step=step)
        callback.on_step_end(None, state, control)  # type: ignore[arg-type]
        if control.should_evaluate:
            asked.append(step)
        if step in numbers:
            metrics = {"eval_accuracy": step / 100}
            callback.on_evaluate(None, state, control, metrics=metrics)  # type: ignore[arg-type]
    assert asked == within
    assert watch.seen == [(number, step / 100) for step, number in numbers.items()]


@pytest.mark.requirement("HPS-13")
def test_the_document_of_the_best_parameters() -> None:
    study = optuna.create_study(direction="maximize")
    params = {"learning_rate": 2.5e-5, "batch_size": 16, "warmup_steps": 500}
    params |= {"weight_decay": 0.01, "epochs": 3}
    study.enqueue_trial(params)
    trial = study.ask(distributions(SearchSpace()))
    study.tell(trial, 0.912)
    best = read(study.trials[0])
    assert best.started_at is not None
    document = best_params("arxiv_classification_hp_search", [best], best, best.started_at)
    assert document == {
        "best_params": params,
        "best_value": 0.912,
        "n_trials": 1,
        "search_time": 0,
        "study_name": "arxiv_classification_hp_search",
    }


@pytest.mark.requirement("HPS-14")
def test_a_study_of_one_trial_has_its_plots_too_in_words_where_need_be() -> None:
    study = optuna.create_study(direction="maximize")
    trial = study.ask({"epochs": CategoricalDistribution((3, 5))})
    study.tell(trial, 0.9)
    drawn = dict(plots(study))
    assert set(drawn) == {
        "optimization_history.png",
        "param_importances.png",
        "parallel_coordinate.png",
        "slice.png",
        "slice_epochs.png",
    }
    assert all(image.startswith(b"\x89PNG") for image in drawn.values())


def test_a_trial_is_read_as_the_ledger_wants_it() -> None:
    study = optuna.create_study(direction="maximize")
    trial = study.ask()
    trial.set_user_attr("worker", "1/0/a")
    trial.report(0.5, 1)
    seen = read(study.trials[0])
    assert (seen.phase, str(seen.worker), dict(seen.reported)) == (Phase.RUNNING, "1/0/a", {1: 0.5})
    assert isinstance(seen, Trial)
