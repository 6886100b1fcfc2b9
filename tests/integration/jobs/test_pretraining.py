"""Adaptive pre-training on a tiny model: what it learns, what it reads, and how it goes on."""

import random
import signal
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from jobs_builders import sample, step_input
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny_encoders import ENCODERS, write_encoder
from tiny_model import tiny_bert
from training_attempt import (
    BATCH,
    PRETRAINING_EPOCHS,
    TOPICS,
    TRAIN,
    VAL,
    pretraining_attempt,
    settings,
)
from training_runner import Runner, differing
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from pharos_api.data import Split
from pharos_api.jobio import ExitCode
from pharos_api.trainer import Trainer
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.splits import split_samples
from pharos_jobs.datasets import write_dataset
from pharos_jobs.errors import Interrupted, Terminal, TrainingDivergenceError
from pharos_jobs.recipes import fine_tune
from pharos_jobs.recipes.port import Lesson
from pharos_jobs.running import run_step
from pharos_jobs.training.checkpoints import last_good_checkpoint, step_of
from pharos_jobs.training.masking import MaskedTrainer, masked_loss, masking
from pharos_jobs.training.pretraining import Adapted, AdaptivePretraining
from pharos_jobs.training.trainer import Keeping

pytestmark = [
    pytest.mark.timeout(1200),
    # torch speaks of its own future and of its own exporter.
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
    ),
]
TEXTS = [each.text for each in TRAIN]
UNSEEN = [sample(topic, n).text for topic in TOPICS for n in range(500, 516)]
STEPS_AN_EPOCH = len(TRAIN) // BATCH
EPOCHS = 8


class Reports:
    """A progress sink that keeps what it is told, and asks the training to stop at a step."""

    def __init__(self, stop: threading.Event, at: int = 0) -> None:
        self._stop, self._at = stop, at
        self.told: list[tuple[str, int]] = []

    def report(self, percent: int, message: str = "", **details: Any) -> None:
        self.told.append((message, percent))
        if [name for name, _ in self.told].count("pre-training") == self._at:
            self._stop.set()


