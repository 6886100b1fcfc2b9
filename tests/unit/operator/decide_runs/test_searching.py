"""A run with a search: what its steps are told, and what its status shows."""

import json
from dataclasses import replace

import pytest
from run_builders import NOW, PLATFORM, at, make_run
from run_world import Outcome, World

from pharos_api.jobio import StepResult
from pharos_api.search import SearchStatus, TrialStatus, standing
from pharos_api.trainingrun import ProgressStatus, StepName, StepState
from pharos_operator.decide.conditions import find
from pharos_operator.decide.decision import Decision
from pharos_operator.decide.observation import RunObservation
from pharos_operator.decide.runs.trainingrun import decide

SEARCH = {"trials": 20, "timeout": "1h", "parallelism": 2}
BEST = TrialStatus(number=5, value="0.9120", params={"learningRate": "0.00003", "batchSize": "8"})
HALFWAY = SearchStatus(
    study="default/weekly", trials=20, completed=9, pruned=3, running=2, repeated=1, best=BEST
)
STANDINGS = {
    "before the first trial has ended": (
        SearchStatus(study="s", trials=20, running=2),
        "0 of 20 trials are done, 2 running.",
    ),
    "in the middle": (
        HALFWAY,
        "12 of 20 trials are done (3 pruned, 1 repeated), 2 running; the best is trial 5 with "
        "0.9120: learningRate 0.00003, batchSize 8.",
    ),
    "that the budget was used up, and how fast the best is": (
        SearchStatus(
            study="s",
            trials=5,
            completed=2,
            best=TrialStatus(number=1, value="0.9000", latency_ms="7.5", params={"epochs": "3"}),
            reason="The search has used up its time.",
        ),
        "2 of 5 trials are done; the best is trial 1 with 0.9000 and 7.5 ms: epochs 3. "
        "The search has used up its time.",
    ),
    "a failed trial is named": (
        SearchStatus(study="s", trials=3, completed=2, failed=1),
        "3 of 3 trials are done (1 failed).",
    ),
}


@pytest.mark.parametrize(("search", "sentence"), STANDINGS.values(), ids=STANDINGS)
def test_standing(search: SearchStatus, sentence: str) -> None:
    assert standing(search) == sentence


def searching(**search: object) -> World:
    """A world whose search has just started."""
    world = World(make_run(search={**SEARCH, **search}))
    while not world.run.status.steps or world.step(StepName.SEARCH).state is StepState.PENDING:
        world.finish_jobs()
        world.reconcile()
    return world


def look(world: World, search: SearchStatus | None, seconds: float = 5) -> Decision[object]:
    jobs = {name: replace(job, started_at=NOW) for name, job in world.jobs.items()}
    report = ProgressStatus(step=StepName.SEARCH, percent=60, updated_at=at(seconds))
    obs = RunObservation(world.run, world.model, jobs, progress=report, search=search)
    return decide(obs, PLATFORM, world.now)  # type: ignore[return-value]


class TestStatus:
    def test_best_and_running_trials_are_shown_and_told_in_the_condition(self) -> None:
        world = searching()
        status = look(world, HALFWAY).status
        assert status.search == HALFWAY  # type: ignore[attr-defined]
        found = find(status.conditions, "Progressing")  # type: ignore[attr-defined]
        assert found is not None
        assert found.message.endswith(standing(HALFWAY))

    def test_the_same_report_again_changes_nothing(self) -> None:
        world = searching()
        first = look(world, HALFWAY)
        world.write_status(**first.status.to_json())  # type: ignore[attr-defined]
        again = look(world, HALFWAY)
        assert again.status == world.run.status
        assert not again.events

    def test_a_new_operator_keeps_what_was_shown(self) -> None:
        world = searching()
        world.write_status(search=HALFWAY.to_json())
        assert world.look().status.search == HALFWAY

    def test_the_end_is_that_of_the_result_and_stays(self) -> None:
        world = searching()
        world.write_status(search=HALFWAY.to_json())
        ended = HALFWAY.model_copy(update={"completed": 17, "running": 0})
        said = StepResult(step=StepName.SEARCH, outputs={"hyperparameters": "{}"}, search=ended)
        world.finish_jobs()
        job = world.jobs["weekly-search"]
        assert job.pod is not None
        pod = replace(job.pod, message=said.to_termination_message())
        world.jobs["weekly-search"] = replace(job, pod=pod)
        world.settle()
        assert world.run.status.search == ended


FOUND = {"learningRate": "0.00003", "batchSize": 8, "epochs": 5}


class TestWinner:
    def trained_with(self, world: World) -> World:
        world.finish_jobs()
        job = world.jobs["weekly-search"]
        assert job.pod is not None
        said = StepResult(step=StepName.SEARCH, outputs={"hyperparameters": json.dumps(FOUND)})
        pod = replace(job.pod, message=said.to_termination_message())
        world.jobs["weekly-search"] = replace(job, pod=pod)
        world.settle()
        return world

    def test_the_train_step_is_told_what_the_search_found_and_the_rest_of_the_spec(self) -> None:
        world = self.trained_with(searching())
        told = world.started["weekly-train"].step_input.trainer.hyperparameters
        assert (told.learning_rate, told.batch_size, told.epochs) == ("0.00003", 8, 5)
        assert told.weight_decay == "0.01"
        registered = world.started["weekly-register"].step_input.trainer.hyperparameters
        assert registered == told
        assert world.run.status.model_version == "arxiv-v1-0-0"

    def test_memory_that_runs_out_halves_the_batch_that_was_found(self) -> None:
        world = searching()
        world.script = {StepName.TRAIN: [Outcome.OUT_OF_MEMORY] * 9}
        self.trained_with(world)
        told = [s.step_input for s in world.started.values() if s.step_input.step == "train"]
        assert [each.batch_divisor for each in told] == [1, 2, 4, 8]

    def test_without_a_search_the_spec_is_what_is_trained(self) -> None:
        world = World(make_run())
        world.settle()
        told = world.started["weekly-train"].step_input
        assert told.trainer == make_run().spec.trainer
        assert world.run.status.search is None
