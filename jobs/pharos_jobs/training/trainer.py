"""The recipe FineTune: a pretrained encoder with a new head (rows TRN-1 to TRN-20).

Tokenised once, batches of similar length padded to their longest, the device's best precision,
evaluation after each epoch, checkpoints beside the loop, early stopping, best model by validation
accuracy. How a step is computed is in ``loop``, how a checkpoint is written in
``checkpoint_writer``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    EvalPrediction,
    PrinterCallback,
    TrainerCallback,
    TrainingArguments,
)
from transformers.utils import logging as hf_logging

from pharos_api.trainer import Hyperparameters, Precision
from pharos_jobs.context import StepContext
from pharos_jobs.core.batching import steps_per_epoch, warmup_steps
from pharos_jobs.core.labels import label_order
from pharos_jobs.core.metrics import accuracy_and_f1
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.teaching import Teaching
from pharos_jobs.training import device, ranks
from pharos_jobs.training.callbacks import (
    FINE_TUNING,
    EarlyStopping,
    HealthCallback,
    ProgressCallback,
    TensorBoardCallback,
    Tracker,
    TrackingCallback,
    is_patience_spent,
    shares,
)
from pharos_jobs.training.checkpoint_writer import CheckpointWriter, Whereabouts
from pharos_jobs.training.checkpoints import history_of, step_of
from pharos_jobs.training.course import ran, shared_arguments
from pharos_jobs.training.encoding import ClassificationDataset
from pharos_jobs.training.loop import BatchedTrainer, LoopParts
from pharos_jobs.training.plan import Plan, facts, made_ready, planned
from pharos_jobs.training.token_store import TokenStore
from pharos_jobs.training.watching import WatchCallback

# Bars and loading reports are for terminals.
hf_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
hf_logging.disable_progress_bar()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Trained:
    """What training gave: the best model in memory and how it went.

    ``micro_batch`` is the most samples that were computed at once in the end; ``halvings`` are
    sentences, one for each time that memory ran out on the way there. ``software`` and
    ``computed_on`` say with what: two runs that share both give the same numbers.
    """

    model: Any
    tokenizer: Any
    best_accuracy: float
    steps: int
    train_seconds: float
    samples_per_second: float
    precision: Precision
    micro_batch: int
    software: str
    computed_on: str
    halvings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept beyond the process: token files, and who hears of checkpoints.

    ``published`` gets each sealed checkpoint's folder, ``removed`` the name of each that went;
    between the checkpoints of the epochs lie others, ``every_s`` seconds apart. ``boards`` is
    whether TensorBoard's log is written; ``tracker`` hears of the same figures.
    """

    tokens: TokenStore = field(default_factory=TokenStore)
    published: Callable[[Path], None] = field(default=lambda _: None)
    removed: Callable[[str], None] = field(default=lambda _: None)
    every_s: float = 300.0
    boards: bool = True
    tracker: Tracker | None = None


