"""Asks the version in production for the texts that a new model was tested on.

Loads one model at a time: the new one has answered before. What production cannot be asked for is a
warning, and no reason to lose a trained model.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pharos_api.artifacts import LABEL_MAP, MANIFEST, Manifest
from pharos_api.jobio import StepInput
from pharos_api.names import version_object_name
from pharos_jobs import storage
from pharos_jobs.core.comparing import (
    Compared,
    Right,
    asked_places,
    evaluate_improvement,
    sets_of_test,
)
from pharos_jobs.core.papers import Sample
from pharos_jobs.predicting import Predictor

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, by the set's name, and why something was not."""

    sets: Mapping[str, Compared] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tested:
    """The test split, and which of its texts the new model got right, shape (samples,)."""

    samples: Sequence[Sample]
    right: Right


def compared_with_production(
    step_input: StepInput, card: Mapping[str, Any], new: Tested, work_dir: Path
) -> Comparison:
    """Both models on the sets of the test split; nothing where no data set is extended."""
    sets = sets_of_test(card, len(new.samples))
    if not sets or not step_input.parent:
        return Comparison()
    uri = production_uri(step_input)
    if uri is None:
        return _nothing(f"{step_input.parent} is not among the versions in the store")
    folder = storage.download_folder(uri, work_dir / "production")
    labels = storage.read_json((folder / LABEL_MAP).as_uri())["label_to_id"]
    if set(labels) != set(card["labels"]):
        return _nothing(f"{step_input.parent} answers with other labels")
    places = asked_places(sets)
    production = _right(folder, labels, [new.samples[p] for p in places])
    known = dict(zip(places, production, strict=True))
    found = {name: _compared(part, known, new.right) for name, part in sets.items()}
    return Comparison({name: each for name, each in found.items() if each is not None})


def production_uri(step_input: StepInput) -> str | None:
    """Where the version lies that the run would follow; ``parent`` names its object or itself."""
    for version in storage.names(step_input.model_uri):
        named = (version, version_object_name(step_input.model, version))
        uri = f"{step_input.model_uri}/{version}"
        if step_input.parent in named and storage.exists(f"{uri}/{MANIFEST}"):
            return uri
    return None


def _right(folder: Path, labels: Mapping[str, int], samples: Sequence[Sample]) -> list[bool]:
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    predictor = Predictor(folder, manifest.max_tokens)
    answers = predictor.probabilities([s.text for s in samples]).argmax(axis=1)
    truth = np.array([int(labels[s.label]) for s in samples])
    return [bool(each) for each in answers == truth]


def _compared(part: range, production: Mapping[int, bool], new: Right) -> Compared | None:
    places = [place for place in part if place in production]
    old = np.array([production[place] for place in places], dtype=np.bool_)
    return evaluate_improvement(old, new[places])


def _nothing(why: str) -> Comparison:
    sentence = f"The new model was not compared with production: {why}."
    _log.warning(sentence)
    return Comparison(warnings=[sentence])
