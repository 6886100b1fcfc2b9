"""What a linear teacher says of texts that a student learns from. Pure.

Soft targets of G. Hinton, O. Vinyals and J. Dean, "Distilling the Knowledge in a Neural Network",
2015, arXiv:1503.02531. A model is too sure of what it was fitted to: so each text is asked of a
teacher that was fitted without it, and the answers are calibrated on the labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from pharos_api.scoring import Logits, Part, log_softmax
from pharos_jobs.core.calibration import fitted_scoring
from pharos_jobs.core.linear_fit import fit_linear, one_label_each, with_related

_FOLDS = 5
_NEVER = -1e9


@dataclass(frozen=True, slots=True)
class Teaching:
    """A teacher's answers, a row for each text of the student's.

    Args:
        soft: probabilities at the temperature, shape (texts, classes).
        trust: how much they count beside the label in 0..1, shape (texts,); 1 is for texts
            without one hard label.
        temperature: by which both logits are divided before they are compared.
    """

    soft: NDArray[np.float32]
    trust: NDArray[np.float32]
    temperature: float


@dataclass(frozen=True, slots=True)
class Class:
    """Those to teach: texts with one class number each, then texts with several.

    ``members`` holds the class numbers of each of ``related``, the first being the best.
    """

    texts: Sequence[str]
    numbers: Sequence[int]
    related: Sequence[str]
    members: Sequence[Sequence[int]]
    classes: int


@dataclass(frozen=True, slots=True)
class Manner:
    """How the teacher is fitted (the SVMs' C, the seed) and how it is listened to."""

    regularisation: float
    seed: int
    trust: float
    temperature: float


def taught_by_linear(pupils: Class, manner: Manner) -> Teaching:
    """The linear teacher's answers to all texts, the related ones last.

    A related text gets what the teacher says of its own classes alone.
    """
    logits = out_of_fold(pupils, manner)
    count = len(pupils.texts)
    truth = np.asarray(pupils.numbers, dtype=np.int64)
    factor = fitted_scoring({Part.LINEAR: logits[:count]}, truth).factors[Part.LINEAR]
    known = factor * log_softmax(logits.astype(np.float64)) / manner.temperature
    for row, members in enumerate(pupils.members, start=count):
        known[row, np.setdiff1d(np.arange(pupils.classes), members)] = _NEVER
    trust = np.full(len(known), 1.0, dtype=np.float32)
    trust[:count] = manner.trust
    soft = np.exp(log_softmax(known)).astype(np.float32)
    return Teaching(soft, trust, manner.temperature)


def out_of_fold(pupils: Class, manner: Manner) -> Logits:
    """Logits of each text, by a linear model of the four fifths of the texts without it."""
    count = len(pupils.texts)
    everything = [*pupils.texts, *pupils.related]
    found = np.zeros((len(everything), pupils.classes), dtype=np.float32)
    parts = KFold(_FOLDS, shuffle=True, random_state=manner.seed)
    for fitted, held in parts.split(np.arange(len(everything))):
        single, several = fitted[fitted < count], fitted[fitted >= count] - count
        labelled = one_label_each(
            [pupils.texts[i] for i in single],
            [pupils.numbers[i] for i in single],
            pupils.classes,
        )
        labelled = with_related(
            labelled,
            [pupils.related[i] for i in several],
            [pupils.members[i] for i in several],
        )
        teacher = fit_linear(labelled, manner.regularisation, manner.seed)
        found[held] = teacher.logits([everything[i] for i in held])
    return found
