"""What is done to every recipe's model: its confidence is calibrated and its folder sealed."""

from typing import Any

import numpy as np

from pharos_api.artifacts import SCORING
from pharos_api.trainer import Recipe
from pharos_jobs import storage
from pharos_jobs.core.calibration import fitted_scoring
from pharos_jobs.core.cascading import with_cascade
from pharos_jobs.core.metrics import decimal_string
from pharos_jobs.predicting import Predictor
from pharos_jobs.recipes.port import Lesson


def finished(lesson: Lesson) -> dict[str, Any]:
    """Write ``scoring.json`` by the validation split; accuracy, factors and digest as facts.

    The split has then chosen a number for each part, and for an encoder its best epoch: the test
    split alone is unseen.
    """
    lesson.context.progress.report(98, "calibrating")
    truth = np.array(lesson.class_numbers(lesson.val), dtype=np.int64)
    predictor = Predictor(lesson.folder, lesson.trainer.hyperparameters.max_tokens)
    logits = predictor.part_logits([s.text for s in lesson.val])
    scoring = fitted_scoring(logits, truth)
    if lesson.trainer.recipe is Recipe.CASCADE:
        scoring = with_cascade(scoring, logits, truth, lesson.trainer.hyperparameters.seed)
    text = scoring.model_dump_json(indent=2, exclude_none=True) + "\n"
    storage.write_bytes((lesson.folder / SCORING).as_uri(), text.encode())
    right = scoring.answered(logits).argmax(axis=1) == truth
    return {
        "validationAccuracy": decimal_string(float(right.mean())),
        "factors": {part.value: factor for part, factor in scoring.factors.items()},
        "sha256": storage.folder_digest(lesson.folder),
    }
