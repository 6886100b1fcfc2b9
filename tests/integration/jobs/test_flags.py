"""The guide's commands, each by its defaults and by its flags, one after another in one folder.

arXiv answers on loopback, and the hub's cache holds a tiny DistilBERT under the real name.
"""

import json
import logging
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from arxiv_server import arxiv_server, page
from jobs_builders import abstract
from tiny_model import tiny_distilbert_in_the_hub_cache

from pharos_api.jobio import ExitCode
from pharos_jobs.__main__ import main
from pharos_jobs.predicting import Predictor
from pharos_jobs.sources import arxiv
from pharos_jobs.sources.arxiv import Surroundings
from pharos_jobs.standalone.flags import CATEGORIES
from pharos_jobs.steps.collect import ENV_ARXIV_URL
from pharos_serving.loading import ModelSource, compute_checkpoint_hash, load_verified

pytestmark = pytest.mark.timeout(600)
EACH = 60
COLLECTED = "data/processed/arxiv_classification.json"
CLEAN = "data/processed/arxiv_classification_clean.json"
SPLITS = "data/splits/arxiv_classification"
MODEL = "models/classification/arxiv_v1.0.0"


class Desk:
    """A folder in which somebody types the commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tiny_distilbert_in_the_hub_cache(folder / "hf")
        self.env = {**os.environ, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}

    def type(self, *words: str, code: ExitCode = ExitCode.OK) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pharos_jobs", *words],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def read(self, path: str) -> dict:  # type: ignore[type-arg]
        found: dict = json.loads((self.folder / path).read_text())  # type: ignore[type-arg]
        return found


def collect(folder: Path, *flags: str) -> list[dict[str, str]]:
    """Collect in this process, where three seconds between two requests pass at once."""
    pages = [page(name, n * 1000, EACH, EACH) for n, name in enumerate(CATEGORIES)]
    root, mask = logging.getLogger(), os.umask(0o077)
    handlers, level = root.handlers[:], root.level
    with arxiv_server(*pages) as server, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv(ENV_ARXIV_URL, server.url)
        patch.setattr(arxiv, "Surroundings", partial(Surroundings, sleep=lambda _: None))
        assert main(["collect", *flags]) == ExitCode.OK
        asked = server.asked
    os.umask(mask)
    root.handlers[:] = handlers
    root.setLevel(level)
    return asked


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A folder in which the quick start was typed up to its training."""
    made = Desk(tmp_path_factory.mktemp("desk"))
    collect(made.folder)
    made.type("prepare")
    made.type("train")
    return made


@pytest.mark.requirement("COL-5", "COL-13", "COL-14", "COL-17", "DBM-2", "GOL-9")
def test_collect_without_flags_asks_for_ten_categories(desk: Desk) -> None:
    document = desk.read(COLLECTED)
    metadata = document["metadata"]
    assert metadata["num_samples"] == 10 * EACH == len(document["samples"])
    assert (metadata["num_categories"], metadata["source"]) == (10, "arXiv API")
    assert metadata["categories"] == sorted(CATEGORIES)
    assert metadata["created_at"].startswith("20")
    first = document["samples"][0]
    assert first.keys() == {"text", "label", "arxiv_id", "title", "authors", "published"}
    assert first["text"] == f"{first['title']}. {abstract('cs.AI', 0)}"
    assert (first["label"], first["arxiv_id"]) == ("cs.AI", "2202.00000")
    assert (first["authors"], first["published"]) == (["A. Author"], "2022-02-24T15:05:19+00:00")
    assert list((desk.folder / "data" / "raw").glob("*/arxiv/cs.SE/page-00000.json"))


@pytest.mark.requirement("COL-18")
def test_collect_takes_a_number_and_a_file(tmp_path: Path) -> None:
    asked = collect(tmp_path, "--num-papers", "100", "--output", "out/papers.json")
    document = json.loads((tmp_path / "out" / "papers.json").read_text())
    assert document["metadata"]["num_samples"] == 100
    assert [query["search_query"].split()[0] for query in asked] == [
        f"cat:{name}" for name in CATEGORIES
    ]


@pytest.mark.requirement("PRE-20", "PRE-22")
def test_prepare_without_flags_cleans_and_splits(desk: Desk) -> None:
    sizes = {n: len(desk.read(f"{SPLITS}/{n}.json")) for n in ("train", "val", "test")}
    assert sizes == {"train": 480, "val": 60, "test": 60}
    assert desk.read(CLEAN)["metadata"]["num_samples"] == 600


