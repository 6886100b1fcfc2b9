"""Training that is killed, starved of memory, fed nonsense or robbed of its checkpoint.

Each try is a process of its own, forked from one that has loaded torch, so that ten of them fit
into a test; they are killed with SIGKILL and asked to end with SIGTERM as a node does it.
"""

import random
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from jobs_builders import sample, step_input
from tiny_model import tiny_bert
from training_attempt import BATCH, STEPS, TOPICS, TRAIN, VAL, attempt, settings
from training_runner import Runner, Told, differing

from pharos_api.data import Split
from pharos_api.jobio import ExitCode, FailureReason, StepInput
from pharos_api.trainer import Hyperparameters
from pharos_api.trainingrun import StepName
from pharos_jobs.context import StepContext
from pharos_jobs.core.splits import split_samples
from pharos_jobs.datasets import write_dataset
from pharos_jobs.errors import TrainingDivergenceError
from pharos_jobs.running import run_step
from pharos_jobs.training.checkpoints import last_good_checkpoint, step_of
from pharos_jobs.training.loop import BatchedTrainer
from pharos_jobs.training.token_store import TokenStore
from pharos_jobs.training.trainer import ClassificationTrainer, Keeping

pytestmark = [
    pytest.mark.timeout(1200),
    # torch speaks of its own future and of its own exporter.
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
    ),
]
# Metrics of a run that was killed and of one that was not: docs/user/training.md states it.
TOLERANCE = 0.005


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def undisturbed(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Runner(base, tmp_path_factory.mktemp("undisturbed"), attempt).whole()


@pytest.mark.requirement("SUC-11", "SUC-12")
def test_killed_at_a_random_step_ten_times_it_ends_with_the_same_metrics(
    base: Path, tmp_path: Path, undisturbed: Told
) -> None:
    runner, drawn = Runner(base, tmp_path, attempt), random.Random(7)
    killed = 0
    while killed < 10:
        code = runner.until(drawn.randint(1, 3))
        assert code == -signal.SIGKILL
        killed += 1
    ended = runner.whole()
    assert ended.steps == undisturbed.steps == STEPS
    assert abs(ended.accuracy - undisturbed.accuracy) <= TOLERANCE
    assert not differing(ended, undisturbed)


@pytest.mark.requirement("PRF-13")
def test_preempted_it_goes_on_from_the_step_at_which_it_was_asked_to_stop(
    base: Path, tmp_path: Path, undisturbed: Told
) -> None:
    runner = Runner(base, tmp_path, attempt)
    assert runner.until(9, gently=True) == 0
    kept = last_good_checkpoint(tmp_path / "checkpoints")
    assert kept is not None
    assert 9 <= step_of(kept) <= 11
    ended = runner.whole()
    assert ended.steps == STEPS
    assert not differing(ended, undisturbed)


@pytest.fixture
def told(base: Path, tmp_path: Path) -> StepInput:
    """The input of a train step on a small data set in a store."""
    samples = [sample(topic, n) for topic in TOPICS for n in range(30)]
    card = {"labels": sorted(TOPICS), "samples": len(samples)}
    dataset = write_dataset(tmp_path.as_uri(), split_samples(samples, Split()), card)
    trainer = {"baseModel": base.as_uri(), "hyperparameters": settings(epochs=1).to_json()}
    inputs = {"datasetUri": dataset.uri}
    return step_input(tmp_path, StepName.TRAIN, trainer=trainer, inputs=inputs)


def short_of_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """A device on which no more than ``most`` samples fit at once."""
    compute_loss = BatchedTrainer.compute_loss

    def limited(self: BatchedTrainer, model: torch.nn.Module, inputs: Any, **more: Any) -> Any:
        if len(inputs["input_ids"]) > most:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return compute_loss(self, model, inputs, **more)

    monkeypatch.setattr(BatchedTrainer, "compute_loss", limited)


@pytest.mark.requirement("ERR-5", "PRF-2")
def test_short_of_memory_it_goes_on_with_half_the_micro_batch_and_says_so(
    told: StepInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of_memory(monkeypatch, most=BATCH // 4)
    result, code = run_step(told)
    assert code is ExitCode.OK, result.error
    assert result.outputs["microBatch"] == str(BATCH // 4)
    assert result.warnings == [
        "Memory ran out at step 1 with micro-batches of 8; went on with 4 and gradients added up "
        "over 2.",
        "Memory ran out at step 1 with micro-batches of 4; went on with 2 and gradients added up "
        "over 4.",
    ]


@pytest.mark.requirement("ERR-5")
def test_where_not_one_sample_fits_the_step_ends_and_says_what_to_do(
    told: StepInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of_memory(monkeypatch, most=0)
    result, code = run_step(told)
    assert code is ExitCode.OUT_OF_MEMORY
    assert result.error is not None
    assert "give the step more memory" in result.error.message


def test_half_micro_batches_add_up_to_the_gradients_of_the_whole_batch(
    base: Path, tmp_path: Path
) -> None:
    whole, halved = (
        ClassificationTrainer(base.as_uri(), str(tmp_path / str(divisor))).train(
            TRAIN, VAL, still(), StepContext(tmp_path), divisor
        )
        for divisor in (1, 4)
    )
    assert halved.micro_batch == whole.micro_batch // 4
    for mine, theirs in zip(whole.model.parameters(), halved.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=2e-3, rtol=0)


def still() -> Hyperparameters:
    """A single epoch at a small rate: rounding has no time to grow."""
    return settings(epochs=1, learningRate="1e-4")


@pytest.mark.requirement("ERR-6")
def test_a_loss_that_is_no_number_ends_the_step_and_names_the_last_good_checkpoint(
    told: StepInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute_loss = BatchedTrainer.compute_loss

    def poisoned(self: BatchedTrainer, model: torch.nn.Module, inputs: Any, **more: Any) -> Any:
        loss = compute_loss(self, model, inputs, **more)
        return loss * float("nan") if self.state.global_step >= 12 else loss

    monkeypatch.setattr(BatchedTrainer, "compute_loss", poisoned)
    hyperparameters = {**told.trainer.hyperparameters.to_json(), "epochs": 2}
    trainer = {"baseModel": told.trainer.base_model, "hyperparameters": hyperparameters}
    given = StepInput.model_validate({**told.to_json(), "trainer": trainer})
    result, code = run_step(given)
    assert code is ExitCode.DIVERGED
    assert result.error is not None
    assert result.error.reason is FailureReason.TRAINING_DIVERGED
    assert result.error.message == (
        "Training diverged (loss=nan). Try reducing learning rate or checking data quality. "
        "The last good checkpoint, checkpoint-9, is kept."
    )


@pytest.mark.requirement("ERR-6")
def test_weights_that_are_no_numbers_are_never_a_checkpoint(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = BatchedTrainer.training_step

    def spoiling(self: BatchedTrainer, model: torch.nn.Module, inputs: Any, more: Any) -> Any:
        loss = step(self, model, inputs, more)
        if self.state.global_step == 7:
            next(model.parameters()).data.fill_(float("inf"))
        return loss

    monkeypatch.setattr(BatchedTrainer, "training_step", spoiling)
    trainer = ClassificationTrainer(base.as_uri(), str(tmp_path), Keeping(every_s=0.0))
    with pytest.raises(TrainingDivergenceError, match="The last good checkpoint, checkpoint-7"):
        trainer.train(TRAIN, VAL, settings(), StepContext(tmp_path))
    kept = last_good_checkpoint(tmp_path / "checkpoints")
    assert kept is not None
    assert step_of(kept) == 7


@pytest.mark.requirement("ERR-8")
def test_robbed_of_its_newest_checkpoint_it_goes_on_from_the_one_before_and_says_so(
    base: Path,
    tmp_path: Path,
    undisturbed: Told,
    caplog: pytest.LogCaptureFixture,
) -> None:
    runner = Runner(base, tmp_path, attempt)
    assert runner.until(9, gently=True) == 0
    newest, before = sorted((tmp_path / "checkpoints").glob("checkpoint-*"), key=step_of)[:0:-1][:2]
    weights = newest / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    assert last_good_checkpoint(tmp_path / "checkpoints") == before
    assert "Checkpoint is broken, taking the one before it" in caplog.text
    assert not differing(runner.whole(), undisturbed)


@pytest.mark.requirement("PRF-2")
def test_the_same_texts_are_tokenised_once(
    base: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keeping = Keeping(tokens=TokenStore((tmp_path / "tokens").as_uri()))

    def once_more(name: str) -> list[str]:
        trainer = ClassificationTrainer(base.as_uri(), str(tmp_path / name), keeping)
        trainer.train(TRAIN, VAL, still(), StepContext(tmp_path))
        return sorted(f.name for f in (tmp_path / "tokens").iterdir())

    files = once_more("first")
    assert len(files) == 2
    monkeypatch.setattr("pharos_jobs.training.token_store._tokenised", None)
    assert once_more("second") == files
