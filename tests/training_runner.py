"""Starts tries at a training as processes, and kills them or asks them to end at a given step.

They are forked from one process that has loaded torch, so that ten of them fit into a test.
"""

import json
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import torch
from safetensors.torch import load_file


@dataclass(frozen=True)
class Told:
    """What a try that came to its end says of itself."""

    accuracy: float
    steps: int
    weights: dict[str, torch.Tensor]


class Runner:
    """Starts tries of ``work`` on one base model, below one folder."""

    def __init__(
        self, base: Path, output: Path, work: Callable[[Path, Path, Connection], None]
    ) -> None:
        self._base, self.output, self._work = base, output, work
        output.mkdir(parents=True, exist_ok=True)

    def until(self, step: int, gently: bool = False) -> int | None:
        """Start a try and kill it after so many steps, or ask it to end; its exit code."""
        context = _processes()
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(target=self._work, args=(self._base, self.output, theirs))
        process.start()
        theirs.close()
        if any(told == step for told in iter(lambda: _next(mine), None)):
            process.terminate() if gently else process.kill()
        while _next(mine) is not None:
            pass
        process.join()
        return process.exitcode

    def whole(self) -> Told:
        """A try that nobody disturbs."""
        assert self.until(10**9) == 0
        facts = json.loads((self.output / "end.json").read_text())
        weights = load_file(self.output / "best" / "model.safetensors")
        return Told(facts["accuracy"], facts["steps"], weights)


def differing(one: Told, other: Told) -> list[str]:
    """Names of the weights that are not the same to the last bit."""
    return [name for name in one.weights if not torch.equal(one.weights[name], other.weights[name])]


def _processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pharos_jobs.training.pretraining"])
    return context


def _next(pipe: Connection) -> int | None:
    """The step that a try has done; None when its end of the pipe is closed."""
    try:
        step: int = pipe.recv()
    except EOFError:
        return None
    return step
