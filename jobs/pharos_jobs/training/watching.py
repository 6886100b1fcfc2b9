"""Evaluates several times an epoch and tells a watcher, who may end the training by raising."""

# ruff: noqa: ARG002 - the signatures are those of transformers.TrainerCallback

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pharos_jobs.context import EvaluationWatch


class WatchCallback(TrainerCallback):
    """Evenly spaced evaluations within an epoch; at its end the trainer evaluates by itself."""

    def __init__(self, watch: EvaluationWatch, steps_an_epoch: int) -> None:
        self._watch, self._steps_an_epoch = watch, steps_an_epoch
        parts = min(watch.per_epoch, steps_an_epoch)
        self._within = {steps_an_epoch * part // parts for part in range(1, parts)}

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Have the model evaluated when a part of the epoch is done."""
        if state.global_step % self._steps_an_epoch in self._within:
            control.should_evaluate = True

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Tell the watcher, by the share of the training that is done."""
        share = state.global_step / self._steps_an_epoch
        number = round(share * self._watch.per_epoch)
        self._watch.evaluated(number, float(kwargs["metrics"]["eval_accuracy"]))
