"""``pharos registry`` on a real API server and real artifacts: nothing is lost on either side."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from registered_runs import Registry, retrained

from pharos_api.artifacts import ARCHIVED, MANIFEST, PRODUCTION, REGISTRY
from pharos_api.inventory import MODEL_SPEC
from pharos_api.meta import API_VERSION
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.names import ANNOTATION_RESTORED
from pharos_console.cluster import Cluster
from pharos_jobs.retention.archiving import archive_version
from pharos_operator.decide.decision import CreateVersion
from pharos_operator.render.modelversion import model_version

Pharos = Callable[..., Any]
# Each command is a process of its own, which takes its time on a crowded machine.
pytestmark = pytest.mark.timeout(600)
SPEC = {"labels": ["cs.AI", "cs.DB", "cs.RO"], "promotion": {"auto": False}}
STAGES = {"v1.0.0": "Production", "v1.1.0": "Registered"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """An artifact root with two versions, as runs leave it: no registry was written yet."""
    root, scratch = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("scratch")
    return retrained(root, scratch)


@pytest.fixture
def root(made: Registry, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.root, tmp_path / "root"))


@pytest.fixture
def filled(cluster: Cluster, made: Registry, root: Path) -> Cluster:
    """A cluster with v1.0.0 in production, whose versions the operator made of its runs."""
    manifest = {"apiVersion": API_VERSION, "kind": "Model", "metadata": {"name": "topics"}}
    cluster.apply(manifest | {"spec": SPEC})
    model = cluster.get(Model, "topics")
    for name, each in made.versions.items():
        uri = each.spec.artifact.uri.replace(made.root.as_uri(), root.as_uri())
        artifact = each.spec.artifact.model_copy(update={"uri": uri})
        spec = each.spec.model_copy(update={"artifact": artifact})
        cluster.apply(model_version(CreateVersion(name, spec), model))
        status = {"stage": STAGES[spec.version], "phase": "Idle"}
        cluster.patch_status(ModelVersion, name, status)
    pointer = {"name": "topics-v1-0-0", "version": "v1.0.0"}
    cluster.patch_status(Model, "topics", {"production": pointer, "latestVersion": "v1.1.0"})
    return cluster


@pytest.fixture
def here(root: Path) -> tuple[str, ...]:
    return ("--here", "--artifact-root", root.as_uri())


@pytest.mark.requirement("VER-4")
def test_list_tells_stages_metrics_and_digests(filled: Cluster, pharos: Pharos) -> None:
    said = pharos("registry", "list", "topics").said.splitlines()
    version = filled.get(ModelVersion, "topics-v1-0-0")
    assert said[0].split()[:2] == ["VERSION", "STAGE"]
    assert said[1].split()[:2] == ["v1.0.0", "Production"]
    assert version.spec.artifact.sha256[:12] in said[1]
    assert said[2].split()[:2] == ["v1.1.0", "Registered"]


@pytest.mark.requirement("VER-12", "VER-13", "VER-18", "VER-19")
def test_the_registry_is_rebuilt_from_nothing_but_the_cluster(
    filled: Cluster, pharos: Pharos, root: Path, here: tuple[str, ...]
) -> None:
    # The artifacts are filed under the namespace in which their runs were.
    folder = root / "models" / filled.namespace / "topics"
    folder.parent.mkdir()
    (root / "models/default/topics").rename(folder)
    assert pharos("registry", "rebuild", "topics", *here).said == "2 versions: changed\n"
    document = json.loads((folder / REGISTRY).read_text())
    assert [(v["version"], v["status"]) for v in document["versions"]] == [
        ("v1.0.0", "production"),
        ("v1.1.0", "registered"),
    ]
    assert (document["production_version"], document["latest_version"]) == ("v1.0.0", "v1.1.0")
    assert str((folder / PRODUCTION).readlink()) == "v1.0.0"
    kept = json.loads((folder / MODEL_SPEC).read_text())
    assert kept["labels"] == SPEC["labels"]
    assert pharos("registry", "rebuild", "topics", *here).said == "2 versions: unchanged\n"


def test_an_empty_cluster_is_refilled_from_nothing_but_the_artifacts(
    filled: Cluster, pharos: Pharos, root: Path, here: tuple[str, ...]
) -> None:
    folder = root / "models" / filled.namespace / "topics"
    before = {v.metadata.name: v.spec for v in filled.every(ModelVersion)}
    bad = {"version": "v1.1.0", "sha256": "b" * 64, "reason": "14 % of errors"}
    filled.patch_status(Model, "topics", {"quarantine": [bad]})
    why = {"type": "NotBetter", "status": "True", "reason": "GivenUp", "message": "stopped by ada"}
    why["lastTransitionTime"] = "2026-11-23T12:00:00Z"
    filled.patch_status(ModelVersion, "topics-v1-1-0", {"conditions": [why]})
    spec = filled.get(Model, "topics").spec
    assert pharos("registry", "rebuild", "topics", *here).code == 0
    for name in (REGISTRY, PRODUCTION, MODEL_SPEC):
        (folder / name).rename(root / "models/default/topics" / name)
    for name in before:
        filled.delete(ModelVersion, name)
    filled.delete(Model, "topics")
    said = pharos("registry", "import", "--from", "default", *here).said
    assert "Model/topics: v1.0.0 comes back to production" in said
    assert {v.metadata.name: v.spec for v in filled.every(ModelVersion)} == before
    model = filled.get(Model, "topics")
    assert model.spec == spec
    told = json.loads(model.metadata.annotations[ANNOTATION_RESTORED])
    assert told["production"] == "v1.0.0"
    assert [each["reason"] for each in told["refused"]] == ["14 % of errors"]
    assert told["givenUp"] == {"v1.1.0": "stopped by ada"}
    again = pharos("registry", "import", "--from", "default", *here).said
    assert "ModelVersion/topics-v1-0-0: was there" in again


def test_an_import_that_contradicts_a_version_makes_nothing(
    filled: Cluster, pharos: Pharos, root: Path, here: tuple[str, ...]
) -> None:
    versions = root / "models/default/topics"
    shutil.rmtree(versions / "v1.0.0")
    (versions / "v1.1.0").rename(versions / "v1.0.0")
    refused = pharos("registry", "import", "--from", "default", *here)
    assert refused.code == 1
    assert "nothing was imported" in refused.complained


@pytest.mark.requirement("VER-5")
def test_load_checks_every_file_and_gives_way_to_the_version_before(
    filled: Cluster, pharos: Pharos, root: Path, here: tuple[str, ...], tmp_path: Path
) -> None:
    target = tmp_path / "loaded"
    words = ("registry", "load", "topics", "v1.1.0", "--to", str(target), *here)
    assert pharos(*words).said == f"v1.1.0: {target}\n"
    assert json.loads((target / MANIFEST).read_text())["version"] == "v1.1.0"
    assert pharos(*words).code == 1  # a folder that holds something is left alone
    (root / "models/default/topics/v1.1.0/linear.safetensors").write_bytes(b"damaged")
    other = tmp_path / "other"
    said = pharos("registry", "load", "topics", "v1.1.0", "--to", str(other), *here).said
    assert "v1.1.0 cannot be loaded" in said
    assert f"v1.0.0, in place of v1.1.0: {other}" in said
    assert json.loads((other / MANIFEST).read_text())["version"] == "v1.0.0"


@pytest.mark.requirement("VER-7")
def test_compare_tells_accuracies_and_the_paired_test(
    filled: Cluster, pharos: Pharos, here: tuple[str, ...]
) -> None:
    said = pharos("registry", "compare", "topics", "v1.0.0", "v1.1.0", *here).said
    assert "v1.0.0: accuracy" in said
    assert "95 % interval" in said
    assert "McNemar p =" in said


def test_an_archived_version_is_restored_and_its_object_was_there_all_along(
    filled: Cluster, pharos: Pharos, root: Path, here: tuple[str, ...], tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    artifact = filled.get(ModelVersion, "topics-v1-0-0").spec.artifact
    retention = {"retention": {"archiveUri": archive.as_uri()}}
    model = {"apiVersion": API_VERSION, "kind": "Model"}
    filled.apply({**model, "metadata": {"name": "topics"}, "spec": SPEC | retention})
    place = "models/default/topics/v1.0.0"
    archive_version(root.as_uri(), place, archive.as_uri(), artifact.sha256)
    weights = root / place / "linear.safetensors"
    assert not weights.exists()
    ended = pharos("registry", "restore", "topics", "v1.0.0", *here)
    assert "bytes back at" in ended.said
    assert weights.is_file()
    assert not (root / place / ARCHIVED).exists()
    assert "is whole at" in pharos("registry", "restore", "topics", "v1.0.0", *here).said


def test_a_linear_model_has_no_hugging_face_folder(
    filled: Cluster, pharos: Pharos, here: tuple[str, ...], tmp_path: Path
) -> None:
    ended = pharos("registry", "export", "topics", "--to", str(tmp_path / "hub"), *here)
    assert ended.code == 1
    assert "transformers has no class for it" in ended.complained
    assert not (tmp_path / "hub").exists()


def test_promote_is_the_verb_that_it_always_was(filled: Cluster, pharos: Pharos) -> None:
    assert pharos("registry", "promote", "topics", "v1.1.0", "--reason", "why").code == 0
    command = filled.get(Model, "topics").status.command
    assert command is not None
    assert (command.verb, command.version, command.reason) == ("Promote", "v1.1.0", "why")