def read(base: Path, output: Path, **changes: object) -> Adapted | None:
    reading = AdaptivePretraining(base.as_uri(), output, Keeping())
    asked = settings(adaptivePretrainingEpochs=EPOCHS, **changes)
    return reading.train(TEXTS, asked, StepContext(output))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapted(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Adapted:
    found = read(base, tmp_path_factory.mktemp("adapted"))
    assert found is not None
    return found


def loss_on(folder: Path, texts: Sequence[str]) -> float:
    """Of hidden words, the same ones for every model."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    encoded = tokenizer(list(texts), truncation=True, max_length=64)["input_ids"]
    torch.manual_seed(5)
    batch = masking(tokenizer, "tiny")([{"input_ids": row} for row in encoded])
    labels = batch.pop("labels")
    with torch.inference_mode():
        return float(masked_loss(model(**batch).logits[labels != -100], labels))


@pytest.mark.requirement("FUT-8")
def test_hidden_words_are_told_better_also_in_texts_that_were_not_read(
    adapted: Adapted, base: Path
) -> None:
    before, after = loss_on(base, UNSEEN), loss_on(adapted.checkpoint, UNSEEN)
    assert after < before - 0.2
    assert adapted.loss < before - 0.2


@pytest.mark.requirement("MON-2")
def test_its_loss_and_rate_are_in_tensorboard_beside_those_of_the_fine_tune(
    adapted: Adapted,
) -> None:
    events = EventAccumulator(str(adapted.checkpoint.parents[2] / "logs" / "pretraining"))
    events.Reload()
    seen = [event.value for event in events.Scalars("Loss/pretraining")]
    assert len(seen) >= EPOCHS
    assert seen[-1] < seen[0]
    assert len(events.Scalars("LearningRate/pretraining")) == EPOCHS * STEPS_AN_EPOCH


@pytest.mark.requirement("FUT-8")
@pytest.mark.parametrize("name", ENCODERS)
def test_any_encoder_reads_and_hands_on_what_it_learnt(name: str, tmp_path: Path) -> None:
    base = write_encoder(ENCODERS[name], tmp_path / "base")
    reading = AdaptivePretraining(base.as_uri(), tmp_path, Keeping(boards=False))
    asked = settings(adaptivePretrainingEpochs=1)
    adapted = reading.train(TEXTS, asked, StepContext(tmp_path))
    assert adapted is not None
    model, before = (
        AutoModelForSequenceClassification.from_pretrained(base, num_labels=3) for _ in range(2)
    )
    adapted.put(model)
    mine, theirs = model.base_model.state_dict(), before.base_model.state_dict()
    same = [key for key in mine if torch.equal(mine[key], theirs[key])]
    assert not [key for key in same if mine[key].is_floating_point() and "pooler" not in key]


def test_only_what_lies_below_the_head_is_taken_over(adapted: Adapted, base: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=3)
    head, pooler = model.classifier.weight.clone(), model.bert.pooler.dense.weight.clone()
    adapted.put(model)
    weights = load_file(adapted.checkpoint / "model.safetensors")
    mine = {name: value for name, value in weights.items() if name.startswith("bert.")}
    own = model.state_dict()
    assert len(mine) == len([n for n in own if n.startswith("bert.")]) - 2  # those of the pooler
    assert not [name for name, value in mine.items() if not torch.equal(own[name], value)]
    assert torch.equal(model.classifier.weight, head)
    assert torch.equal(model.bert.pooler.dense.weight, pooler)


def test_a_finished_one_is_found_and_not_repeated(adapted: Adapted, base: Path) -> None:
    before = adapted.checkpoint.stat().st_mtime_ns
    again = read(base, adapted.checkpoint.parents[2])
    assert again is not None
    assert (again.checkpoint, again.loss) == (adapted.checkpoint, adapted.loss)
    assert again.seconds > 0
    assert adapted.checkpoint.stat().st_mtime_ns == before


@pytest.mark.requirement("SUC-11", "SUC-12")
def test_killed_in_the_pre_training_it_ends_with_the_same_weights_to_the_last_bit(
    base: Path, tmp_path: Path
) -> None:
    undisturbed = Runner(base, tmp_path / "undisturbed", pretraining_attempt).whole()
    runner, drawn = Runner(base, tmp_path / "killed", pretraining_attempt), random.Random(11)
    for _ in range(3):
        assert runner.until(drawn.randint(2, 3)) == -signal.SIGKILL
    assert last_good_checkpoint(runner.output / "checkpoints") is None  # no fine-tune yet
    kept = last_good_checkpoint(runner.output / "checkpoints" / "pretraining")
    assert kept is not None
    assert 0 < step_of(kept) < PRETRAINING_EPOCHS * STEPS_AN_EPOCH
    ended = runner.whole()
    assert ended.steps == undisturbed.steps == STEPS_AN_EPOCH
    assert not differing(ended, undisturbed)


@pytest.fixture
def lesson(base: Path, tmp_path: Path) -> Lesson:
    trainer = Trainer(
        base_model=base.as_uri(), hyperparameters=settings(epochs=1, adaptivePretrainingEpochs=2)
    )
    context = StepContext(tmp_path)
    return Lesson(TRAIN, VAL, sorted(TOPICS), trainer, tmp_path / "model", context)


@pytest.mark.requirement("PRF-13")
def test_asked_to_stop_while_it_reads_it_begins_no_fine_tune(
    lesson: Lesson, tmp_path: Path
) -> None:
    stop = threading.Event()
    reports = Reports(stop, at=4)
    told = replace(lesson, context=StepContext(tmp_path, progress=reports, stop=stop))
    with pytest.raises(Interrupted, match="its checkpoint is kept"):
        fine_tune.train(told)
    assert last_good_checkpoint(tmp_path / "checkpoints") is None
    kept = last_good_checkpoint(tmp_path / "checkpoints" / "pretraining")
    assert kept is not None
    assert step_of(kept) == 5
    assert "training" not in [name for name, _ in reports.told]


@pytest.mark.requirement("ERR-6")
def test_a_loss_that_is_no_number_ends_it_and_names_the_last_good_checkpoint(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute_loss = MaskedTrainer.compute_loss

    def poisoned(self: MaskedTrainer, model: Any, inputs: Any, *more: Any, **named: Any) -> Any:
        loss = compute_loss(self, model, inputs, *more, **named)
        return loss * float("nan") if self.state.global_step >= STEPS_AN_EPOCH else loss

    monkeypatch.setattr(MaskedTrainer, "compute_loss", poisoned)
    with pytest.raises(TrainingDivergenceError, match=r"loss=nan.*checkpoint-6, is kept"):
        fine_tune.train(lesson)


def finished_run(root: Path, base: Path, held: list[Sample]) -> tuple[Path, dict[str, Any]]:
    """A train step whose validation split is ``held`` and whose test split cannot be read."""
    samples = [sample(topic, n) for topic in TOPICS for n in range(20)]
    parts = replace(split_samples(samples, Split()), val=held, test=held[:1])
    dataset = write_dataset(root.as_uri(), parts, {"labels": sorted(TOPICS), "samples": 60})
    storage.remove_file(f"{dataset.uri}/test.jsonl.gz")
    asked = settings(epochs=1, adaptivePretrainingEpochs=1).to_json()
    trainer = {"baseModel": base.as_uri(), "hyperparameters": asked}
    inputs = {"datasetUri": dataset.uri}
    given = step_input(root, StepName.TRAIN, trainer=trainer, inputs=inputs)
    result, code = run_step(given)
    assert code is ExitCode.OK, result.error
    folder = storage.local_path(given.run_uri)
    assert folder is not None
    return folder, storage.read_json(f"{result.outputs['checkpointUri']}/training.json")


@pytest.mark.requirement("FUT-8")
def test_it_reads_the_training_texts_alone(base: Path, tmp_path: Path) -> None:
    ran = []
    for name, first in (("one", 100), ("other", 300)):
        held = [sample(topic, n) for topic in TOPICS for n in range(first, first + 8)]
        ran.append(finished_run(tmp_path / name, base, held))
    (one, record), (other, _) = ran
    inside = "checkpoints/pretraining/checkpoint-6/model.safetensors"
    mine, theirs = (load_file(folder / inside) for folder in (one, other))
    assert not [name for name in mine if not torch.equal(mine[name], theirs[name])]
    assert float(record["pretrainingLoss"]) > 0
    assert float(record["pretrainingSeconds"]) > 0


def test_a_base_model_without_a_masked_head_is_refused_with_a_sentence(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "base")
    config = (folder / "config.json").read_text().replace('"bert"', '"gpt2"')
    (folder / "config.json").write_text(config)
    with pytest.raises(Terminal, match="cannot be pre-trained by hidden tokens"):
        read(folder, tmp_path / "run")


def test_a_tokenizer_without_a_mask_is_refused_with_a_sentence(base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.mask_token = None
    with pytest.raises(Terminal, match="has no mask token"):
        masking(tokenizer, "some/model")
