"""One training by two processes: as one pod with two of them, and as two pods with one each.

Real processes, started by ``python -m pharos_jobs train`` as in a pod, that meet over gloo.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from jobs_builders import sample, step_input
from tiny_model import tiny_bert

from pharos_api.data import Split
from pharos_api.jobio import ExitCode, StepInput, StepResult
from pharos_api.names import ENV_STEP_INPUT, ENV_TERMINATION_LOG, ENV_WORKER_INDEX
from pharos_api.trainer import Hyperparameters
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.splits import split_samples
from pharos_jobs.datasets import write_dataset
from pharos_jobs.training.trainer import ClassificationTrainer

pytestmark = [
    pytest.mark.timeout(1200),
    # torch's profiler of the graph and its tracer speak of their own future.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
# Processes that import torch and export a model: seconds on a free machine, minutes on a busy one.
_PATIENCE_S = 900
TOPICS = ("cs.AI", "cs.RO", "cs.DB")
SAMPLES = [sample(topic, n) for topic in TOPICS for n in range(50)]
SETTINGS = {
    "epochs": 8,
    "batchSize": 8,
    "learningRate": "1e-3",
    "maxTokens": 64,
    "warmupSteps": 2,
    "earlyStoppingPatience": 0,
    "precision": "FP32",
}
# Accuracy of one process and of two, on 15 texts of validation: they add up in another order.
TOLERANCE = 0.07


class Pods:
    """Pods of one training: processes with a termination log each."""

    def __init__(self, root: Path, base_model: Path) -> None:
        self.root, self._base_model = root, base_model
        root.mkdir(parents=True)
        card = {"labels": sorted(TOPICS), "samples": len(SAMPLES)}
        self._dataset = write_dataset(root.as_uri(), split_samples(SAMPLES, Split()), card)

    def input_of(self, **together: Any) -> StepInput:
        given = {"baseModel": self._base_model.as_uri(), "hyperparameters": SETTINGS}
        trainer = {**given, **together}
        inputs = {"datasetUri": self._dataset.uri}
        return step_input(self.root, StepName.TRAIN, trainer=trainer, inputs=inputs)

    def start(self, given: StepInput, index: int = 0) -> subprocess.Popen[str]:
        log = self.root / f"termination-{index}"
        log.touch()
        env = {
            **os.environ,
            ENV_STEP_INPUT: given.model_dump_json(by_alias=True),
            ENV_TERMINATION_LOG: str(log),
            ENV_WORKER_INDEX: str(index),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "pharos_jobs", "train"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def result(self, index: int = 0) -> StepResult:
        text = (self.root / f"termination-{index}").read_text()
        return StepResult.model_validate_json(text)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without dropout, which each process draws for itself: what is left to differ is rounding."""
    folder = tiny_bert(tmp_path_factory.mktemp("base"))
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def alone(base: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Validation accuracy that one process reaches."""
    root = tmp_path_factory.mktemp("alone")
    settings = Hyperparameters.model_validate(SETTINGS)
    trainer = ClassificationTrainer(base.as_uri(), str(root))
    splits = split_samples(SAMPLES, Split())
    return trainer.train(splits.train, splits.val, settings, StepContext(root)).best_accuracy


CREWS: dict[str, tuple[dict[str, int], int]] = {
    "one pod with two processes": ({"processesPerNode": 2}, 1),
    "two pods with one process each": ({"nodes": 2}, 2),
}


@pytest.mark.requirement("PRF-11")
@pytest.mark.parametrize(("together", "pods"), CREWS.values(), ids=CREWS)
def test_two_processes_reach_the_metrics_of_one_and_the_first_tells_them(
    together: dict[str, int], pods: int, base: Path, tmp_path: Path, alone: float
) -> None:
    place = Pods(tmp_path / "artifacts", base)
    given = place.input_of(**together)
    with ExitStack() as running:
        processes = [running.enter_context(place.start(given, i)) for i in range(pods)]
        logs = [process.communicate(timeout=_PATIENCE_S)[0] for process in processes]
    assert [process.returncode for process in processes] == [ExitCode.OK] * pods, logs
    reached = float(place.result().metrics["validationAccuracy"])
    assert abs(reached - alone) <= TOLERANCE
    assert alone > 0.5  # of three classes
    told = [place.root / f"termination-{index}" for index in range(pods)]
    assert [bool(log.read_text()) for log in told] == [True, False][:pods]


@pytest.mark.requirement("PRF-11", "FUT-8")
def test_two_pods_read_the_texts_together_before_the_fine_tune(base: Path, tmp_path: Path) -> None:
    pods = Pods(tmp_path / "artifacts", base)
    settings = {**SETTINGS, "epochs": 1, "adaptivePretrainingEpochs": 2}
    given = pods.input_of(nodes=2, hyperparameters=settings)
    with ExitStack() as running:
        processes = [running.enter_context(pods.start(given, index)) for index in (0, 1)]
        logs = [process.communicate(timeout=_PATIENCE_S)[0] for process in processes]
    assert [process.returncode for process in processes] == [ExitCode.OK] * 2, logs
    record = storage.read_json(f"{pods.result().outputs['checkpointUri']}/training.json")
    assert record["steps"] == 15
    assert float(record["pretrainingLoss"]) > 0


@pytest.mark.requirement("PRF-11")
def test_a_pod_that_is_asked_to_end_ends_the_other_with_a_code_that_is_tried_again(
    base: Path, tmp_path: Path
) -> None:
    pods = Pods(tmp_path / "artifacts", base)
    given = pods.input_of(nodes=2)
    with ExitStack() as started:
        first, second = [started.enter_context(pods.start(given, index)) for index in (0, 1)]
        assert first.stdout is not None
        assert any("Saved a checkpoint" in line for line in first.stdout)
        second.send_signal(signal.SIGTERM)
        logs = [each.communicate(timeout=_PATIENCE_S)[0] for each in (first, second)]
    assert {first.returncode, second.returncode} == {ExitCode.RETRYABLE}, logs
