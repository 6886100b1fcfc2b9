"""Blend and Cascade: a fine-tuned encoder and a linear model in one folder.

How the two are pooled, and whether the encoder is always asked, is decided when the model is
calibrated.
"""

import os
from typing import Any

from pharos_jobs.launching import is_first
from pharos_jobs.recipes import fine_tune, linear
from pharos_jobs.recipes.port import Lesson


def train(lesson: Lesson) -> dict[str, Any]:
    """The encoder's facts, and the linear model's under their own key."""
    facts = fine_tune.train(lesson)
    return facts | {"linear": linear.add_part(lesson)} if is_first(os.environ) else facts
