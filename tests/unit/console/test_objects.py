"""What the demonstration applies is what the API server accepts."""

from pathlib import Path

import pytest

from pharos_api import names
from pharos_api.abexperiment import ABExperimentSpec
from pharos_api.model import Model
from pharos_api.trainingrun import TrainingRun
from pharos_console.demo import objects
from pharos_console.demo.ingredients import (
    ARXIV_LABELS,
    NEWS_LABELS,
    PACKAGED_CORPUS,
    PACKAGED_MODEL,
    Ingredients,
)
from pharos_console.upload import Stored

STORED = Stored("file:///artifacts/uploads/ab.jsonl.gz", "ab" * 32)
LIVE = Ingredients(ARXIV_LABELS, PACKAGED_MODEL, "live", "packaged")
NEWS = Ingredients(NEWS_LABELS, PACKAGED_MODEL, "news", "packaged", uri=PACKAGED_CORPUS)
FILE = Ingredients(ARXIV_LABELS, PACKAGED_MODEL, "file", "packaged", file=Path("papers.jsonl.gz"))
RUNGS = {"live arXiv": (LIVE, None), "packaged news": (NEWS, None), "a file": (FILE, STORED)}


def run(found: Ingredients, stored: Stored | None, fault: str = "") -> TrainingRun:
    manifest = objects.training_run("demo-first", found, stored, objects.FIRST, fault)
    return TrainingRun.model_validate(manifest)


@pytest.mark.parametrize(("found", "stored"), RUNGS.values(), ids=RUNGS.keys())
def test_every_rung_makes_a_valid_model_and_run(found: Ingredients, stored: Stored | None) -> None:
    model = Model.model_validate(objects.model(found))
    made = run(found, stored)
    assert model.spec.labels == found.labels
    assert made.spec.model_ref.name == model.metadata.name
    assert made.spec.trainer.base_model == PACKAGED_MODEL


def test_live_papers_are_collected_by_the_job_itself() -> None:
    source = run(LIVE, None).spec.data.source
    assert source.dataset is None
    assert source.arxiv is not None
    assert source.arxiv.categories == ARXIV_LABELS


def test_news_are_read_from_the_package() -> None:
    source = run(NEWS, None).spec.data.source
    assert source.dataset is not None
    assert (source.dataset.uri, source.dataset.sha256) == (PACKAGED_CORPUS, None)
    assert source.dataset.papers_per_category == objects.FIRST.papers_per_category


def test_an_uploaded_file_is_named_with_its_digest() -> None:
    source = run(FILE, STORED).spec.data.source
    assert source.dataset is not None
    assert (source.dataset.uri, source.dataset.sha256) == (STORED.uri, STORED.sha256)


def test_a_fault_is_an_annotation_and_nothing_else() -> None:
    healthy, broken = run(NEWS, None), run(NEWS, None, "error:0.3")
    assert broken.metadata.annotations == {names.ANNOTATION_FAULT: "error:0.3"}
    assert healthy.metadata.annotations == {}
    assert broken.spec == healthy.spec


def test_the_steps_are_those_of_a_valid_experiment() -> None:
    made = ABExperimentSpec.model_validate(
        {"modelRef": {"name": "m"}, "candidateRef": {"name": "c"}, "steps": objects.STEPS}
    )
    assert [step.percent for step in made.steps] == [10, 25, 50]
