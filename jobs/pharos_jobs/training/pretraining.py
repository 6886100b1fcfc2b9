"""Adaptive pre-training: a base model reads the texts of the train split before it is fine-tuned.

Masked language modelling on the task's own texts, without their labels, by the loop of the
fine-tune: the same batches, checkpoints, health checks and stops. What comes of it are other
weights below the new head. Must not see a text of the validation or test split.

S. Gururangan et al., "Don't Stop Pretraining: Adapt Language Models to Domains and Tasks", 2020,
arXiv:2004.10964, section 4 (task-adaptive pre-training).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    PrinterCallback,
    TrainerCallback,
    TrainingArguments,
)

from pharos_api.jobio import FailureReason
from pharos_api.trainer import Hyperparameters
from pharos_jobs.context import StepContext
from pharos_jobs.core.batching import warmup_steps
from pharos_jobs.errors import Terminal
from pharos_jobs.training import device, ranks
from pharos_jobs.training.callbacks import (
    HealthCallback,
    ProgressCallback,
    Stage,
    TensorBoardCallback,
    TrackingCallback,
    shares,
)
from pharos_jobs.training.checkpoint_writer import CheckpointWriter, Whereabouts
from pharos_jobs.training.checkpoints import history_of, seconds_before, step_of
from pharos_jobs.training.course import ran, shared_arguments
from pharos_jobs.training.encoding import EncodedTexts
from pharos_jobs.training.loop import LoopParts
from pharos_jobs.training.masking import MaskedTrainer, masking
from pharos_jobs.training.plan import Plan, facts, made_ready, planned
from pharos_jobs.training.trainer import Keeping, optimiser

FOLDER = "pretraining"


@dataclass(frozen=True, slots=True)
class Adapted:
    """A finished pre-training: its last checkpoint, the last loss told, seconds of all tries.

    ``halvings`` are sentences, one for each time that memory ran out in this try.
    """

    checkpoint: Path
    loss: float
    seconds: float
    halvings: tuple[str, ...] = ()

    def put(self, model: Any) -> None:
        """Give a model the adapted weights below its head; what only it has there stays.

        Where several processes train together the others get theirs from the first.
        """
        if not ranks.is_first():
            return
        adapted = _masked_model(self.checkpoint, None)
        found = model.base_model.load_state_dict(adapted.base_model.state_dict(), strict=False)
        if found.unexpected_keys:
            raise RuntimeError(f"The adapted model has other parts: {found.unexpected_keys[:3]}")


class AdaptivePretraining:
    """Pre-trains a base model on texts.

    Args:
        model_name: base model as ``spec.trainer.baseModel`` names it.
        output_dir: the run's folder; checkpoints go below it, beside those of the fine-tune.
        keeping: token files, and what happens to checkpoints beyond the folder.
    """

    def __init__(self, model_name: str, output_dir: Path, keeping: Keeping) -> None:
        self._model_name, self._output_dir, self._keeping = model_name, output_dir, keeping
        self._checkpoint_dir = output_dir / "checkpoints" / FOLDER

    def train(
        self,
        texts: Sequence[str],
        settings: Hyperparameters,
        context: StepContext,
        batch_divisor: int = 1,
    ) -> Adapted | None:
        """Train all epochs, or go on from the last good checkpoint; None at a stop request.

        A pre-training that an earlier try has finished is found and not repeated. Raises
        TrainingDivergenceError, and Terminal where the base model cannot tell hidden tokens.
        """
        self._checkpoint_dir.mkdir(parents=True, exist_ok=True)
        made_ready(settings.seed)
        own = settings.model_copy(update={"epochs": settings.adaptive_pretraining_epochs})
        plan = planned(self._model_name, self._checkpoint_dir, own, batch_divisor, len(texts))
        last = plan.steps_an_epoch * own.epochs
        if plan.resume and step_of(plan.resume) == last:
            return Adapted(plan.resume, *_told(plan.resume))
        stage = shares(settings)[0]
        trainer, writer = self._assembled(plan, texts, stage, context)
        ran(trainer, writer, plan)
        if context.stop.is_set():
            return None
        checkpoint = self._checkpoint_dir / f"checkpoint-{last}"
        loss = _last_loss(trainer.state.log_history)
        return Adapted(checkpoint, loss, plan.watch.seconds, tuple(plan.cutting.halvings))

    def _assembled(
        self, plan: Plan, texts: Sequence[str], stage: Stage, context: StepContext
    ) -> tuple[MaskedTrainer, CheckpointWriter]:
        settings, keeping = plan.settings, self._keeping
        tokenizer = AutoTokenizer.from_pretrained(plan.base, trust_remote_code=False)
        collator = masking(tokenizer, self._model_name)
        model = self._model(plan)
        where = Whereabouts(self._checkpoint_dir, {}, keeping.published, keeping.removed)
        writer = CheckpointWriter(where, model, tokenizer)
        said = facts(plan, context, {"model_name": self._model_name, "num_labels": 0})
        trainer = MaskedTrainer(
            LoopParts(plan.cutting, settings.seed, writer, said),
            model=model,
            args=self._arguments(plan),
            data_collator=collator,
            train_dataset=EncodedTexts(texts, tokenizer, settings.max_tokens, keeping.tokens),
            processing_class=tokenizer,
            callbacks=self._callbacks(plan, stage, context),
            optimizers=(optimiser(model, settings), None),
        )
        trainer.remove_callback(PrinterCallback)  # the log is JSON, and our callbacks write it
        return trainer, writer

    def _model(self, plan: Plan) -> Any:
        try:
            model = _masked_model(plan.base, device.settled_attention(plan.precision))
        except ValueError as error:
            raise Terminal(
                FailureReason.INVALID_SPEC,
                f"The base model {self._model_name!r} cannot be pre-trained by hidden tokens "
                f"({str(error)[:200]}). Set adaptivePretrainingEpochs to 0, or take another one.",
            ) from error
        if plan.settings.gradient_checkpointing:
            model.gradient_checkpointing_enable()
        return model

    def _arguments(self, plan: Plan) -> TrainingArguments:
        settings = plan.settings
        total = settings.epochs * plan.steps_an_epoch
        return TrainingArguments(
            **shared_arguments(settings, plan.precision, self._checkpoint_dir),
            num_train_epochs=settings.epochs,
            warmup_steps=warmup_steps(settings.warmup_steps, total),
            eval_strategy="no",
        )

    def _callbacks(self, plan: Plan, stage: Stage, context: StepContext) -> list[TrainerCallback]:
        keeping = self._keeping
        callbacks: list[TrainerCallback] = [
            HealthCallback(context, plan.steps_an_epoch, keeping.every_s)
        ]
        if ranks.is_first():
            callbacks.append(ProgressCallback(context, plan.settings.batch_size, stage))
            if keeping.boards:
                callbacks.append(TensorBoardCallback(self._output_dir / "logs" / FOLDER, stage))
            if keeping.tracker is not None:
                callbacks.append(TrackingCallback(keeping.tracker, context.now, stage))
        return callbacks


def _masked_model(folder: Path, attention: str | None) -> Any:
    return AutoModelForMaskedLM.from_pretrained(
        folder,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        attn_implementation=attention,
    )


def _told(checkpoint: Path) -> tuple[float, float]:
    """Loss and seconds that a finished pre-training wrote; nothing where it lies elsewhere."""
    if not ranks.is_first():
        return float("nan"), 0.0
    return _last_loss(history_of(checkpoint)), seconds_before(checkpoint)


def _last_loss(history: list[dict[str, float]]) -> float:
    return next((entry["loss"] for entry in reversed(history) if "loss" in entry), float("nan"))
