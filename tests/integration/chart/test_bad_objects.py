"""Ten mistakes are refused by a real API server, each with a sentence that says what is wrong."""

import subprocess
from collections.abc import Callable

import helm_chart
import pytest

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]
MANIFESTS = helm_chart.ROOT / "manifests"

SENTENCES = {
    "unknown-field": 'unknown field "spec.qualityGate.minAccuracy"',
    "steps-not-rising": "steps must rise: each percent must be greater than the one before",
    "both-sources": "give exactly one source: arxiv or dataset",
    "split-not-100": "train, validation and test must add up to 100, for example 80, 10 and 10",
    "changed-immutable-field": "data is immutable: create a new TrainingRun",
    "learning-rate-fast": "\"fast\": must be a decimal number in quotes, for example '0.02' or",
    "negative-epochs": "epochs in body should be greater than or equal to 1",
    "version-without-v": '"1.2.0": must be a version vX.Y.Z, for example v1.2.0',
    "candidate-is-control": "candidateRef and controlRef name the same ModelVersion",
    "empty-steps": "spec.steps in body should have at least 1 items",
}


@pytest.mark.parametrize(("name", "sentence"), SENTENCES.items(), ids=SENTENCES)
@pytest.mark.usefixtures("crds")
def test_a_bad_object_is_refused_with_a_sentence(
    name: str, sentence: str, kubectl: Kubectl, namespace: str
) -> None:
    path = str(MANIFESTS / "bad" / f"{name}.yaml")
    refused = kubectl("apply", "-n", namespace, "-f", path)
    assert refused.returncode == 1
    assert sentence in refused.stderr


def test_every_bad_object_has_its_sentence_and_the_page_shows_it() -> None:
    assert {path.stem for path in (MANIFESTS / "bad").glob("*.yaml")} == set(SENTENCES)
    page = (helm_chart.ROOT / "docs" / "administrator" / "install.md").read_text()
    assert not [name for name, sentence in SENTENCES.items() if sentence not in page]


@pytest.mark.usefixtures("crds")
def test_the_samples_are_taken(kubectl: Kubectl, namespace: str) -> None:
    path = str(MANIFESTS / "samples")
    taken = kubectl("apply", "--dry-run=server", "-n", namespace, "-f", path)
    assert taken.returncode == 0, taken.stderr
