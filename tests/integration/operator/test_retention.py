"""What the operator's CronJob tells its Job is what the Job then deletes and moves, and no more.

A real operator writes the CronJob into a real API server; its pod is played with that input.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from operator_lab import BATCH, GROUP, Api, Body, Fleet, experiment, model, until
from retention_store import Store, assert_as_shown, retained, seven_versions

from pharos_api.meta import rfc3339
from pharos_api.modelversion import Stage
from pharos_api.names import ANNOTATION_KEEP, ENV_RETENTION_INPUT, version_object_name
from pharos_api.retaining import RetainedVersion, RetentionInput

pytestmark = pytest.mark.timeout(300)
LIVE, PREVIOUS, TRIED = "v1.6.0", "v1.5.0", "v1.4.0"
STAGES = {
    "v1.0.0": Stage.ARCHIVED,
    "v1.1.0": Stage.ARCHIVED,
    "v1.2.0": Stage.ARCHIVED,
    "v1.3.0": Stage.ARCHIVED,
    TRIED: Stage.STAGING,
    PREVIOUS: Stage.PREVIOUS,
    LIVE: Stage.PRODUCTION,
}
HELD = {
    "v1.0.0": "Superseded",
    "v1.1.0": "Lineage",
    "v1.2.0": "Pinned",
    "v1.3.0": "Archived",
    TRIED: "InExperiment",
    PREVIOUS: "Previous",
    LIVE: "Production",
}


def the_model(api: Api, store: Store) -> None:
    body = model()
    body["spec"] = {
        "promotion": {"auto": False},
        "retention": {"archiveUri": store.cold.as_uri(), "previousVersions": 1},
    }
    api.create(GROUP, "models", body)
    since = rfc3339(datetime.now(UTC).replace(microsecond=0))
    status = {"production": pointer(LIVE, since), "previous": pointer(PREVIOUS, since)}
    api.merge(GROUP, "models", "arxiv", {"status": status}, "status")


def pointer(number: str, since: str) -> Body:
    return {"name": version_object_name("arxiv", number), "version": number, "since": since}


def the_version(api: Api, store: Store, made: RetainedVersion) -> None:
    lineage = {"datasetSha256": "d" * 64}
    artifact = {"uri": f"{store.root}/{store.models}/{made.version}", "sha256": made.sha256}
    pinned = {"annotations": {ANNOTATION_KEEP: made.pinned}} if made.pinned else {}
    body: dict[str, Any] = {
        "apiVersion": "pharos.neoalexandria.io/v1alpha1",
        "kind": "ModelVersion",
        "metadata": {"name": made.name, **pinned},
        "spec": {
            "modelRef": {"name": "arxiv"},
            "version": made.version,
            "artifact": artifact,
            "lineage": lineage | ({"parent": made.parent} if made.parent else {}),
        },
    }
    api.create(GROUP, "modelversions", body)


def a_trial(api: Api) -> None:
    api.create(GROUP, "abexperiments", experiment(version_object_name("arxiv", TRIED)))
    status = {"phase": "Progressing", "control": version_object_name("arxiv", LIVE)}
    api.merge(GROUP, "abexperiments", "move", {"status": status}, "status")


def the_input(api: Api) -> str:
    """What the CronJob's pod would be given, once it tells of every version as it is."""
    found: Body | None = api.get(BATCH, "cronjobs", "arxiv-retention")
    if found is None:
        return ""
    (container,) = found["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    given = next(str(e["value"]) for e in container["env"] if e["name"] == ENV_RETENTION_INPUT)
    known = RetentionInput.model_validate_json(given).versions
    stages = {each.version: each.stage for each in known}
    tried = {each.version for each in known if each.in_experiment}
    return given if stages == STAGES and TRIED in tried else ""


@pytest.mark.requirement("SEC-11", "PRF-14")
def test_what_the_operator_holds_stays_and_all_else_goes_as_the_dry_run_shows(
    api: Api, fleet: Fleet, tmp_path: Path
) -> None:
    store = Store(tmp_path, datetime.now(UTC), api.namespace)
    made = seven_versions(store)
    the_model(api, store)
    for each in made.values():
        the_version(api, store, each)
    a_trial(api)
    fleet.start(ARTIFACT_ROOT=store.root)
    given = until("the CronJob tells of all versions", lambda: the_input(api), 60)

    found = retained(store, given)
    shown = {row["path"]: row["reason"] for row in found.shown}
    assert {number: shown[f"{store.models}/{number}"] for number in HELD} == HELD
    assert {p for p in found.paths("Archive") if "/v1" in p} == {f"{store.models}/v1.0.0"}
    runs = {path for path in found.paths("Delete") if path.count("/") == 1 and "runs/" in path}
    assert runs == {"runs/run-v1.0.0", "runs/run-v1.3.0"}
    assert_as_shown(found)
    for number in (LIVE, PREVIOUS, TRIED, "v1.2.0", "v1.1.0"):
        assert (store.folder / store.models / number / "model.onnx").exists()
    assert store.restored("v1.0.0")
    assert json.loads(given)["namespace"] == api.namespace
