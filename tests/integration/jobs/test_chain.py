"""The five steps as they run in a pod, on a tiny model: a data set becomes a registered version."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jobs_builders import papers, step_input
from tiny_model import tiny_bert

from pharos_api.artifacts import Manifest, ReferenceAnswer
from pharos_api.jobio import ExitCode, FailureReason, StepInput, StepResult
from pharos_api.names import ENV_STEP_INPUT, ENV_TERMINATION_LOG
from pharos_api.trainingrun import StepName
from pharos_jobs import storage

# Each step is a process of its own that imports torch: seconds on a free machine, a minute on a
# crowded one.
pytestmark = pytest.mark.timeout(600)

SETTINGS: dict[str, Any] = {
    "epochs": 3,
    "batchSize": 8,
    "learningRate": "3e-3",
    "maxTokens": 64,
    "warmupSteps": 2,
}
EASY_GATE = {
    "minValidationAccuracy": "0.5",
    "minTestAccuracy": "0.5",
    "minMacroF1": "0.5",
    "mustBeatBaseline": False,
}


class Run:
    """A run below a folder; steps are processes, as in a pod."""

    def __init__(self, root: Path, base_model: Path) -> None:
        self.root, self.inputs = root, {}
        self.fields: dict[str, Any] = {
            "trainer": {"baseModel": base_model.as_uri(), "hyperparameters": SETTINGS},
            "gate": EASY_GATE,
            "data": {
                "source": {"dataset": {"uri": (root / "papers.jsonl").as_uri()}},
                "minPapersPerClass": 10,
            },
        }
        root.mkdir(parents=True, exist_ok=True)
        rows = (json.dumps(p.to_json()) for p in papers(("cs.AI", "cs.RO", "cs.DB"), 60))
        (root / "papers.jsonl").write_text("\n".join(rows))

    def input_of(self, step: StepName, **changes: Any) -> StepInput:
        return step_input(self.root, step, **{**self.fields, "inputs": self.inputs, **changes})

    def start(self, given: StepInput) -> subprocess.Popen[str]:
        env = {
            **os.environ,
            ENV_STEP_INPUT: given.model_dump_json(by_alias=True),
            ENV_TERMINATION_LOG: str(self.root / "termination-log"),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "pharos_jobs", given.step],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, step: StepName, **changes: Any) -> tuple[int, StepResult]:
        process = self.start(self.input_of(step, **changes))
        log, _ = process.communicate(timeout=400)
        assert (self.root / "termination-log").exists(), log
        result = StepResult.model_validate_json((self.root / "termination-log").read_text())
        self.inputs = {**self.inputs, **result.outputs}
        return process.returncode, result


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that has been through collect, prepare and train."""
    folder = tmp_path_factory.mktemp("chain")
    run = Run(folder / "artifacts", tiny_bert(folder / "base"))
    for step in (StepName.COLLECT, StepName.PREPARE, StepName.TRAIN):
        code, result = run.run(step)
        assert code == ExitCode.OK, result
    return run


@pytest.mark.requirement("GOL-4")
@pytest.mark.requirement("GOL-9")
@pytest.mark.requirement("TRN-1")
@pytest.mark.requirement("TRN-4")
@pytest.mark.requirement("VER-1")
@pytest.mark.requirement("VER-10")
@pytest.mark.requirement("VER-11")
@pytest.mark.requirement("VER-14")
@pytest.mark.requirement("SEC-8")
@pytest.mark.requirement("TST-7")
@pytest.mark.requirement("TST-8")
@pytest.mark.requirement("TRN-20")
@pytest.mark.requirement("SUC-11")
def test_a_data_set_becomes_a_version(trained: Run) -> None:
    code, evaluated = trained.run(StepName.EVALUATE)
    assert code == ExitCode.OK, evaluated
    assert float(evaluated.metrics["testAccuracy"]) > 0.5
    assert float(evaluated.metrics["macroF1"]) > 0.5
    assert {"baselineMacroF1", "calibrationError", "trainAccuracy"} <= evaluated.metrics.keys()
    code, registered = trained.run(StepName.REGISTER)
    assert code == ExitCode.OK, registered
    assert registered.outputs["version"] == "v1.0.0"
    folder = trained.root / "models" / "default" / "topics" / "v1.0.0"
    check_folder(folder, registered)
    check_stores(trained.root)
    weights = (folder / "model.safetensors").stat().st_size
    assert evaluated.metrics["sizeBytes"] == str(weights)
    assert trained.run(StepName.REGISTER)[1].outputs == registered.outputs


def check_stores(root: Path) -> None:
    """Row GOL-9: what was collected, what it became, and what was trained from it."""
    assert (root / "raw" / "uid-1" / "papers.jsonl.gz").is_file()
    (dataset,) = (root / "datasets").iterdir()
    assert {f.name for f in dataset.iterdir()} == {
        "card.json",
        "train.jsonl.gz",
        "val.jsonl.gz",
        "test.jsonl.gz",
        "snapshot.json",
        "report.json",
        "report.html",
    }
    assert (root / "runs" / "uid-1" / "evaluation" / "test_results.json").is_file()


