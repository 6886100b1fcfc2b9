"""Every mistake in manifests/bad is refused by a real API server with a sentence of its own."""

import subprocess
from collections.abc import Callable

import helm_chart
import pytest

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]
MANIFESTS = helm_chart.ROOT / "manifests"

SENTENCES = {
    "unknown-field": 'unknown field "spec.qualityGate.minAccuracy"',
    "steps-not-rising": "steps must rise: each percent must be greater than the one before",
    "both-sources": "give exactly one source: arxiv, pubmed, semanticScholar, plugin or dataset",
    "label-asked-for-twice": 'pubmed.queries[1]: Duplicate value: {"label":"Heart"}',
    "window-ends-before-it-starts": "endDate lies before startDate",
    "split-not-100": "train, validation and test must add up to 100, for example 80, 10 and 10",
    "changed-immutable-field": "data is immutable: create a new TrainingRun",
    "search-longer-than-the-run": "search.timeout must be shorter than activeDeadlineSeconds",
    "search-prunes-two-objectives": "a search with two objectives cannot prune: write pruner: None",
    "search-without-encoder": "the recipes Linear and FewShot train none: leave search out",
    "pretraining-without-encoder": "adaptivePretrainingEpochs needs a recipe that fine-tunes an",
    "search-log-from-zero": "a Log scale has no zero: give a min above 0, for example 1e-5",
    "learning-rate-fast": "\"fast\": must be a decimal number in quotes, for example '0.02' or",
    "negative-epochs": "epochs in body should be greater than or equal to 1",
    "version-without-v": '"1.2.0": must be a version vX.Y.Z, for example v1.2.0',
    "candidate-is-control": "candidateRef and controlRef name the same ModelVersion",
    "empty-steps": "spec.steps in body should have at least 1 items",
    "goal-without-target": "give minImprovement (superiority) or margin (non-inferiority)",
    "guardrail-without-limit": "a Guardrail needs a limit: give maxRatio (candidate / control)",
    "both-better-and-not-worse": "minImprovement asks for better, margin for not worse: give one",
    "limit-that-never-fails": "abortAbove of a share must be under 1: it could never be exceeded",
    "limit-that-always-fails": "abortBelow of a share must be at most 1: it would fail whatever",
    "limit-on-the-better-side": "abortBelow says nothing of an error rate or a latency",
    "ratio-under-one": "maxRatio under 1 would fail an equal candidate: write 1 or more",
    "query-missing": "give a query for a metric of your own, and none for a built-in one",
    "query-without-direction": "say which direction of your own metric is better",
    "labels-of-an-unknown-metric": "source Labels knows accuracy and satisfaction",
    "slices-without-labels": "slices need source Labels and a margin",
    "margin-without-users": "minImprovement and margin need values of single users",
    "step-over-half": "a step is at most 50 percent, because the control arm is as large",
    "alpha-above-half": "alpha is the share of wrong decisions you accept: greater than 0",
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
