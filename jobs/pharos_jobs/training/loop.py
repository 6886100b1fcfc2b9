"""The Hugging Face trainer with our batches: by length, cut by tokens, halved when memory is short.

One call of ``training_step`` is one optimiser step over the whole batch. Its samples are shared out
to the processes, cut into micro-batches by a budget of tokens, and their gradients add up to that
of the whole batch. Where memory runs out, the micro-batches are halved and the same step is done
again. What is random (dropout) follows from seed, step and process alone, so that a resumed or
repeated step draws the same.
"""

# ruff: noqa: ARG002 - the signatures are those of transformers.Trainer

import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import Trainer
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from pharos_jobs.core.batching import micro_batch, micro_batches, share_of
from pharos_jobs.core.health import is_out_of_memory
from pharos_jobs.training import distilling, ranks
from pharos_jobs.training.checkpoint_writer import CheckpointWriter, Snapshot, copied
from pharos_jobs.training.loader import Features, batch_loader

_log = logging.getLogger(__name__)
_SEEDS_A_STEP = 4096  # more processes than anyone has


@dataclass(slots=True)
class MicroBatching:
    """How a batch is cut: at most ``batch_size / divisor`` samples and so many padded tokens.

    ``halvings`` are sentences, one for each time that memory ran out.
    """

    batch_size: int
    token_budget: int
    divisor: int = 1
    halvings: list[str] = field(default_factory=list)

    @property
    def most(self) -> int:
        """Samples of a micro-batch at most."""
        return micro_batch(self.batch_size, self.divisor).size

    @property
    def can_halve(self) -> bool:
        """Whether a micro-batch can still be made smaller."""
        return self.most > 1

    def halve(self, step: int) -> None:
        """Half the samples and half the tokens from here on."""
        before = self.most
        self.divisor *= 2
        self.token_budget = max(1, self.token_budget // 2)
        after = micro_batch(self.batch_size, self.divisor)
        self.halvings.append(
            f"Memory ran out at step {step} with micro-batches of {before}; went on with "
            f"{after.size} and gradients added up over {after.accumulation}."
        )


@dataclass(frozen=True, slots=True)
class LoopParts:
    """What the loop needs beside the trainer's own arguments.

    ``facts`` gives what a checkpoint says of its training at the moment it is saved;
    ``temperature`` is that of a teacher's answers, where samples have any.
    """

    cutting: MicroBatching
    seed: int
    writer: CheckpointWriter
    facts: Callable[[Any], dict[str, Any]]
    temperature: float = 1.0


class BatchedTrainer(Trainer):
    """A Trainer whose step is a whole batch and whose checkpoints are written beside it."""

    def __init__(self, parts: LoopParts, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._parts = parts

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Whole batches of unpadded features; each process takes its share in the step."""
        dataset: Any = self.train_dataset
        return batch_loader(dataset, self._parts.cutting.batch_size, self._parts.seed)

    def training_step(
        self, model: Any, inputs: Any, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """One optimiser step's gradients. Raises RuntimeError when not one sample fits."""
        model.train()
        while True:
            torch.manual_seed(self._draw())
            try:
                return self._whole_batch(model, inputs["features"])
            except RuntimeError as error:
                if not (self._is_out_of_memory_alone(error) and self._parts.cutting.can_halve):
                    raise
            # Outside of the handler: its traceback would keep the tensors alive.
            self._shrink(model)

    def compute_loss(self, model: Any, inputs: Any, *arguments: Any, **named: Any) -> Any:
        """As the trainer does; where a teacher has answered, of its answers too."""
        if distilling.SOFT not in inputs:
            return super().compute_loss(model, inputs, *arguments, **named)
        told = {name: inputs[name] for name in ("labels", distilling.SOFT, distilling.TRUST)}
        plain = {name: value for name, value in inputs.items() if name not in told}
        smoothing = float(self.args.label_smoothing_factor)
        return distilling.loss(model(**plain).logits, told, self._parts.temperature, smoothing)

    def evaluate(self, *arguments: Any, **named: Any) -> dict[str, float]:
        """As the trainer does, with half the batch where memory runs out."""
        while True:
            try:
                return dict(super().evaluate(*arguments, **named))
            except RuntimeError as error:
                smaller = self.args.per_device_eval_batch_size // 2
                if not (self._is_out_of_memory_alone(error) and smaller):
                    raise
            _release_memory()
            self.args.per_device_eval_batch_size = smaller
            _log.warning("Memory ran out in an evaluation", extra={"batchNow": smaller})

    def floating_point_ops(self, inputs: Any) -> int:
        """Operations of the step on its real tokens: 6 for each weight and token, heads left out.

        J. Kaplan et al., "Scaling Laws for Neural Language Models", 2020, section 2.1.
        """
        model: Any = self.model
        tokens = sum(len(each["input_ids"]) for each in inputs["features"])
        return int(6 * tokens * model.num_parameters(exclude_embeddings=True))

    def _draw(self) -> int:
        step = self._parts.seed * 1_000_003 + self.state.global_step
        return int((step * _SEEDS_A_STEP + ranks.rank()) % 2**63)

    def _whole_batch(self, model: Any, features: Features) -> torch.Tensor:
        world, total = ranks.world_size(), len(features)
        mine = [features[i] for i in share_of(ranks.rank(), world, total)]
        # A process without a sample computes one that counts for nothing: the others wait for it.
        weight = world / total if mine else 0.0
        mine = mine or features[:1]
        cutting = self._parts.cutting
        lengths = [len(each["input_ids"]) for each in mine]
        parts = micro_batches(lengths, cutting.token_budget, cutting.most)
        loss = torch.zeros((), device=self.args.device)
        for number, part in enumerate(parts, start=1):
            held = contextlib.nullcontext()
            if number < len(parts):
                held = self.accelerator.no_sync(model)
            with held:
                loss += self._part(model, [mine[i] for i in part], weight * len(part))
        return loss

    def _part(self, model: Any, features: Features, weight: float) -> torch.Tensor:
        inputs = self._prepare_inputs(self.data_collator(features))
        with self.compute_loss_context_manager():
            mean: Any = self.compute_loss(model, inputs)
        loss: torch.Tensor = mean * weight
        self.accelerator.backward(loss)
        return loss.detach()

    def _is_out_of_memory_alone(self, error: RuntimeError) -> bool:
        # Several processes wait for each other inside a step: there the run starts again instead.
        return ranks.world_size() == 1 and is_out_of_memory(str(error))

    def _shrink(self, model: Any) -> None:
        model.zero_grad(set_to_none=True)
        _release_memory()
        self._parts.cutting.halve(self.state.global_step + 1)
        _log.warning(self._parts.cutting.halvings[-1])

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Copy the state and have it written; the loop goes on."""
        self.store_flos()  # all processes add up what they computed
        if not ranks.is_first():
            return
        best = self.state.best_global_step or 0
        if best:
            folder = Path(str(self.args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{best}"
            self.state.best_model_checkpoint = str(folder)
        self._parts.writer.submit(self._snapshot(best))

    def _snapshot(self, best_step: int) -> Snapshot:
        seen: dict[int, torch.Tensor] = {}
        model: Any = self.model
        optimizer: Any = self.optimizer
        scheduler: Any = self.lr_scheduler
        states = {"optimizer.pt": optimizer.state_dict(), "scheduler.pt": scheduler.state_dict()}
        if self.accelerator.scaler is not None:
            states["scaler.pt"] = self.accelerator.scaler.state_dict()
        return Snapshot(
            step=self.state.global_step,
            best_step=best_step,
            weights=copied(model.state_dict(), seen),
            states=copied(states, seen),
            trainer_state=json.dumps(_plain(self.state), indent=2, sort_keys=True) + "\n",
            metadata=self._parts.facts(self.state),
        )

    def _init_training_state(self, *arguments: Any) -> tuple[int, int]:
        """As the trainer does, with the best checkpoint where it lies now: folders move."""
        found: tuple[int, int] = super()._init_training_state(*arguments)
        best = self.state.best_global_step
        folder = Path(str(self.args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{best}"
        self.state.best_model_checkpoint = str(folder) if best and folder.is_dir() else None
        return found

    def _load_best_model(self) -> None:
        """For the process that exports; the others' folders may not hold it."""
        if ranks.is_first():
            self._parts.writer.wait()
            super()._load_best_model()


def _release_memory() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _plain(state: Any) -> dict[str, Any]:
    """A trainer's state as JSON holds it; callbacks keep nothing of their own."""
    return {**asdict(state), "stateful_callbacks": {}}
