"""The linear recipe from papers to labels: five steps, a server, and a file of questions."""

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jobs_builders import abstract, paper, papers
from recipe_run import WHOLE, Ran, answers, run_steps, write_papers

from pharos_api.artifacts import Manifest
from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.errors import Terminal
from pharos_jobs.predict_file import predict_file

TOPICS = ("cs.AI", "cs.RO", "cs.DB")
GATE = {
    "minValidationAccuracy": "0.5",
    "minTestAccuracy": "0.5",
    "minMacroF1": "0.5",
    "mustBeatBaseline": False,
}


@dataclass(frozen=True)
class Registered:
    folder: Path
    ran: Ran
    training: dict[str, Any]


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """Papers of three topics, taken through the five steps of a run."""
    root = tmp_path_factory.mktemp("linear")
    two = paper("cs.RO", 77, categories=("cs.RO", "cs.AI"))
    uri = write_papers(root, [*papers(TOPICS, 60), two])
    ran = run_steps(
        root,
        WHOLE,
        trainer={"recipe": "Linear"},
        gate=GATE,
        data={
            "source": {"dataset": {"uri": uri, "categories": TOPICS}},
            "minPapersPerClass": 10,
        },
    )
    record = storage.read_json(f"{ran.outputs['checkpointUri']}/training.json")
    folder = storage.local_path(ran.outputs["modelUri"])
    assert folder is not None
    return Registered(folder, ran, record)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    rows = [
        {"n": 1, "title": "On robots", "abstract": abstract("cs.RO", 901), "label": "cs.LG"},
        {"title": "On tables", "abstract": abstract("cs.DB", 902), "year": 2026},
        {"text": abstract("cs.AI", 903)},
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    return file


def test_the_version_holds_the_linear_part_and_no_encoder(registered: Registered) -> None:
    manifest = Manifest.model_validate_json((registered.folder / "manifest.json").read_bytes())
    names = {file.path for file in manifest.files}
    assert {"linear.safetensors", "scoring.json", "label_map.json"} <= names
    assert not names & {"model.onnx", "model.safetensors", "tokenizer.json"}


def test_a_paper_of_two_of_the_labels_is_learnt_from_too(registered: Registered) -> None:
    assert registered.training["relatedSamples"] == 1


def test_evaluation_measures_calibration(registered: Registered) -> None:
    assert float(registered.ran.metrics["testAccuracy"]) > 0.8
    assert float(registered.ran.metrics["calibrationError"]) < 0.2
    results = json.loads((registered.folder / "test_results.json").read_text())
    assert sum(each["samples"] for each in results["reliability"]) == results["samples"]


def test_a_server_answers_as_the_evaluation_did(registered: Registered, tmp_path: Path) -> None:
    references, given = answers(registered.ran.outputs, tmp_path / "cache")
    for reference, answer in zip(references, given, strict=True):
        assert answer.scores == pytest.approx(reference.scores, abs=1e-5)


def test_rows_keep_order_and_fields_and_get_label_and_scores(
    registered: Registered, questions: Path, tmp_path: Path
) -> None:
    target = tmp_path / "answers.jsonl"
    assert predict_file(registered.folder, questions, target) == 3
    first, second, third = (json.loads(line) for line in target.read_text().splitlines())
    assert [row["label"] for row in (first, second, third)] == ["cs.RO", "cs.DB", "cs.AI"]
    assert (first["n"], first["givenLabel"], second["year"]) == (1, "cs.LG", 2026)
    assert first["confidence"] == max(first["scores"].values())
    assert sum(first["scores"].values()) == pytest.approx(1, abs=1e-5)


BAD = {
    "a line that is no JSON": ("{", "line 4: no JSON"),
    "a line that is no object": ("[1]", "line 4: no JSON object"),
    "a row without text": ('{"id": 1}', "line 4: neither title nor abstract nor text"),
    "an abstract that is a number": ('{"abstract": 5}', "line 4: abstract is int, no string"),
}


@pytest.mark.parametrize(("line", "sentence"), BAD.values(), ids=BAD)
def test_one_bad_row_is_told_with_its_line_and_nothing_is_written(
    registered: Registered, questions: Path, line: str, sentence: str
) -> None:
    questions.write_text(questions.read_text().rstrip("\n") + f"\n{line}\n")
    target = questions.with_name("answers.jsonl")
    with pytest.raises(Terminal, match=sentence) as refused:
        predict_file(registered.folder, questions, target)
    assert refused.value.reason is FailureReason.SOURCE_UNREADABLE
    assert not target.exists()


def test_a_model_that_was_changed_is_refused(
    registered: Registered, questions: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in registered.folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "scoring.json").write_text('{"factors": {"linear": 9}}')
    with pytest.raises(Terminal, match=r"scoring\.json was changed"):
        predict_file(copy, questions, tmp_path / "answers.jsonl")


def test_a_folder_without_manifest_is_refused(questions: Path, tmp_path: Path) -> None:
    with pytest.raises(Terminal, match=r"the one that holds manifest\.json"):
        predict_file(tmp_path, questions, tmp_path / "answers.jsonl")


def test_the_command_line_tells_bad_input_by_its_exit_code(
    registered: Registered, questions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = import_module("pharos_jobs.__main__").main
    target = questions.with_name("answers.jsonl")
    command = ["predict", "--model", str(registered.folder), "--output", str(target), "--input"]
    assert main([*command, str(questions)]) == 0
    assert main([*command, str(questions.with_name("none.jsonl"))]) == 65
    assert "There is no file" in capsys.readouterr().err
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(rows) == 3