class ClassificationTrainer:
    """Fine-tunes a classifier.

    Args:
        model_name: base model as ``spec.trainer.baseModel`` names it.
        output_dir: folder for checkpoints and TensorBoard's logs; made when it is missing.
        keeping: token files, and what happens to checkpoints beyond the folder.
        teaching: what a teacher says of the samples that ``train`` gets, in their order.
        body: puts other weights below the new head than those of the base model.
    """

    def __init__(
        self,
        model_name: str = "distilbert-base-uncased",
        output_dir: str = "models/classification/arxiv_v1",
        keeping: Keeping | None = None,
        teaching: Teaching | None = None,
        body: Callable[[Any], None] | None = None,
    ) -> None:
        self.model_name = model_name
        self.output_dir = Path(output_dir)
        self.checkpoint_dir = self.output_dir / "checkpoints"
        self.checkpoint_dir.mkdir(parents=True, exist_ok=True)
        self.label_to_id: dict[str, int] = {}
        self._keeping = keeping or Keeping()
        self._teaching = teaching
        self._body = body

    def load_datasets_from_samples(
        self, samples: Sequence[Sample], labels: Sequence[str] | None = None
    ) -> None:
        """Number the classes: in the given order, or sorted."""
        names = list(labels) if labels else label_order(s.label for s in samples)
        self.label_to_id = {name: number for number, name in enumerate(names)}

    def train(
        self,
        train_samples: Sequence[Sample],
        val_samples: Sequence[Sample],
        settings: Hyperparameters,
        context: StepContext,
        batch_divisor: int = 1,
    ) -> Trained:
        """Train until the last epoch or until validation stops improving.

        Goes on from the last good checkpoint below ``checkpoint_dir``. Raises
        TrainingDivergenceError; a stop request leaves a checkpoint and returns.
        """
        made_ready(settings.seed)
        if not self.label_to_id:
            self.load_datasets_from_samples([*train_samples, *val_samples])
        count = len(train_samples)
        plan = planned(self.model_name, self.checkpoint_dir, settings, batch_divisor, count)
        trainer, writer = self._assembled(plan, (train_samples, val_samples), context)
        speed = ran(trainer, writer, plan)
        return Trained(
            model=trainer.model,
            tokenizer=trainer.processing_class,
            best_accuracy=trainer.state.best_metric or 0.0,
            steps=trainer.state.global_step,
            train_seconds=plan.watch.seconds,
            samples_per_second=speed,
            precision=plan.precision,
            micro_batch=plan.cutting.most,
            software=device.software(),
            computed_on=device.described(ranks.world_size()),
            halvings=tuple(plan.cutting.halvings),
        )

    def _assembled(
        self,
        plan: Plan,
        samples: tuple[Sequence[Sample], Sequence[Sample]],
        context: StepContext,
    ) -> tuple[BatchedTrainer, CheckpointWriter]:
        settings = plan.settings
        tokenizer, model = self._loaded(plan)
        train, val = (
            ClassificationDataset(
                part, tokenizer, self.label_to_id, settings.max_tokens, self._keeping.tokens
            )
            for part in samples
        )
        writer = CheckpointWriter(self._whereabouts(), model, tokenizer)
        temperature = self._teaching.temperature if self._teaching else 1.0
        about = {"model_name": self.model_name, "num_labels": len(self.label_to_id)}
        said = facts(plan, context, about)
        parts = LoopParts(plan.cutting, settings.seed, writer, said, temperature)
        trainer = BatchedTrainer(
            parts,
            model=model,
            args=self._arguments(settings, plan.precision, plan.samples, _epochs(plan)),
            data_collator=DataCollatorWithPadding(tokenizer, pad_to_multiple_of=8),
            train_dataset=train.taught(self._teaching),
            eval_dataset=val.shortest_first(),
            processing_class=tokenizer,
            compute_metrics=compute_metrics,
            callbacks=self._callbacks(plan, context),
            optimizers=(optimiser(model, settings), None),
        )
        trainer.remove_callback(PrinterCallback)  # the log is JSON, and our callbacks write it
        return trainer, writer

    def _loaded(self, plan: Plan) -> tuple[Any, Any]:
        tokenizer = AutoTokenizer.from_pretrained(plan.base, trust_remote_code=False)
        model = AutoModelForSequenceClassification.from_pretrained(
            plan.base,
            num_labels=len(self.label_to_id),
            label2id=self.label_to_id,
            id2label={number: name for name, number in self.label_to_id.items()},
            ignore_mismatched_sizes=True,
            use_safetensors=True,
            trust_remote_code=False,
            attn_implementation=device.settled_attention(plan.precision),
        )
        if self._body is not None:
            self._body(model)
        if plan.settings.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        return tokenizer, model

    def _arguments(
        self,
        settings: Hyperparameters,
        precision: Precision,
        samples: int,
        epochs: int | None = None,
    ) -> TrainingArguments:
        total = settings.epochs * steps_per_epoch(samples, settings.batch_size)
        return TrainingArguments(
            **shared_arguments(settings, precision, self.checkpoint_dir),
            num_train_epochs=epochs or settings.epochs,
            per_device_eval_batch_size=max(16, settings.batch_size),
            warmup_steps=warmup_steps(settings.warmup_steps, total),
            label_smoothing_factor=float(settings.label_smoothing),
            eval_strategy="epoch",
            load_best_model_at_end=True,
            metric_for_best_model="accuracy",
        )

    def _whereabouts(self) -> Whereabouts:
        keeping = self._keeping
        return Whereabouts(
            self.checkpoint_dir, self.label_to_id, keeping.published, keeping.removed
        )

    def _callbacks(self, plan: Plan, context: StepContext) -> list[TrainerCallback]:
        callbacks: list[TrainerCallback] = [
            HealthCallback(context, plan.steps_an_epoch, self._keeping.every_s),
            EarlyStopping(plan.settings.early_stopping_patience),
        ]
        if context.watch is not None:
            callbacks.append(WatchCallback(context.watch, plan.steps_an_epoch))
        if ranks.is_first():
            stage = shares(plan.settings)[1] if self._body else FINE_TUNING
            callbacks.append(ProgressCallback(context, plan.settings.batch_size, stage))
            if self._keeping.boards:
                callbacks.append(TensorBoardCallback(self.output_dir / "logs"))
            if self._keeping.tracker is not None:
                callbacks.append(TrackingCallback(self._keeping.tracker, context.now))
        return callbacks


def _epochs(plan: Plan) -> int:
    """Epochs of the schedule; those that are done, where a resumed run has nothing left to do."""
    settings = plan.settings
    if plan.resume and is_patience_spent(history_of(plan.resume), settings.early_stopping_patience):
        return step_of(plan.resume) // plan.steps_an_epoch
    return settings.epochs


def compute_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """Accuracy and macro-F1 of logits, shape (samples, classes), against class numbers."""
    logits, truth = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
    return accuracy_and_f1(truth, logits.argmax(axis=1))


def optimiser(model: Any, settings: Hyperparameters) -> torch.optim.Optimizer:
    """AdamW; the head may learn at a rate of its own, and only matrices decay."""
    prefix = f"{model.base_model_prefix}."
    body_rate = float(settings.learning_rate)
    head_rate = float(settings.head_learning_rate or settings.learning_rate)
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        rate = body_rate if name.startswith(prefix) else head_rate
        decay = float(settings.weight_decay) if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    # The first group's rate is the one that is logged: the body's.
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ],
        fused=True,
    )
