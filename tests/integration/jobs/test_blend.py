"""A blend from papers to a server: an encoder and a linear model in one artifact."""

from pathlib import Path

import pytest
from jobs_builders import papers
from recipe_run import EXPORTING, WHOLE, answers, run_steps, write_papers
from tiny_model import tiny_bert

from pharos_jobs import storage

pytestmark = EXPORTING
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
    uri = write_papers(root, papers(TOPICS, 60))
    base = tiny_bert(root / "base").as_uri()
    ran = run_steps(
        root,
        WHOLE,
        trainer={"recipe": "Blend", "baseModel": base, "hyperparameters": SETTINGS},
        gate=GATE,
        data={"source": {"dataset": {"uri": uri}}, "minPapersPerClass": 10},
    )
    return ran.outputs


@pytest.mark.requirement("FUT-7")
def test_the_artifact_holds_both_parts_and_a_factor_for_each(outputs: dict[str, str]) -> None:
    names = set(storage.names(outputs["modelUri"]))
    assert {"model.onnx", "tokenizer.json", "linear.safetensors", "scoring.json"} <= names
    scoring = storage.read_json(f"{outputs['modelUri']}/scoring.json")
    assert set(scoring["factors"]) == {"encoder", "linear"}


@pytest.mark.requirement("FUT-7")
def test_a_server_answers_as_the_evaluation_did(outputs: dict[str, str], tmp_path: Path) -> None:
    references, given = answers(outputs, tmp_path)
    assert [answer.label for answer in given] == [reference.label for reference in references]
