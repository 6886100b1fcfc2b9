"""A Model of its own on the cluster under test, whose candidates are brought out by experiments.

Only applies objects, sends traffic and waits: what becomes of a candidate is the operator's word.
"""

import gzip
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pharos_api import names
from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import API_VERSION
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.trainer import Recipe
from pharos_api.trainingrun import TrainingRun, TrainingRunPhase
from pharos_console.cluster import Cluster
from pharos_console.demo import objects
from pharos_console.demo.ingredients import Ingredients
from pharos_console.demo.objects import Size
from pharos_console.demo.traffic import Traffic
from pharos_console.load.gateway import gateway_url
from pharos_console.load.generator import Plan
from pharos_console.load.texts import Text, packaged_texts
from pharos_console.upload import Stored, push

MODEL = "proof"
RATE_PER_S = 15.0
USERS = 400
# Whatever a training brings: here the experiment alone is to find out.
NO_GATE = {
    "minValidationAccuracy": "0.00",
    "minTestAccuracy": "0.00",
    "minMacroF1": "0.00",
    "mustBeatBaseline": False,
}
ERRORS = {"name": "error-rate", "role": "Guardrail", "maxRatio": "1.5", "abortAbove": "0.10"}
# Labels of this ground are true and come at once: ten seconds are ripe.
QUICK_LABELS = {"maturity": "10s", "minCoveragePercent": 50}


def wait_for(what: str, look: Callable[[], bool], timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not look():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {timeout_s:.0f} s")
        threading.Event().wait(0.2)


def leader(kubectl) -> str:
    lease = kubectl.json("get", "lease", "pharos-operator")
    return lease["spec"]["holderIdentity"].split("_")[0]


def kill_leader(kubectl) -> str:
    """SIGKILL: no lease is released, the standby has to notice."""
    pod = leader(kubectl)
    kubectl("delete", "pod", pod, "--grace-period=0", "--force")
    return pod


def shuffled(texts: list[Text], seed: int, share: float = 1.0) -> list[Text]:
    """The same texts, a ``share`` of them with each other's labels: all tell nothing, some less."""
    mixed = int(share * len(texts))
    labels = [text.label for text in texts[:mixed]]
    random.Random(seed).shuffle(labels)
    labels += [text.label for text in texts[mixed:]]
    return [Text(text.text, label) for text, label in zip(texts, labels, strict=True)]


def upload(cluster: Cluster, texts: list[Text], folder: Path, feed: str = "") -> Stored:
    """Labelled texts as a data set in the artifact store, or as the feed of that name."""
    file = folder / "texts.jsonl.gz"
    with gzip.open(file, "wt") as lines:
        for number, text in enumerate(texts):
            row = {"arxiv_id": str(number), "text": text.text, "label": text.label}
            lines.write(json.dumps(row) + "\n")
    return push(cluster, file, feed)


@dataclass(frozen=True, slots=True)
class Proving:
    """The Model ``proof`` and what is done to it."""

    cluster: Cluster
    ingredients: Ingredients

    def apply_model(self) -> None:
        """Nothing is promoted but by an experiment that a test applies."""
        manifest = objects.model(self.ingredients)
        manifest["metadata"]["name"] = MODEL
        manifest["spec"] |= {
            "qualityGate": NO_GATE,
            "promotion": {"strategy": "Manual", "auto": False},
        }
        manifest["spec"]["serving"]["resources"]["requests"]["cpu"] = "100m"
        self.cluster.apply(manifest)

    def begin_training(self, name: str, size: Size, stored: Stored | None = None) -> None:
        """Apply a TrainingRun whose version belongs to this Model: linear, trained in a second."""
        manifest = objects.training_run(name, self.ingredients, stored, size)
        manifest["spec"]["modelRef"]["name"] = MODEL
        manifest["spec"]["trainer"]["recipe"] = Recipe.LINEAR
        self.cluster.apply(manifest)

    def trained(self, name: str) -> str:
        """Wait for the run's version; the name of the ModelVersion."""

        def ended() -> bool:
            phase = self.cluster.get(TrainingRun, name).status.phase
            assert phase is not TrainingRunPhase.FAILED, self.cluster.get(TrainingRun, name).status
            return phase is TrainingRunPhase.SUCCEEDED

        wait_for(name, ended, 600)
        version = self.cluster.get(TrainingRun, name).status.version
        return names.version_object_name(MODEL, version)

    def bring_in(self, trained: str, version: str, fault: str = "") -> str:
        """Import an artifact of this Model under another version, perhaps with a fault."""
        spec = self.cluster.get(ModelVersion, trained).spec
        name = names.version_object_name(MODEL, version)
        self.cluster.apply(
            {
                "apiVersion": API_VERSION,
                "kind": "ModelVersion",
                "metadata": {"name": name, "annotations": {names.ANNOTATION_FAULT: fault}},
                "spec": spec.model_copy(update={"version": version}).to_json(),
            }
        )
        return name

    def production(self) -> str:
        """The version that every gateway serves; empty while they still follow."""
        status = self.cluster.get(Model, MODEL).status
        route = status.route
        settled = route.verified_revision == route.revision and route.experiment is None
        return status.production.name if status.production and settled else ""

    def quarantined(self) -> list[str]:
        return [one.version for one in self.cluster.get(Model, MODEL).status.quarantine]

    def start(self, name: str, candidate: str, spec: dict) -> None:
        """Apply an experiment."""
        decision = {"minRequests": 50, "onInconclusive": "Rollback", "maxDuration": "30m"}
        given = spec.get("decision", {})
        self.cluster.apply(
            {
                "apiVersion": API_VERSION,
                "kind": "ABExperiment",
                "metadata": {"name": name},
                "spec": {"modelRef": {"name": MODEL}, "candidateRef": {"name": candidate}}
                | spec
                | {"decision": decision | {"labels": QUICK_LABELS} | given},
            }
        )

    def ended(self, name: str, timeout_s: float = 300) -> ABExperiment:
        """Wait for the end of an experiment, and until the gateways have followed."""
        wait_for(name, lambda: self.experiment(name).status.phase.finished, timeout_s)
        wait_for(f"the gateways after {name}", lambda: bool(self.production()), 60)
        return self.experiment(name)

    def exposed(self, name: str) -> bool:
        """Whether users meet the candidate."""
        return self.experiment(name).status.exposure > 0

    def experiment(self, name: str) -> ABExperiment:
        return self.cluster.get(ABExperiment, name)

    @contextmanager
    def traffic(self, feedback: float = 1.0) -> Iterator[Traffic]:
        """Users of the Model; ``feedback`` of their answers get the true label."""
        url = f"{gateway_url(self.cluster)}/models/{self.cluster.namespace}/{MODEL}"
        plan = Plan(url, RATE_PER_S, None, users=USERS, feedback_share=feedback)
        sent = Traffic(plan, packaged_texts(3, 1000))
        sent.start()
        try:
            yield sent
        finally:
            sent.stop()
