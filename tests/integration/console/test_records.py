"""Explain, replay and report against a real API server, on records as the operator writes them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from explain_cases import recorded
from kubernetes import client
from render_cases import EVIDENCE

from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import API_VERSION
from pharos_api.model import Model
from pharos_console.cluster import Cluster
from pharos_operator.render.evidence import evidence_map

Pharos = Callable[..., Any]
SPEC = {
    "modelRef": {"name": "news"},
    "candidateRef": {"name": "news-v1-1-0"},
    "metrics": [{"name": "accuracy", "role": "Goal", "source": "Labels", "minImprovement": "0.02"}],
}
STATUS = {
    "phase": "Succeeded",
    "verdict": "Promote",
    "reason": "every goal is reached",
    "controlVersion": "v1.0.0",
    "candidateVersion": "v1.1.0",
}


@pytest.fixture
def move(cluster: Cluster) -> ABExperiment:
    """An experiment that was promoted, and two records of it."""
    manifest = {"apiVersion": API_VERSION, "kind": "ABExperiment", "metadata": {"name": "move"}}
    cluster.apply(manifest | {"spec": SPEC})
    noted = [
        {"name": f"move-{number:02d}-{decision.lower()}", "decision": decision}
        for number, decision in ((1, "Step"), (2, "Promote"), (3, "Lost"))
    ]
    cluster.patch_status(ABExperiment, "move", STATUS | {"evidence": noted})
    found = cluster.get(ABExperiment, "move")
    for one in noted[:2]:
        write(cluster, found, one["name"], recorded(one["decision"]))
    return found


def write(
    cluster: Cluster, owner: ABExperiment | Model, name: str, document: dict[str, Any]
) -> dict[str, Any]:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    body = evidence_map(replace(EVIDENCE, name=name, document=text), owner)
    client.CoreV1Api().create_namespaced_config_map(cluster.namespace, body)
    return body


@pytest.mark.usefixtures("move")
def test_explain_names_the_records_and_the_one_that_is_missing(pharos: Pharos) -> None:
    told = pharos("explain", "move")
    assert (told.code, told.complained) == (0, "")
    assert "v1.1.0 was promoted: every goal is reached." in told.said
    assert "  move-02-promote: Promote\n" in told.said
    assert "  move-03-lost: Lost; its ConfigMap is not there (yet)\n" in told.said


@pytest.mark.usefixtures("move")
def test_every_record_is_judged_again_and_agrees(pharos: Pharos) -> None:
    told = pharos("replay", "move")
    assert (told.code, told.complained) == (0, "")
    lines = told.said.splitlines()
    assert [line.split(":")[0] for line in lines] == ["move-01-step", "move-02-promote"]
    assert all(": same verdict: " in line for line in lines)


def test_a_record_that_somebody_altered_is_found_out(
    cluster: Cluster, move: ABExperiment, pharos: Pharos
) -> None:
    forged = recorded()
    forged["judgement"]["ruling"] = "Harm"
    write(cluster, move, "move-04-rollback", forged)
    told = pharos("replay", "move")
    assert told.code == 1
    assert "move-04-rollback: another verdict" in told.said
    assert pharos("replay", "move", "--evidence", "move-02-promote").code == 0


def test_a_record_cannot_be_changed(cluster: Cluster, move: ABExperiment) -> None:
    core = client.CoreV1Api()
    with pytest.raises(client.ApiException) as refused:
        core.patch_namespaced_config_map(
            f"{move.status.evidence[0].name}", cluster.namespace, {"data": {"evidence.json": "{}"}}
        )
    assert refused.value.status == 422
    assert "immutable" in str(refused.value.body)


def test_records_of_a_deleted_namesake_are_not_taken_for_its_own(
    cluster: Cluster, move: ABExperiment, pharos: Pharos
) -> None:
    before = move.model_copy(update={"metadata": move.metadata.model_copy(update={"uid": "gone"})})
    write(cluster, before, "move-01-rollback", recorded())
    assert "move-01-rollback" not in pharos("replay", "move").said


def test_the_guard_of_production_leaves_records_that_are_judged_again(
    cluster: Cluster, pharos: Pharos
) -> None:
    manifest = {"apiVersion": API_VERSION, "kind": "Model", "metadata": {"name": "news"}}
    cluster.apply(manifest | {"spec": {}})
    assert "there is no record of news yet" in pharos("replay", "news").complained
    write(cluster, cluster.get(Model, "news"), "news-07-guardrollback", recorded("GuardRollback"))
    told = pharos("replay", "news")
    assert (told.code, told.complained) == (0, "")
    assert told.said.startswith("news-07-guardrollback: same verdict: GuardRollback; ")


@pytest.mark.requirement("ABT-6")
@pytest.mark.usefixtures("move")
def test_the_report_is_json_of_the_newest_record(pharos: Pharos) -> None:
    told = pharos("report", "move", "-o", "json")
    assert (told.code, told.complained) == (0, "")
    found = json.loads(told.said)
    assert found["evidence"] == "move-02-promote"
    assert found["results"]["recommendation"] == "PROMOTE"
    assert found["decision"] == "Promote"
    assert "recommendation: PROMOTE" in pharos("report", "move").said


def test_an_experiment_without_records_has_no_report_yet(cluster: Cluster, pharos: Pharos) -> None:
    manifest = {"apiVersion": API_VERSION, "kind": "ABExperiment", "metadata": {"name": "new"}}
    cluster.apply(manifest | {"spec": SPEC})
    told = pharos("report", "new")
    assert told.code == 1
    assert "new has no such record yet; see `pharos explain new`" in told.complained
