"""What a retention Job is told of the versions: their stage, and what holds them."""

from dataclasses import replace

from decide_builders import NOW, PLATFORM, experiment, looked, model, name_of, version
from run_builders import DATA_SHA, make_run

from pharos_api.abexperiment import ExperimentPhase
from pharos_api.data import Extension
from pharos_api.modelversion import ModelVersion, Stage
from pharos_api.names import ANNOTATION_KEEP
from pharos_api.retaining import RetentionInput
from pharos_api.trainingrun import TrainingRunPhase, TrainingRunStatus
from pharos_operator.decide.decision import EnsureRetention
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import ModelObservation

ONE, TWO = version("v1.0.0"), version("v1.1.0")
RUNNING = {"phase": ExperimentPhase.PROGRESSING, "control": name_of("v1.0.0")}


def told(obs: ModelObservation) -> RetentionInput:
    actions = decide(obs, PLATFORM, NOW).actions
    (found,) = (action for action in actions if isinstance(action, EnsureRetention))
    return found.told


def pinned(of: ModelVersion, text: str) -> ModelVersion:
    metadata = of.metadata.model_copy(update={"annotations": {ANNOTATION_KEEP: text}})
    return of.model_copy(update={"metadata": metadata})


def test_production_and_what_comes_after_it_are_told_by_their_stage() -> None:
    found = {v.version: v.stage for v in told(looked(model("v1.0.0"), ONE, TWO)).versions}
    assert found == {"v1.0.0": Stage.PRODUCTION, "v1.1.0": Stage.REGISTERED}


def test_both_arms_of_a_running_experiment_are_told() -> None:
    trial = experiment(**RUNNING)
    found = told(looked(model("v1.0.0"), ONE, TWO, experiments=(trial,)))
    assert [v.in_experiment for v in found.versions] == [True, True]


def test_a_pin_is_told_with_its_reason_and_an_empty_one_is_none() -> None:
    found = told(looked(model("v1.0.0"), pinned(ONE, "audit"), pinned(TWO, "false")))
    assert [v.pinned for v in found.versions] == ["audit", ""]


def test_runs_in_being_are_told_with_the_data_sets_that_they_build_upon() -> None:
    run = make_run()
    data = run.spec.data.model_copy(update={"extends": Extension(dataset_sha256=DATA_SHA)})
    run = run.model_copy(update={"spec": run.spec.model_copy(update={"data": data})})
    over = run.model_copy(update={"status": TrainingRunStatus(phase=TrainingRunPhase.SUCCEEDED)})
    found = told(replace(looked(model("v1.0.0"), ONE), runs=(run, over)))
    assert (found.runs, found.held_datasets) == ([run.metadata.uid], [DATA_SHA])


def test_the_clock_changes_nothing() -> None:
    obs = looked(model("v1.0.0"), ONE, TWO)
    later = NOW.replace(year=NOW.year + 1)
    (first,) = (a for a in decide(obs, PLATFORM, NOW).actions if isinstance(a, EnsureRetention))
    (then,) = (a for a in decide(obs, PLATFORM, later).actions if isinstance(a, EnsureRetention))
    assert first == then
