"""A student from papers to a folder: taught by a linear model, and an encoder alone afterwards."""

import pytest
from jobs_builders import paper, papers
from recipe_run import EXPORTING, run_steps, write_papers
from tiny_model import tiny_bert

from pharos_api.trainingrun import StepName
from pharos_jobs import storage

pytestmark = EXPORTING
TOPICS = ("cs.AI", "cs.RO", "cs.DB")
SETTINGS = {"epochs": 3, "batchSize": 8, "learningRate": "3e-3", "maxTokens": 64, "warmupSteps": 2}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What collect, prepare and train gave with the recipe Distil; one paper has two labels."""
    root = tmp_path_factory.mktemp("distil")
    two = paper("cs.RO", 77, categories=("cs.RO", "cs.AI"))
    source = {"uri": write_papers(root, [*papers(TOPICS, 60), two]), "categories": TOPICS}
    base = tiny_bert(root / "base").as_uri()
    ran = run_steps(
        root,
        (StepName.COLLECT, StepName.PREPARE, StepName.TRAIN),
        trainer={"recipe": "Distil", "baseModel": base, "hyperparameters": SETTINGS},
        data={"source": {"dataset": source}, "minPapersPerClass": 10},
    )
    return ran.outputs


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
