"""Distil: an encoder learns from the labels and from what a linear model makes of the same texts.

The linear model knows words that the encoder has yet to learn, and says how alike classes are
where a label says one alone; the student answers alone afterwards, at the cost of ``FineTune``.
Papers with several of the labels are texts like any other here: they have no one hard label, but
the teacher has an opinion. For what a ``Blend`` would do, where its second part is not wanted in
serving.

G. Hinton, O. Vinyals and J. Dean, "Distilling the Knowledge in a Neural Network", 2015,
arXiv:1503.02531. The teacher here costs a minute.
"""

from dataclasses import replace
from time import perf_counter
from typing import Any

from pharos_jobs.core.teaching import Class, Manner, Teaching, taught_by_linear
from pharos_jobs.recipes import fine_tune
from pharos_jobs.recipes.port import Lesson

# Common values, not tuned: what one look gave with them stands in docs/developer/quality.md.
TEMPERATURE = 2.0
TRUST = 0.5


def train(lesson: Lesson) -> dict[str, Any]:
    """Ask the teacher, then fine-tune on all texts; the model's files are those of ``FineTune``."""
    started_s = perf_counter()
    lesson.context.progress.report(0, f"fitting a teacher to {len(lesson.train)} texts")
    teaching = asked(lesson)
    seconds = perf_counter() - started_s
    everything = replace(lesson, train=[*lesson.train, *lesson.related])
    return fine_tune.taught(everything, teaching) | {
        "teacherSeconds": f"{seconds:.1f}",
        "relatedSamples": len(lesson.related),
    }


def asked(lesson: Lesson) -> Teaching:
    """The linear teacher's answers to the train split and the related papers behind it."""
    settings, related = lesson.trainer.hyperparameters, lesson.related
    pupils = Class(
        texts=[s.text for s in lesson.train],
        numbers=lesson.class_numbers(lesson.train),
        related=[s.text for s in related],
        members=lesson.related_numbers(),
        classes=len(lesson.labels),
    )
    manner = Manner(float(settings.regularisation), settings.seed, TRUST, TEMPERATURE)
    return taught_by_linear(pupils, manner)