@pytest.mark.requirement("PRE-21")
def test_prepare_takes_files_and_a_number_of_words(desk: Desk) -> None:
    # Every abstract here has sixty words.
    flags = ("--input", COLLECTED, "--output", "other/clean.json", "--splits-dir", "other/splits")
    desk.type("prepare", *flags, "--min-words", "60")
    assert desk.read("other/clean.json")["metadata"]["num_samples"] == 600
    desk.type("prepare", *flags, "--min-words", "61", code=ExitCode.BAD_INPUT)


@pytest.mark.requirement("TRN-3", "TRN-7", "TRN-8", "TRN-23")
def test_train_without_flags_leaves_a_distilbert_of_ten_classes(desk: Desk) -> None:
    assert desk.read(f"{MODEL}/trainer.json")["baseModel"] == "distilbert-base-uncased"
    config = desk.read(f"{MODEL}/config.json")
    assert config["model_type"] == "distilbert"
    assert config["label2id"] == {name: n for n, name in enumerate(sorted(CATEGORIES))}
    found = Predictor(desk.folder / MODEL, 512).probabilities(["robots grasp objects"])
    assert found.shape == (1, 10)
    assert found.sum() == pytest.approx(1)


@pytest.mark.requirement("TRN-24", "TRN-25", "PRF-3")
def test_train_takes_folders_and_settings(desk: Desk) -> None:
    folders = ("--data-dir", SPLITS, "--output-dir", "models/classification/arxiv_v1.0.1")
    settings = ("--epochs", "1", "--batch-size", "8", "--learning-rate", "3e-5", "--fp16")
    desk.type("train", *folders, *settings, "--gradient-checkpointing")
    told = desk.read("models/classification/arxiv_v1.0.1/trainer.json")["hyperparameters"]
    assert (told["epochs"], told["batchSize"], told["learningRate"]) == (1, 8, "3e-5")
    assert (told["precision"], told["gradientCheckpointing"]) == ("FP16", True)


@pytest.mark.requirement("TRN-27", "TRN-28", "TRN-5")
def test_evaluate_writes_its_results_beside_the_model(desk: Desk) -> None:
    flags = ("--model-dir", MODEL, "--test-data", f"{SPLITS}/test.json")
    report = desk.type("evaluate", *flags, code=ExitCode.GATE)
    assert "precision" in report
    results = desk.read(f"{MODEL}/test_results.json")
    assert results["samples"] == 60
    assert 0 <= results["accuracy"] <= 1
    assert set(results["perClass"]) == set(CATEGORIES)


@pytest.mark.requirement("VER-2", "VER-3", "VER-5", "VER-10", "TST-9", "GOL-9")
def test_register_without_flags_makes_a_version_that_serving_loads(desk: Desk) -> None:
    desk.type("evaluate", code=ExitCode.GATE)
    assert desk.type("register").startswith("v1.0.0 in file://")
    folder = desk.folder / "models" / "default" / "arxiv-classifier" / "v1.0.0"
    digest = compute_checkpoint_hash(str(folder / "manifest.json"))
    loaded = load_verified(ModelSource(folder.as_uri(), digest), desk.folder / "cache")
    assert (loaded.manifest.version, loaded.manifest.labels) == ("v1.0.0", sorted(CATEGORIES))
    metadata = json.loads((loaded.folder / "metadata.json").read_text())
    assert metadata["dataset"]["num_samples"] == 600
    results = desk.read(f"{MODEL}/test_results.json")
    assert metadata["metrics"]["test_accuracy"] == pytest.approx(results["accuracy"], abs=1e-4)


def test_where_a_version_was_registered_the_next_training_starts(desk: Desk) -> None:
    """What is stored below ``datasets`` there is no Python package of that name."""
    (desk.folder / "datasets").mkdir(exist_ok=True)
    desk.type("train", "--epochs", "1", "--output-dir", "models/classification/arxiv_v1.0.2")


@pytest.mark.requirement("ERR-9")
def test_an_invalid_sample_is_named(desk: Desk) -> None:
    folder = desk.folder / "broken"
    folder.mkdir()
    for name in ("train", "val", "test"):
        (folder / f"{name}.json").write_text('[{"text": "too short", "label": "a"}]')
    flags = ("--data-dir", str(folder), "--output-dir", "never")
    desk.type("train", *flags, code=ExitCode.BAD_INPUT)
    assert not (desk.folder / "never").exists()
