"""Writes checkpoints beside the training loop: the loop copies its state and goes on.

A checkpoint is written under a hidden name, sealed, and only then named, so that a process killed
at any moment leaves either a whole checkpoint or none. Weights that are no finite numbers are
refused: the last good checkpoint stays. Must not decide when to save.
"""

import logging
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from pharos_jobs.core.health import diverged_weights
from pharos_jobs.errors import TrainingDivergenceError
from pharos_jobs.training.checkpoints import seal, step_of

# The best one stays besides.
_NEWEST_KEPT = 2
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after one optimiser step; every tensor a copy on the CPU.

    ``states`` are further files by name, such as ``optimizer.pt``; ``trainer_state`` is JSON;
    ``best_step`` is the step of the best checkpoint so far, 0 for none.
    """

    step: int
    best_step: int
    weights: dict[str, torch.Tensor]
    states: dict[str, Any]
    trainer_state: str
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where checkpoints go and what each of them says; ``published`` hears of each sealed one."""

    folder: Path
    label_to_id: dict[str, int]
    published: Callable[[Path], None] = field(default=lambda _: None)
    removed: Callable[[str], None] = field(default=lambda _: None)


class CheckpointWriter:
    """One thread, at most one checkpoint at a time."""

    def __init__(self, whereabouts: Whereabouts, model: Any, tokenizer: Any) -> None:
        self._to = whereabouts
        self._model, self._tokenizer = model, tokenizer
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._writing: Future[None] | None = None
        self.last_sealed = ""

    def submit(self, snapshot: Snapshot) -> None:
        """Begin to write; waits for the one before, and raises what went wrong with it."""
        self.wait()
        self._writing = self._pool.submit(self._write, snapshot)

    def wait(self) -> None:
        """Return when nothing is being written. Raises what went wrong, once."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """End the thread after its work; what went wrong stays for ``wait``."""
        self._pool.shutdown(wait=True)

    def _write(self, snapshot: Snapshot) -> None:
        sentence = diverged_weights(
            name for name, value in snapshot.weights.items() if not torch.isfinite(value).all()
        )
        if sentence:
            raise TrainingDivergenceError(sentence)
        final = self._to.folder / f"{PREFIX_CHECKPOINT_DIR}-{snapshot.step}"
        hidden = final.with_name(f".{final.name}")
        shutil.rmtree(hidden, ignore_errors=True)
        hidden.mkdir(parents=True)
        self._fill(hidden, snapshot)
        seal(hidden, self._to.label_to_id, snapshot.metadata)
        shutil.rmtree(final, ignore_errors=True)
        hidden.rename(final)
        self.last_sealed = final.name
        _log.info("Saved a checkpoint", extra={"saved": final.name})
        self._to.published(final)
        self._tidy(snapshot.best_step)

    def _fill(self, folder: Path, snapshot: Snapshot) -> None:
        self._model.save_pretrained(folder, state_dict=snapshot.weights)
        self._tokenizer.save_pretrained(folder)
        for name, state in snapshot.states.items():
            torch.save(state, folder / name)
        (folder / "trainer_state.json").write_text(snapshot.trainer_state, encoding="utf-8")

    def _tidy(self, best_step: int) -> None:
        """Keep the newest two and the best."""
        found = sorted(
            self._to.folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"), key=step_of, reverse=True
        )
        for old in found[_NEWEST_KEPT:]:
            if step_of(old) != best_step:
                shutil.rmtree(old, ignore_errors=True)
                self._to.removed(old.name)


def copied(value: Any, seen: dict[int, torch.Tensor] | None = None) -> Any:
    """A state with every tensor copied to the CPU; tensors that are one stay one."""
    known = {} if seen is None else seen
    if isinstance(value, torch.Tensor):
        where = value.data_ptr() if value.numel() else id(value)
        if where not in known or known[where].shape != value.shape:
            known[where] = value.detach().to("cpu", copy=True)
        return known[where]
    if isinstance(value, dict):
        return type(value)((key, copied(each, known)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return type(value)(copied(each, known) for each in value)
    return value
