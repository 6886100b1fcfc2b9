"""Linear: words and word pairs, and a linear SVM for each class. Seconds on one core.

Where there are a few thousand texts it is hard to beat, and what beats it has to pay for itself.
"""

from time import perf_counter
from typing import Any

from safetensors.numpy import save_file

from pharos_api.artifacts import CONFIG, LINEAR
from pharos_api.versioning import LINEAR_ARCHITECTURE
from pharos_jobs import storage
from pharos_jobs.core.linear_fit import fit_linear, one_label_each, with_related
from pharos_jobs.recipes.model_files import write_label_map
from pharos_jobs.recipes.port import Lesson


def train(lesson: Lesson) -> dict[str, Any]:
    """A model that is linear alone: its part, its configuration and its label map."""
    facts = add_part(lesson)
    write_label_map(lesson.label_to_id, lesson.folder)
    storage.write_json((lesson.folder / CONFIG).as_uri(), {"model_type": LINEAR_ARCHITECTURE})
    return facts


def add_part(lesson: Lesson) -> dict[str, Any]:
    """Fit a linear model and write ``linear.safetensors`` beside what else the folder holds."""
    started_s = perf_counter()
    lesson.context.progress.report(10, f"fitting a linear model to {len(lesson.train)} texts")
    settings = lesson.trainer.hyperparameters
    numbers = lesson.class_numbers(lesson.train)
    labelled = one_label_each([s.text for s in lesson.train], numbers, len(lesson.labels))
    related = lesson.related
    labelled = with_related(labelled, [s.text for s in related], lesson.related_numbers())
    model = fit_linear(labelled, float(settings.regularisation), settings.seed)
    save_file(model.arrays(), lesson.folder / LINEAR)
    seconds = perf_counter() - started_s
    return {
        "relatedSamples": len(related),
        "ngrams": len(model.vocabulary.keys),
        "trainSeconds": f"{seconds:.1f}",
        "samplesPerSecond": f"{len(lesson.train) / seconds:.1f}",
        "microBatch": len(lesson.train),
        "memoryRanOut": [],
    }
