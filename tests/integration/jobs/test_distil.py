"""A student from papers to a folder: taught by a linear model, and an encoder alone afterwards."""

import json
from importlib import import_module
from typing import Any

import pytest
from jobs_builders import paper, papers, step_input
from tiny_model import tiny_bert

from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext

# As in test_blend: the export takes its time, and torch's exporter speaks of its own future.
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:::torch"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
TOPICS = ("cs.AI", "cs.RO", "cs.DB")
SETTINGS = {"epochs": 3, "batchSize": 8, "learningRate": "3e-3", "maxTokens": 64, "warmupSteps": 2}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What collect, prepare and train gave with the recipe Distil; one paper has two labels."""
    root = tmp_path_factory.mktemp("distil")
    found = [*papers(TOPICS, 60), paper("cs.RO", 77, categories=("cs.RO", "cs.AI"))]
    (root / "papers.jsonl").write_text("\n".join(json.dumps(p.to_json()) for p in found))
    source = {"uri": (root / "papers.jsonl").as_uri(), "categories": TOPICS}
    base = tiny_bert(root / "base").as_uri()
    fields: dict[str, Any] = {
        "trainer": {"recipe": "Distil", "baseModel": base, "hyperparameters": SETTINGS},
        "data": {"source": {"dataset": source}, "minPapersPerClass": 10},
    }
    given: dict[str, str] = {}
    for step in (StepName.COLLECT, StepName.PREPARE, StepName.TRAIN):
        (root / step.value).mkdir()
        module = import_module(f"pharos_jobs.steps.{step.value}")
        context = StepContext(root / step.value)
        given |= module.run(step_input(root, step, inputs=given, **fields), context).outputs
    return given


def test_the_student_learns_and_the_related_paper_is_among_its_texts(
    outputs: dict[str, str],
) -> None:
    record = storage.read_json(f"{outputs['checkpointUri']}/training.json")
    assert float(record["validationAccuracy"]) > 0.6
    assert record["relatedSamples"] == 1
    # 80 % of 180 papers and the related one, 8 a step.
    assert record["steps"] == 3 * 19


def test_the_student_stands_alone(outputs: dict[str, str]) -> None:
    names = set(storage.names(outputs["checkpointUri"]))
    assert {"model.onnx", "tokenizer.json", "scoring.json", "engines.json"} <= names
    assert "linear.safetensors" not in names
