"""Takes a trainer from where its training stands to the end, whatever it is that is learnt."""

import logging
from pathlib import Path
from typing import Any

import torch

from pharos_api.trainer import Hyperparameters, Precision
from pharos_jobs.core.health import kept_sentence
from pharos_jobs.errors import TrainingDivergenceError
from pharos_jobs.training import ranks
from pharos_jobs.training.checkpoint_writer import CheckpointWriter
from pharos_jobs.training.checkpoints import step_of
from pharos_jobs.training.loop import BatchedTrainer
from pharos_jobs.training.plan import Plan

_LOG_EVERY_STEPS = 10
_log = logging.getLogger(__name__)


def ran(trainer: BatchedTrainer, writer: CheckpointWriter, plan: Plan) -> float:
    """Train; returns samples a second of this try.

    Raises TrainingDivergenceError, which names the last good checkpoint.
    """
    if plan.resume:
        _log.info("Going on from a checkpoint", extra={"checkpoint": plan.resume.name})
    try:
        outcome = trainer.train(resume_from_checkpoint=str(plan.resume) if plan.resume else None)
        writer.wait()
    except TrainingDivergenceError as error:
        writer.close()
        kept = writer.last_sealed or (plan.resume.name if plan.resume else "")
        raise TrainingDivergenceError(f"{error.message} {kept_sentence(kept)}") from error
    finally:
        writer.close()
    steps = trainer.state.global_step - (step_of(plan.resume) if plan.resume else 0)
    seconds = max(float(outcome.metrics["train_runtime"]), 1e-9)
    return steps * plan.settings.batch_size / seconds


def shared_arguments(
    settings: Hyperparameters, precision: Precision, checkpoints: Path
) -> dict[str, Any]:
    """What every training of steps tells the Hugging Face trainer."""
    has_gpu = torch.cuda.is_available()
    backend = ("nccl" if has_gpu else "gloo") if ranks.world_size() > 1 else None
    return {
        "output_dir": str(checkpoints),
        "per_device_train_batch_size": settings.batch_size,
        "use_cpu": not has_gpu,
        "ddp_backend": backend,
        "bf16": precision is Precision.BF16,
        "fp16": precision is Precision.FP16,
        "save_strategy": "epoch",
        "save_total_limit": 2,
        "logging_steps": _LOG_EVERY_STEPS,
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "report_to": "none",
        "dataloader_pin_memory": has_gpu,
        "seed": settings.seed,
        "data_seed": settings.seed,
    }
