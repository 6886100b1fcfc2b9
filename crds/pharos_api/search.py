"""Hyperparameter search: what a person asks for, and how it stands (rows HPS-6 to HPS-11).

A part of TrainingRun. The search runs as one Indexed Job whose pods share one study.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from pharos_api.meta import DecimalString, Duration, Spec, Status, decimal, rules


class Sampler(StrEnum):
    """Optuna's samplers that Pharos offers."""

    TPE = "TPE"
    RANDOM = "Random"


class Pruner(StrEnum):
    """Optuna's pruners that Pharos offers. ASHA is its SuccessiveHalvingPruner."""

    MEDIAN = "Median"
    HYPERBAND = "Hyperband"
    ASHA = "ASHA"
    NONE = "None"


class Objective(StrEnum):
    """What a trial is judged by: accuracy on the validation split, and the time of one text."""

    ACCURACY = "Accuracy"
    LATENCY = "Latency"


class Scale(StrEnum):
    """How a range is drawn from: evenly, or evenly by the order of magnitude."""

    LINEAR = "Linear"
    LOG = "Log"


class DecimalRange(Spec):
    """All decimals from ``min`` to ``max``, both included; the same number twice fixes it."""

    model_config = rules(
        (
            "!self.min.matches('^[0-9]') || !self.max.matches('^[0-9]') "
            "|| double(self.min) <= double(self.max)",
            "min must not be greater than max",
        ),
        (
            "self.scale != 'Log' || !self.min.matches('^[0-9]') || double(self.min) > 0.0",
            "a Log scale has no zero: give a min above 0, for example 1e-5, or scale Linear",
        ),
    )

    min: DecimalString
    max: DecimalString
    scale: Scale = Scale.LINEAR

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if decimal(self.min) > decimal(self.max):
            raise ValueError("min must not be greater than max")
        if self.scale is Scale.LOG and decimal(self.min) <= 0:
            raise ValueError("a Log scale has no zero: give a min above 0, or scale Linear")
        return self


_Choices = Field(min_length=1, max_length=20)
BatchSizes = Annotated[list[Annotated[int, Field(ge=1, le=4096)]], _Choices]
Warmups = Annotated[list[Annotated[int, Field(ge=0, le=1_000_000)]], _Choices]
Epochs = Annotated[list[Annotated[int, Field(ge=1, le=1000)]], _Choices]
TokenLimits = Annotated[list[Annotated[int, Field(ge=8, le=8192)]], _Choices]


class SearchSpace(Spec):
    """Where hyperparameters are drawn from; what is not named here is the trainer's own."""

    learning_rate: DecimalRange = DecimalRange(min="1e-5", max="5e-5", scale=Scale.LOG)
    weight_decay: DecimalRange = DecimalRange(min="0", max="0.1")
    batch_size: BatchSizes = Field([8, 16, 32])
    warmup_steps: Warmups = Field([100, 500, 1000])
    epochs: Epochs = Field([3, 5])
    head_learning_rate: DecimalRange | None = None
    label_smoothing: DecimalRange | None = None
    max_tokens: TokenLimits | None = None


class Search(Spec):
    """Hyperparameter search; absent means none.

    ``trials``, ``timeout`` and ``maxGpuHours`` are budgets: whichever is used up first ends the
    search. ``dataPercent`` is the share of the training split that trials train on; the winner is
    trained again on all of it. ``accuracyTolerance`` matters with two objectives alone: the fastest
    trial whose accuracy is within it of the best wins.
    """

    model_config = rules(
        (
            "self.parallelism <= self.trials",
            "parallelism must not exceed trials: there would be Jobs without work",
        ),
        (
            "size(self.objectives) == 1 || self.pruner == 'None'",
            "a search with two objectives cannot prune: write pruner: None",
        ),
        (
            "self.objectives[0] == 'Accuracy' && "
            "self.objectives.filter(o, o == 'Accuracy').size() == 1",
            "objectives must be [Accuracy] or [Accuracy, Latency]",
        ),
    )

    trials: int = Field(20, ge=1, le=10_000)
    timeout: Duration = "8h"
    max_gpu_hours: DecimalString | None = None
    parallelism: int = Field(1, ge=1, le=100)
    sampler: Sampler = Sampler.TPE
    pruner: Pruner = Pruner.MEDIAN
    objectives: list[Objective] = Field([Objective.ACCURACY], min_length=1, max_length=2)
    accuracy_tolerance: DecimalString = "0.005"
    data_percent: int = Field(100, ge=1, le=100)
    evaluations_per_epoch: int = Field(2, ge=1, le=100)
    seed: int = Field(42, ge=0, le=2**31 - 1)
    space: SearchSpace = SearchSpace()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.parallelism > self.trials:
            raise ValueError("parallelism must not exceed trials: there would be Jobs without work")
        if self.objectives[0] is not Objective.ACCURACY or len(set(self.objectives)) < len(
            self.objectives
        ):
            raise ValueError("objectives must be [Accuracy] or [Accuracy, Latency]")
        if len(self.objectives) > 1 and self.pruner is not Pruner.NONE:
            raise ValueError("a search with two objectives cannot prune: write pruner: None")
        return self


class TrialStatus(Status):
    """One trial: its parameters and the last value that is known of it.

    ``value`` is the accuracy on the validation split, ``evaluations`` how often it was measured,
    ``worker`` the index of the pod that has it, ``repeats`` the trial whose place it took.
    """

    number: int
    value: str | None = None
    latency_ms: str | None = None
    evaluations: int = 0
    worker: int | None = None
    repeats: int | None = None
    params: dict[str, str] = Field(default_factory=dict)


class SearchStatus(Status):
    """How a search stands. ``trials`` are asked for; a trial that is repeated counts once.

    ``current`` are the running trials, at most twenty of them. ``reason`` says why the search has
    ended before its trials were done.
    """

    study: str
    trials: int = 0
    completed: int = 0
    pruned: int = 0
    failed: int = 0
    running: int = 0
    repeated: int = 0
    gpu_hours: str | None = None
    best: TrialStatus | None = None
    current: list[TrialStatus] = Field(default_factory=list)
    reason: str = ""


def standing(search: SearchStatus) -> str:
    """In one sentence: ``12 of 20 trials are done (3 pruned), 2 running; the best is …``."""
    done = search.completed + search.pruned + search.failed
    kinds = {"pruned": search.pruned, "failed": search.failed, "repeated": search.repeated}
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    head = f"{done} of {search.trials} trials are done" + (f" ({told})" if told else "")
    running = f", {search.running} running" if search.running else ""
    why = f" {search.reason}" if search.reason else ""
    return f"{head}{running}{_best(search.best)}.{why}"


def _best(best: TrialStatus | None) -> str:
    if best is None or best.value is None:
        return ""
    fast = f" and {best.latency_ms} ms" if best.latency_ms else ""
    params = ", ".join(f"{name} {value}" for name, value in best.params.items())
    return f"; the best is trial {best.number} with {best.value}{fast}: {params}"