def check_folder(folder: Path, registered: StepResult) -> None:
    """Rows VER-10, 11, 14 to 17, TRN-28, SEC-8."""
    variants = {
        f"openvino_{precision}.{suffix}"
        for precision in ("int8", "bf16")
        for suffix in ("xml", "weights")
    }
    assert {f.name for f in folder.iterdir()} - variants == {
        "README.md",
        "model.safetensors",
        "model.onnx",
        "engines.json",
        "scoring.json",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
        "label_map.json",
        "metadata.json",
        "test_results.json",
        "reference_answers.jsonl",
        "manifest.json",
    }
    check_references(folder)
    digest = storage.sha256_of((folder / "manifest.json").as_uri())
    assert digest == registered.outputs["modelSha256"]
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_text())
    assert manifest.labels == ["cs.AI", "cs.DB", "cs.RO"]
    for file in manifest.files:
        assert storage.sha256_of((folder / file.path).as_uri()) == file.sha256
    metadata = json.loads((folder / "metadata.json").read_text())
    assert {
        "version",
        "created_at",
        "model_name",
        "dataset",
        "hyperparameters",
        "metrics",
        "model_size_mb",
        "git_commit",
        "notes",
    } <= metadata.keys()
    assert metadata["dataset"]["split"] == "80/10/10"
    assert {"train_accuracy", "val_accuracy", "test_accuracy", "f1_score", "training_time"} <= (
        metadata["metrics"].keys()
    )
    assert folder.stat().st_mode & 0o777 == 0o700


def check_references(folder: Path) -> None:
    """What the evaluated model answered to texts of the test split, of each class alike."""
    lines = (folder / "reference_answers.jsonl").read_text().splitlines()
    answers = [ReferenceAnswer.model_validate_json(line) for line in lines]
    results = json.loads((folder / "test_results.json").read_text())
    assert len(answers) == results["samples"] <= 200
    for answer in answers:
        assert max(answer.scores, key=lambda name: answer.scores[name]) == answer.label
        assert sorted(answer.scores) == ["cs.AI", "cs.DB", "cs.RO"]


@pytest.mark.requirement("ERR-12")
def test_another_model_under_the_same_version_is_refused(trained: Run) -> None:
    trained.run(StepName.EVALUATE)
    trained.run(StepName.REGISTER, version="v3.0.0", uid="uid-1")
    code, result = trained.run(StepName.REGISTER, version="v3.0.0", gitCommit="another")
    assert code == ExitCode.BAD_INPUT
    assert result.error is not None
    assert result.error.reason is FailureReason.VERSION_EXISTS
    assert "already exists" in result.error.message


@pytest.mark.requirement("CHK-1")
def test_a_missed_gate_gives_its_metrics_and_its_sentence(trained: Run) -> None:
    code, result = trained.run(StepName.EVALUATE, gate={"minTestAccuracy": "1.1"})
    assert code == ExitCode.GATE
    assert result.error is not None
    assert result.error.reason is FailureReason.QUALITY_GATE_FAILED
    assert "is below 1.1" in result.error.message
    assert "testAccuracy" in result.metrics


@pytest.mark.requirement("MON-1")
@pytest.mark.requirement("TRN-16")
def test_training_leaves_checkpoints_and_tensorboard(trained: Run) -> None:
    run = trained.root / "runs" / "uid-1"
    assert list((run / "logs").glob("events.out.tfevents.*"))
    checkpoints = list((run / "checkpoints").glob("checkpoint-*"))
    assert 1 <= len(checkpoints) <= 2
    assert not list(run.rglob("training_args.bin"))


@pytest.mark.requirement("TRN-16")
@pytest.mark.requirement("MON-2")
def test_the_scalars_of_each_epoch_are_there(trained: Run) -> None:
    from tensorboard.backend.event_processing.event_accumulator import (  # noqa: PLC0415
        EventAccumulator,
    )

    events = EventAccumulator(str(trained.root / "runs" / "uid-1" / "logs"))
    events.Reload()
    assert {"Loss/train", "Accuracy/val", "F1/val", "LearningRate"} <= set(events.Tags()["scalars"])
    assert len(events.Scalars("Accuracy/val")) == SETTINGS["epochs"]


def test_sigterm_saves_a_checkpoint_and_the_next_try_goes_on(trained: Run) -> None:
    settings = {**SETTINGS, "epochs": 200, "earlyStoppingPatience": 0}
    trainer = {**trained.fields["trainer"], "hyperparameters": settings}
    given = trained.input_of(StepName.TRAIN, uid="uid-stop", trainer=trainer)
    checkpoints = trained.root / "runs" / "uid-stop" / "checkpoints"
    with trained.start(given) as process:
        # Its log is read to the end, so that it never waits for a reader.
        for line in process.stdout or ():
            if "Saved a checkpoint" in line:
                process.send_signal(signal.SIGTERM)
                break
        seen = line + "".join(process.stdout or ())
    assert process.returncode == ExitCode.RETRYABLE, seen
    steps = max(int(p.name.split("-")[1]) for p in checkpoints.glob("checkpoint-*"))
    shorter = {**trainer, "hyperparameters": {**settings, "epochs": 1}}
    with trained.start(trained.input_of(StepName.TRAIN, uid="uid-stop", trainer=shorter)) as again:
        log = [json.loads(line) for line in again.stdout or () if line.startswith("{")]
    assert [line["checkpoint"] for line in log if "checkpoint" in line] == [f"checkpoint-{steps}"]


def test_divergence_keeps_the_last_checkpoint_and_says_so(trained: Run) -> None:
    settings = {**SETTINGS, "learningRate": "1e30", "precision": "FP32", "warmupSteps": 0}
    trainer = {**trained.fields["trainer"], "hyperparameters": settings}
    code, result = trained.run(StepName.TRAIN, uid="uid-nan", trainer=trainer)
    assert code == ExitCode.DIVERGED
    assert result.error is not None
    assert result.error.message.startswith("Training diverged (loss=")


def test_an_unknown_base_model_says_what_to_do(trained: Run) -> None:
    trainer = {"baseModel": "pypi://pharos-no-such-model", "hyperparameters": SETTINGS}
    code, result = trained.run(StepName.TRAIN, uid="uid-none", trainer=trainer)
    assert code == ExitCode.BAD_INPUT
    assert result.error is not None
    assert result.error.reason is FailureReason.BASE_MODEL_NOT_FOUND
