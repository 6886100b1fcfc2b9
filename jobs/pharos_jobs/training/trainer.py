"""The first recipe: fine-tune an encoder with a classification head (rows TRN-1 to TRN-20).

Tokenised once, batches of similar length padded to their longest, the device's best precision,
evaluation and checkpoint after each epoch, early stopping, best model by validation accuracy.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    EvalPrediction,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)
from transformers.utils import logging as hf_logging

from pharos_api.trainingrun import Hyperparameters, Precision
from pharos_jobs.context import StepContext
from pharos_jobs.core.batching import micro_batch, steps_per_epoch, warmup_steps
from pharos_jobs.core.labels import label_order
from pharos_jobs.core.metrics import accuracy_and_f1
from pharos_jobs.core.papers import Sample
from pharos_jobs.training.base_model import find_base_model
from pharos_jobs.training.callbacks import (
    HealthCallback,
    ProgressCallback,
    SealCallback,
    TensorBoardCallback,
)
from pharos_jobs.training.checkpoints import last_good_checkpoint, seconds_before, step_of
from pharos_jobs.training.device import settled_precision
from pharos_jobs.training.encoding import ClassificationDataset

_log = logging.getLogger(__name__)
_LOG_EVERY_STEPS = 10
# Bars and loading reports are for terminals.
hf_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
hf_logging.disable_progress_bar()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Trained:
    """What training gave: the best model in memory and how it went."""

    model: Any
    tokenizer: Any
    best_accuracy: float
    steps: int
    train_seconds: float
    samples_per_second: float
    precision: Precision


class ClassificationTrainer:
    """Fine-tunes a classifier.

    Args:
        model_name: base model as ``spec.trainer.baseModel`` names it.
        output_dir: folder for checkpoints and TensorBoard's logs; made when it is missing.
    """

    def __init__(
        self,
        model_name: str = "distilbert-base-uncased",
        output_dir: str = "models/classification/arxiv_v1",
    ) -> None:
        self.model_name = model_name
        self.output_dir = Path(output_dir)
        self.checkpoint_dir = self.output_dir / "checkpoints"
        self.checkpoint_dir.mkdir(parents=True, exist_ok=True)
        self.label_to_id: dict[str, int] = {}

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
        torch.set_flush_denormal(True)  # denormal numbers slow a CPU down
        set_seed(settings.seed)
        if not self.label_to_id:
            self.load_datasets_from_samples([*train_samples, *val_samples])
        precision = settled_precision(settings.precision)
        arguments = self._arguments(settings, precision, batch_divisor, len(train_samples))
        resume = last_good_checkpoint(self.checkpoint_dir)
        seals = SealCallback(
            self.label_to_id,
            self._facts(settings, len(train_samples)),
            seconds_before(resume),
            context.now,
        )
        callbacks = [*self._callbacks(settings, context), seals]
        trainer = self._assembled(arguments, settings, (train_samples, val_samples), callbacks)
        if resume:
            _log.info("Going on from a checkpoint", extra={"checkpoint": resume.name})
        outcome = trainer.train(resume_from_checkpoint=str(resume) if resume else None)
        steps = trainer.state.global_step - (step_of(resume) if resume else 0)
        seconds = outcome.metrics["train_runtime"]
        return Trained(
            model=trainer.model,
            tokenizer=trainer.processing_class,
            best_accuracy=trainer.state.best_metric or 0.0,
            steps=trainer.state.global_step,
            train_seconds=seals.train_seconds,
            samples_per_second=steps * settings.batch_size / max(seconds, 1e-9),
            precision=precision,
        )

    def _assembled(
        self,
        arguments: TrainingArguments,
        settings: Hyperparameters,
        samples: tuple[Sequence[Sample], Sequence[Sample]],
        callbacks: list[TrainerCallback],
    ) -> Trainer:
        tokenizer, model = self._loaded(settings)
        train, val = (
            ClassificationDataset(part, tokenizer, self.label_to_id, settings.max_tokens)
            for part in samples
        )
        trainer = Trainer(
            model=model,
            args=arguments,
            data_collator=DataCollatorWithPadding(tokenizer, pad_to_multiple_of=8),
            train_dataset=train,
            eval_dataset=val.shortest_first(),
            processing_class=tokenizer,
            compute_metrics=compute_metrics,
            callbacks=callbacks,
            optimizers=(optimiser(model, settings), None),
        )
        trainer.remove_callback(PrinterCallback)  # the log is JSON, and our callbacks write it
        return trainer

    def _loaded(self, settings: Hyperparameters) -> tuple[Any, Any]:
        folder = find_base_model(self.model_name)
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model = AutoModelForSequenceClassification.from_pretrained(
            folder,
            num_labels=len(self.label_to_id),
            label2id=self.label_to_id,
            id2label={number: name for name, number in self.label_to_id.items()},
            ignore_mismatched_sizes=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        if settings.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        return tokenizer, model

    def _arguments(
        self, settings: Hyperparameters, precision: Precision, divisor: int, samples: int
    ) -> TrainingArguments:
        batch = micro_batch(settings.batch_size, divisor)
        total = settings.epochs * steps_per_epoch(samples, settings.batch_size)
        return TrainingArguments(
            output_dir=str(self.checkpoint_dir),
            num_train_epochs=settings.epochs,
            per_device_train_batch_size=batch.size,
            per_device_eval_batch_size=max(16, batch.size),
            gradient_accumulation_steps=batch.accumulation,
            warmup_steps=warmup_steps(settings.warmup_steps, total),
            label_smoothing_factor=float(settings.label_smoothing),
            use_cpu=not torch.cuda.is_available(),
            bf16=precision is Precision.BF16,
            fp16=precision is Precision.FP16,
            train_sampling_strategy="group_by_length",
            eval_strategy="epoch",
            save_strategy="epoch",
            save_total_limit=2,
            load_best_model_at_end=True,
            metric_for_best_model="accuracy",
            logging_steps=_LOG_EVERY_STEPS,
            logging_nan_inf_filter=False,
            disable_tqdm=True,
            report_to="none",
            dataloader_pin_memory=torch.cuda.is_available(),
            seed=settings.seed,
            data_seed=settings.seed,
        )

    def _facts(self, settings: Hyperparameters, samples: int) -> dict[str, Any]:
        """What a checkpoint says of its training (row DBM-4); it has no version yet."""
        return {
            "version": "",
            "model_name": self.model_name,
            "num_labels": len(self.label_to_id),
            "dataset_size": samples,
            "hyperparameters": settings.to_json(),
        }

    def _callbacks(self, settings: Hyperparameters, context: StepContext) -> list[TrainerCallback]:
        callbacks = [
            HealthCallback(context),
            ProgressCallback(context, settings.batch_size),
            TensorBoardCallback(self.output_dir / "logs"),
        ]
        if settings.early_stopping_patience:
            callbacks.append(EarlyStoppingCallback(settings.early_stopping_patience))
        return callbacks


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
