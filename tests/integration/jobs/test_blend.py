"""A blend from papers to a server: an encoder and a linear model in one artifact."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jobs_builders import papers, step_input
from pydantic import SecretStr
from tiny_model import tiny_bert

from pharos_api.artifacts import ReferenceAnswer
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_serving.assembling import build_classifier
from pharos_serving.loading import ModelSource, load_verified
from pharos_serving.settings import Settings

# The export to ONNX alone takes seconds on a free machine, a minute on a crowded one.
# A step is a process of its own elsewhere: what torch's exporter warns of does not reach the tests.
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:::torch"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
TOPICS = ("cs.AI", "cs.RO", "cs.DB")
SETTINGS = {"epochs": 1, "batchSize": 8, "learningRate": "3e-3", "maxTokens": 64, "warmupSteps": 2}
GATE = {
    "minValidationAccuracy": "0.5",
    "minTestAccuracy": "0.5",
    "minMacroF1": "0.5",
    "mustBeatBaseline": False,
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the five steps of a run with the recipe Blend gave."""
    root = tmp_path_factory.mktemp("blend")
    rows = (json.dumps(p.to_json()) for p in papers(TOPICS, 60))
    (root / "papers.jsonl").write_text("\n".join(rows))
    base = tiny_bert(root / "base")
    fields: dict[str, Any] = {
        "trainer": {"recipe": "Blend", "baseModel": base.as_uri(), "hyperparameters": SETTINGS},
        "gate": GATE,
        "data": {
            "source": {"dataset": {"uri": (root / "papers.jsonl").as_uri()}},
            "minPapersPerClass": 10,
        },
    }
    found: dict[str, str] = {}
    for step in (s for s in StepName if s is not StepName.SEARCH):
        (root / step.value).mkdir()
        module = import_module(f"pharos_jobs.steps.{step.value}")
        context = StepContext(root / step.value)
        found |= module.run(step_input(root, step, inputs=found, **fields), context).outputs
    return found


@pytest.mark.requirement("FUT-7")
def test_the_artifact_holds_both_parts_and_a_factor_for_each(outputs: dict[str, str]) -> None:
    names = set(storage.names(outputs["modelUri"]))
    assert {"model.onnx", "tokenizer.json", "linear.safetensors", "scoring.json"} <= names
    scoring = storage.read_json(f"{outputs['modelUri']}/scoring.json")
    assert set(scoring["factors"]) == {"encoder", "linear"}


@pytest.mark.requirement("FUT-7")
def test_a_server_answers_as_the_evaluation_did(outputs: dict[str, str], tmp_path: Path) -> None:
    model = load_verified(ModelSource(outputs["modelUri"], outputs["modelSha256"]), tmp_path)
    settings = Settings(
        model_name="topics",
        user_hash_key=SecretStr("key"),
        model_version=model.manifest.version,
        model_uri=outputs["modelUri"],
        model_sha256=outputs["modelSha256"],
        cache_dir=tmp_path,
    )
    lines = storage.read_bytes(f"{outputs['modelUri']}/reference_answers.jsonl").splitlines()
    references = [ReferenceAnswer.model_validate_json(line) for line in lines]
    given = build_classifier(model, settings).predict_batch([r.text for r in references])
    assert [answer.label for answer in given] == [reference.label for reference in references]
