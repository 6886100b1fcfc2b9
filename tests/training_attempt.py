"""One try at training a tiny model, as a process that its test can kill at any step."""

import json
import os
import signal
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from jobs_builders import sample

from pharos_api.trainer import Hyperparameters
from pharos_jobs.context import StepContext
from pharos_jobs.training.trainer import ClassificationTrainer, Keeping, Trained

TOPICS = ("cs.AI", "cs.RO", "cs.DB")
TRAIN = [sample(topic, n) for topic in TOPICS for n in range(16)]
VAL = [sample(topic, n) for topic in TOPICS for n in range(100, 112)]
EPOCHS, BATCH = 4, 8
STEPS = EPOCHS * len(TRAIN) // BATCH


def settings(**changes: object) -> Hyperparameters:
    given = {"batchSize": BATCH, "maxTokens": 64, "learningRate": "3e-3", "epochs": EPOCHS}
    return Hyperparameters.model_validate(
        {**given, "precision": "FP32", "earlyStoppingPatience": 0, **changes}
    )


class Teller:
    """A progress sink that says each optimiser step over a pipe, and waits to be let on."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._step = 0

    def report(self, percent: int, message: str = "", **details: str | int | None) -> None:
        self._step += 1
        self._pipe.send(self._step)


def train(base: Path, output: Path, context: StepContext, keeping: Keeping) -> Trained:
    # One core: threads that wait for each other on a busy machine cost more than they compute.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    trainer = ClassificationTrainer(base.as_uri(), str(output), keeping)
    return trainer.train(TRAIN, VAL, settings(), context)


def attempt(base: Path, output: Path, pipe: Connection) -> None:
    """One try in a process of its own: a checkpoint at each step, and a word after each."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    context = StepContext(output, progress=Teller(pipe), stop=stop)
    made = train(base, output, context, Keeping(every_s=0.0))
    made.model.save_pretrained(output / "best")
    facts = {"accuracy": made.best_accuracy, "steps": made.steps}
    (output / "end.json").write_text(json.dumps(facts))
