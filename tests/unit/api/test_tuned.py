"""What the steps after a search train with."""

import json

import pytest
from pydantic import ValidationError

from pharos_api.jobio import tuned
from pharos_api.search import DecimalRange, Scale, Search
from pharos_api.trainer import Trainer
from pharos_api.trainingrun import TrainingRunSpec

TRAINER = Trainer.model_validate({"hyperparameters": {"epochs": 3, "maxTokens": 64}})
FOUND = json.dumps({"learningRate": "2.346e-05", "epochs": 5})


def test_what_a_search_found_goes_over_the_spec_and_the_rest_stays() -> None:
    given = tuned(TRAINER, {"hyperparameters": FOUND}).hyperparameters
    assert (given.learning_rate, given.epochs, given.max_tokens) == ("2.346e-05", 5, 64)


def test_without_a_search_nothing_changes() -> None:
    assert tuned(TRAINER, {"datasetUri": "file:///d"}) == TRAINER


IMPOSSIBLE = {
    "more pods than trials": ({"trials": 2, "parallelism": 3}, "parallelism must not exceed"),
    "two objectives that prune": ({"objectives": ["Accuracy", "Latency"]}, "pruner: None"),
    "latency alone": ({"objectives": ["Latency"]}, r"objectives must be \[Accuracy\]"),
    "twice the same": (
        {"objectives": ["Accuracy", "Accuracy"], "pruner": "None"},
        r"objectives must be \[Accuracy\]",
    ),
}


@pytest.mark.parametrize(("search", "sentence"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_search_that_cannot_be(search: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Search.model_validate(search)


def test_ranges_rise_and_have_no_zero_on_a_log_scale() -> None:
    with pytest.raises(ValidationError, match="min must not be greater"):
        DecimalRange(min="2", max="1")
    with pytest.raises(ValidationError, match="no zero"):
        DecimalRange(min="0", max="1", scale=Scale.LOG)


RUNS = {
    "a search that outlasts its run": ({"search": {"timeout": "8h"}}, "must be shorter"),
    "a search for a recipe without an encoder": (
        {"search": {"timeout": "1h"}, "trainer": {"recipe": "Linear"}},
        "recipes Linear and FewShot train none",
    ),
    "a search for a recipe that trains no encoder": (
        {"search": {"timeout": "1h"}, "trainer": {"recipe": "FewShot"}},
        "recipes Linear and FewShot train none",
    ),
}


@pytest.mark.parametrize(("fields", "sentence"), RUNS.values(), ids=RUNS)
def test_a_run_that_cannot_search(fields: dict[str, object], sentence: str) -> None:
    data = {"source": {"dataset": {"uri": "file:///d"}}}
    with pytest.raises(ValidationError, match=sentence):
        TrainingRunSpec.model_validate({"modelRef": {"name": "m"}, "data": data, **fields})


@pytest.mark.parametrize("recipe", ["Linear", "FewShot"])
def test_a_recipe_that_trains_no_encoder_pre_trains_none(recipe: str) -> None:
    asked = {"recipe": recipe, "hyperparameters": {"adaptivePretrainingEpochs": 1}}
    with pytest.raises(
        ValidationError, match=f"needs a recipe that fine-tunes .*{recipe} does not"
    ):
        Trainer.model_validate(asked)
