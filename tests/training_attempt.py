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
from pharos_jobs.training.pretraining import AdaptivePretraining
from pharos_jobs.training.trainer import ClassificationTrainer, Keeping, Trained

TOPICS = ("cs.AI", "cs.RO", "cs.DB")
TRAIN = [sample(topic, n) for topic in TOPICS for n in range(16)]
VAL = [sample(topic, n) for topic in TOPICS for n in range(100, 112)]
EPOCHS, BATCH = 4, 8
STEPS = EPOCHS * len(TRAIN) // BATCH
PRETRAINING_EPOCHS = 2


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
    _tell(train(base, output, context, Keeping(every_s=0.0)), output)


def pretraining_attempt(base: Path, output: Path, pipe: Connection) -> None:
    """The same with a pre-training before a fine-tune of one epoch."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    context, keeping = StepContext(output, progress=Teller(pipe)), Keeping(every_s=0.0)
    asked = settings(epochs=1, adaptivePretrainingEpochs=PRETRAINING_EPOCHS)
    reading = AdaptivePretraining(base.as_uri(), output, keeping)
    adapted = reading.train([s.text for s in TRAIN], asked, context)
    assert adapted is not None
    trainer = ClassificationTrainer(base.as_uri(), str(output), keeping, body=adapted.put)
    _tell(trainer.train(TRAIN, VAL, asked, context), output)


def _tell(made: Trained, output: Path) -> None:
    made.model.save_pretrained(output / "best")
    facts = {"accuracy": made.best_accuracy, "steps": made.steps}
    (output / "end.json").write_text(json.dumps(facts))
