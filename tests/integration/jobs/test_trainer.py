"""The recipe on a tiny model, in this process: what it is told, what it does, what it leaves."""

import io
from pathlib import Path

import pytest
import torch
from jobs_builders import abstract, sample, step_input
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tiny_model import tiny_bert
from torch.utils.tensorboard import SummaryWriter
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DistilBertConfig,
    EvalPrediction,
    Trainer,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from pharos_api.data import Split
from pharos_api.jobio import ExitCode, FailureReason
from pharos_api.trainer import Hyperparameters, Precision
from pharos_api.trainingrun import StepName
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.splits import split_samples
from pharos_jobs.datasets import write_dataset
from pharos_jobs.running import run_step
from pharos_jobs.search.training import FineTuneTrial
from pharos_jobs.training import device
from pharos_jobs.training.callbacks import ProgressCallback, is_patience_spent
from pharos_jobs.training.checkpoints import last_good_checkpoint, load_checkpoint_with_validation
from pharos_jobs.training.device import settled_precision
from pharos_jobs.training.encoding import ClassificationDataset
from pharos_jobs.training.graph import draw
from pharos_jobs.training.trainer import (
    ClassificationTrainer,
    Trained,
    compute_metrics,
    optimiser,
)

pytestmark = [
    pytest.mark.timeout(300),
    # torch's profiler of the graph and its tracer speak of their own future.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
TOPICS = ("cs.AI", "cs.RO")
TRAIN = [sample(topic, n) for topic in TOPICS for n in range(20)]
VAL = [sample(topic, n) for topic in TOPICS for n in range(100, 110)]


def settings(**changes: object) -> Hyperparameters:
    given = {"batchSize": 8, "maxTokens": 64, "learningRate": "3e-3", "precision": "FP32"}
    return Hyperparameters.model_validate({**given, **changes})


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


def trained(base: Path, output: Path, **changes: object) -> Trained:
    trainer = ClassificationTrainer(base.as_uri(), str(output))
    return trainer.train(TRAIN, VAL, settings(**changes), StepContext(output))


def test_a_trial_of_a_search_draws_nothing_that_nobody_sees(base: Path, tmp_path: Path) -> None:
    trial = FineTuneTrial(base.as_uri(), tmp_path, (tmp_path / "t").as_uri(), TOPICS, TRAIN, VAL)
    made = trial.train("0", settings(epochs=1), StepContext(tmp_path))
    assert trial.accuracy(made) > 0
    assert last_good_checkpoint(tmp_path / "0" / "checkpoints")
    assert not list(tmp_path.rglob("events.out.tfevents.*"))


@pytest.fixture(scope="module")
def still(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A run whose rate is too small to learn anything: validation never improves."""
    output = tmp_path_factory.mktemp("still")
    changes = {"epochs": 9, "learningRate": "1e-12", "gradientCheckpointing": True}
    return output, trained(base, output, **changes)


@pytest.fixture(scope="module")
def scalars(still: tuple[Path, Trained]) -> EventAccumulator:
    events = EventAccumulator(str(still[0] / "logs"))
    events.Reload()
    return events


@pytest.mark.requirement("TRN-2", "TRN-7", "TST-5")
def test_classification_trainer_initialization(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = ClassificationTrainer()
    assert plain.model_name == "distilbert-base-uncased"
    assert plain.output_dir == Path("models/classification/arxiv_v1")
    trainer = ClassificationTrainer("distilbert-base-uncased", "models/test")
    assert trainer.model_name == "distilbert-base-uncased"
    assert trainer.checkpoint_dir.exists()


@pytest.mark.requirement("TRN-3", "TRN-7", "TST-6")
def test_labels_are_numbered_in_their_order(tmp_path: Path) -> None:
    trainer = ClassificationTrainer("x", str(tmp_path))
    trainer.load_datasets_from_samples([sample(label="cs.LG"), sample(), sample()])
    assert trainer.label_to_id == {"cs.AI": 0, "cs.LG": 1}


@pytest.mark.requirement("TRN-8")
def test_distilbert_with_ten_classes_has_66_million_parameters() -> None:
    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(DistilBertConfig(num_labels=10))
    assert round(model.num_parameters() / 1e6) in (66, 67)
    assert model.classifier.out_features == 10


@pytest.mark.requirement("TRN-10", "TRN-11", "TRN-13", "TRN-9")
def test_the_default_settings_are_those_of_the_requirement() -> None:
    plain = Hyperparameters()
    assert (plain.epochs, plain.batch_size, plain.learning_rate) == (3, 16, "2e-5")
    assert (plain.warmup_steps, plain.weight_decay) == (500, "0.01")
    assert (plain.early_stopping_patience, plain.max_tokens, plain.seed) == (2, 512, 42)


@pytest.mark.requirement("TRN-4", "TRN-10", "TRN-11", "TRN-12", "TRN-15", "PRF-10")
def test_the_settings_reach_the_trainer(tmp_path: Path) -> None:
    trainer = ClassificationTrainer("x", str(tmp_path))
    told = trainer._arguments(Hyperparameters(), Precision.FP32, 8000)
    assert (told.num_train_epochs, told.per_device_train_batch_size) == (3, 16)
    assert told.warmup_steps == 500
    assert (told.eval_strategy, told.save_strategy, told.save_total_limit) == ("epoch", "epoch", 2)
    assert told.load_best_model_at_end
    assert told.metric_for_best_model == "accuracy"
    assert (told.fp16, told.bf16) == (False, False)
    for precision in (Precision.FP16, Precision.BF16):
        mixed = trainer._arguments(Hyperparameters(), precision, 8000)
        assert (mixed.fp16, mixed.bf16) == (
            precision is Precision.FP16,
            precision is Precision.BF16,
        )


@pytest.mark.requirement("TRN-11")
def test_adamw_decays_matrices_alone(base: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(base)
    made = optimiser(model, Hyperparameters())
    assert isinstance(made, torch.optim.AdamW)
    decays = {(p.ndim > 1, g["weight_decay"]) for g in made.param_groups for p in g["params"]}
    assert decays == {(True, 0.01), (False, 0.0)}
    assert {g["lr"] for g in made.param_groups} == {2e-5}


@pytest.mark.requirement("TRN-6")
def test_accuracy_of_logits() -> None:
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [5.0, 1.0]]).numpy()
    given = EvalPrediction(predictions=logits, label_ids=torch.tensor([0, 1, 1, 0]).numpy())
    assert compute_metrics(given)["accuracy"] == 0.75


PRECISIONS = {
    "bf16 where a CUDA device does it": (Precision.AUTO, True, True, Precision.BF16),
    "fp16 where it does not": (Precision.AUTO, True, False, Precision.FP16),
    "fp32 on a plain CPU": (Precision.AUTO, False, False, Precision.FP32),
    "fp16 asked for on CUDA": (Precision.FP16, True, True, Precision.FP16),
    "fp16 asked for on a CPU": (Precision.FP16, False, False, Precision.FP32),
    "fp32 asked for": (Precision.FP32, True, True, Precision.FP32),
}


@pytest.mark.requirement("TRN-12", "TRN-25")
@pytest.mark.parametrize(
    ("asked", "cuda", "bf16", "settled"), PRECISIONS.values(), ids=PRECISIONS.keys()
)
def test_the_precision_is_the_best_of_the_device(
    asked: Precision, cuda: bool, bf16: bool, settled: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    monkeypatch.setattr(device, "_cpu_multiplies_bf16", lambda: False)
    assert settled_precision(asked) is settled


@pytest.mark.requirement("TRN-9", "TRN-17", "TRN-18", "TRN-19")
def test_an_item_is_cut_at_the_limit_and_padded_only_with_its_batch(base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    samples = [
        Sample("robots grasp", "cs.RO", "1"),
        Sample(abstract("cs.AI", 1, 900), "cs.AI", "2"),
    ]
    items = ClassificationDataset(samples, tokenizer, {"cs.AI": 0, "cs.RO": 1}, 512)
    short, long = items[0], items[1]
    assert short.keys() == {"input_ids", "attention_mask", "labels"}
    assert (len(short["input_ids"]), len(long["input_ids"])) == (4, 512)
    assert (short["labels"], long["labels"]) == (1, 0)
    batch = tokenizer.pad([short, long], return_tensors="pt")
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (2, 512)
    assert batch["attention_mask"].sum(dim=1).tolist() == [4, 512]
    assert batch["labels"].dtype == torch.long


@pytest.mark.requirement("TRN-13")
def test_training_stops_after_two_epochs_without_improvement(
    still: tuple[Path, Trained], scalars: EventAccumulator
) -> None:
    assert len(scalars.Scalars("Accuracy/val")) == 3
    assert still[1].steps == 3 * len(TRAIN) / 8


@pytest.mark.requirement("TRN-14", "PRF-3")
def test_gradient_checkpointing_is_switched_on(still: tuple[Path, Trained]) -> None:
    assert still[1].model.is_gradient_checkpointing


@pytest.mark.requirement("TRN-15")
def test_the_best_of_the_evaluations_is_kept(
    still: tuple[Path, Trained], scalars: EventAccumulator
) -> None:
    seen = [event.value for event in scalars.Scalars("Accuracy/val")]
    assert still[1].best_accuracy == pytest.approx(max(seen))


@pytest.mark.requirement("DBM-3", "DBM-4")
def test_a_checkpoint_says_what_it_is(still: tuple[Path, Trained], base: Path) -> None:
    folder = last_good_checkpoint(still[0] / "checkpoints")
    assert folder is not None
    found = load_checkpoint_with_validation(folder)
    assert found["label_mapping"]["label_to_id"] == {"cs.AI": 0, "cs.RO": 1}
    told = found["metadata"]
    assert {"version", "created_at", "hyperparameters"} <= told.keys()
    assert (told["model_name"], told["num_labels"], told["dataset_size"]) == (base.as_uri(), 2, 40)
    assert told["metrics"].keys() == {"accuracy", "f1"}
    assert (folder / found["model_state_dict"]).is_file()
    assert (folder / found["tokenizer_config"]).is_file()


@pytest.mark.requirement("MON-2")
def test_the_learning_rate_is_written_each_step_and_the_rest_each_epoch(
    still: tuple[Path, Trained], scalars: EventAccumulator
) -> None:
    assert len(scalars.Scalars("LearningRate")) == still[1].steps
    for name in ("Loss/train", "F1/val"):
        assert len(scalars.Scalars(name)) >= 3


@pytest.mark.requirement("MON-3")
def test_the_model_is_drawn(scalars: EventAccumulator) -> None:
    assert any("classifier" in node.name for node in scalars.Graph().node)


class Undrawable(torch.nn.Module):
    """A model whose forward pass cannot be traced."""

    device = torch.device("cpu")

    def forward(self, **_: object) -> None:
        raise RuntimeError("data-dependent control flow")


def test_a_model_that_cannot_be_drawn_is_trained_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Undrawable().train()
    with SummaryWriter(str(tmp_path)) as writer:
        draw(writer, model)
    assert "cannot be drawn" in caplog.text
    assert model.training


@pytest.mark.requirement("SUC-12", "CON-2")
def test_the_same_seed_gives_the_same_weights(base: Path, tmp_path: Path) -> None:
    one, other = (trained(base, tmp_path / name, epochs=1) for name in ("one", "other"))
    for mine, theirs in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.requirement("ERR-5")
def test_memory_that_runs_out_ends_in_an_exit_code_of_its_own(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")

    monkeypatch.setattr(Trainer, "train", run_out)
    everything = [*TRAIN, *VAL]
    card = {"labels": list(TOPICS), "samples": len(everything)}
    dataset = write_dataset(tmp_path.as_uri(), split_samples(everything, Split()), card)
    given = step_input(
        tmp_path,
        StepName.TRAIN,
        trainer={"baseModel": base.as_uri()},
        inputs={"datasetUri": dataset.uri},
        batchDivisor=2,
    )
    result, code = run_step(given)
    assert code is ExitCode.OUT_OF_MEMORY
    assert result.error is not None
    assert result.error.reason is FailureReason.OUT_OF_MEMORY
    assert "a micro-batch of 8" in result.error.message


class Terminal(io.StringIO):
    """Standard error as a person sees it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.requirement("MON-4")
def test_a_person_at_a_terminal_sees_a_bar_for_each_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    callback = ProgressCallback(StepContext(tmp_path), batch_size=8)
    told = (TrainingArguments(str(tmp_path), use_cpu=True, report_to="none"),)
    state = TrainerState(epoch=1.0, global_step=5, max_steps=15, num_train_epochs=3)
    control = TrainerControl()
    callback.on_train_begin(*told, state, control)
    callback.on_epoch_begin(*told, state, control)
    callback.on_log(*told, state, control, logs={"loss": 0.123456})
    callback.on_step_end(*told, state, control)
    callback.on_epoch_end(*told, state, control)
    assert "Epoch 2/3" in screen.getvalue()
    assert "loss=0.1235" in screen.getvalue()


@pytest.mark.requirement("TST-10")
def test_training_speed(base: Path, tmp_path: Path) -> None:
    train = [sample(topic, n) for topic in TOPICS for n in range(500)]
    val = [sample(topic, n) for topic in TOPICS for n in range(1000, 1050)]
    trainer = ClassificationTrainer(base.as_uri(), str(tmp_path))
    made = trainer.train(train, val, settings(epochs=1, batchSize=16), StepContext(tmp_path))
    assert made.steps == 63
    assert made.train_seconds < 300


@pytest.mark.requirement("TRN-13")
def test_evaluations_within_an_epoch_do_not_use_up_the_patience() -> None:
    history = [
        {"epoch": epoch, "eval_accuracy": accuracy}
        for epoch, accuracy in ((0.5, 0.9), (1.0, 0.5), (1.5, 0.4), (2.0, 0.6), (2.5, 0.1))
    ]
    assert not is_patience_spent(history, 2)
    worse = [{"epoch": epoch, "eval_accuracy": 0.5} for epoch in (3.0, 4.0)]
    assert is_patience_spent([*history, *worse], 2)
    assert not is_patience_spent([*history, *worse], 0)
