"""What one training of steps is to do, and what the machine and earlier tries make of that.

Looks at the machine and at the checkpoints. Must not train.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from pharos_api.trainer import Hyperparameters, Precision
from pharos_jobs.context import StepContext
from pharos_jobs.core.batching import steps_per_epoch
from pharos_jobs.training import device, ranks
from pharos_jobs.training.base_model import architecture, find_base_model
from pharos_jobs.training.callbacks import Stopwatch, measured
from pharos_jobs.training.checkpoints import last_good_checkpoint, seconds_before
from pharos_jobs.training.loop import MicroBatching


@dataclass(frozen=True, slots=True)
class Plan:
    """One training: what is asked for, and the checkpoint ``resume`` that it goes on from."""

    settings: Hyperparameters
    base: Path
    precision: Precision
    cutting: MicroBatching
    resume: Path | None
    watch: Stopwatch
    steps_an_epoch: int
    samples: int


def made_ready(seed: int) -> None:
    """Have the processes of this training meet, share out the cores and draw alike."""
    torch.set_flush_denormal(True)  # denormal numbers slow a CPU down
    ranks.join("nccl" if torch.cuda.is_available() else "gloo")
    device.settle_threads(ranks.local_world_size())
    set_seed(seed)


def planned(
    base_model: str, checkpoints: Path, settings: Hyperparameters, divisor: int, samples: int
) -> Plan:
    """The plan for so many samples; ``divisor`` parts a batch. Every process must ask."""
    # One process looks: what is broken is removed on the way.
    first = last_good_checkpoint(checkpoints) if ranks.is_first() else None
    name = ranks.told_by_first(first.name if first else "")
    resume = checkpoints / name if name else None
    base = find_base_model(base_model)
    budget = max(1, device.token_budget() // divisor)
    return Plan(
        settings=settings,
        base=base,
        precision=device.settled_precision(settings.precision, architecture(base)),
        cutting=MicroBatching(settings.batch_size, budget, divisor),
        resume=resume,
        watch=Stopwatch(seconds_before(resume)),
        steps_an_epoch=steps_per_epoch(samples, settings.batch_size),
        samples=samples,
    )


def facts(
    plan: Plan, context: StepContext, about: dict[str, Any]
) -> Callable[[Any], dict[str, Any]]:
    """What a checkpoint says of its training (row DBM-4); it has no version yet."""

    def said(state: Any) -> dict[str, Any]:
        return {
            "version": "",
            **about,
            "dataset_size": plan.samples,
            "hyperparameters": plan.settings.to_json(),
            "created_at": context.now().isoformat(timespec="seconds"),
            "metrics": measured(state.log_history),
            "step": state.global_step,
            "train_seconds": plan.watch.seconds,
        }

    return said
