"""What follows one promotion: the registry says it, an older version is archived, people are told.

The kubelet's side is played: pods are said to be ready, and the Jobs that the operator wrote are
run here, as the processes that they name, on a real artifact folder.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest
from operator_lab import APPS, BATCH, CORE, GROUP, Api, Body, Fleet, model, until, version

from pharos_api.artifacts import MANIFEST, Manifest
from pharos_api.names import ENV_REGISTRY_INPUT, ENV_RETENTION_INPUT
from pharos_jobs import storage

WEIGHTS = "linear.safetensors"
LONG_AGO = 1_700_000_000


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        cast("Hook", self.server).got.append(json.loads(self.rfile.read(length)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Hook(ThreadingHTTPServer):
    """A web hook that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.got: list[dict[str, Any]] = []

    @property
    def titles(self) -> list[str]:
        return [each["title"] for each in self.got]


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class House:
    """An artifact root, an archive beside it, and the cluster in which their Model lives."""

    api: Api
    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "artifacts"

    @property
    def cold(self) -> Path:
        return self.folder / "cold"

    def place(self, number: str) -> str:
        return f"models/{self.api.namespace}/arxiv/{number}"

    def register(self, number: str) -> None:
        """A stored model of long ago, and its ModelVersion."""
        uri = (self.root / self.place(number)).as_uri()
        written = storage.write_bytes(f"{uri}/{WEIGHTS}", number.encode())
        entry = {"path": WEIGHTS, "sha256": written.sha256, "sizeBytes": written.size_bytes}
        manifest = Manifest.model_validate(
            {"model": "arxiv", "version": number, "labels": ["a", "b"], "files": [entry]}
        )
        storage.write_bytes(f"{uri}/metadata.json", b"{}")
        storage.write_bytes(f"{uri}/{MANIFEST}", manifest.to_bytes())
        for file in (self.root / self.place(number)).iterdir():
            os.utime(file, (LONG_AGO, LONG_AGO))
        body = version(_object(number), number)
        body["spec"]["artifact"] = {"uri": uri, "sha256": manifest.digest()}
        self.api.create(GROUP, "modelversions", body)

    def to_production(self, number: str) -> None:
        """Its pods are ready, and the Model takes it up."""
        name = _object(number)
        deployment = until("a Deployment", lambda: self.api.get(APPS, "deployments", name))
        counts = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")
        ready = dict.fromkeys(counts, 1)
        ready["observedGeneration"] = deployment["metadata"]["generation"]
        self.api.merge(APPS, "deployments", name, {"status": ready}, "status")
        until(f"{number} is in production", lambda: self.production == number)

    def promote(self, number: str) -> None:
        until(f"{number} is known", lambda: self.status.get("latestVersion") == number)
        command = {"id": number, "verb": "Promote", "by": "ada", "version": number}
        command["reason"] = "better by hand"
        change = {"status": {"command": command}}
        self.api.merge(GROUP, "models", "arxiv", change, "status")
        self.to_production(number)

    @property
    def production(self) -> str:
        return str((self.status.get("production") or {}).get("version", ""))

    @property
    def status(self) -> Body:
        found: Body = self.api.custom("models", "arxiv").get("status") or {}
        return found

    def has(self, place: Path, number: str) -> bool:
        return (place / self.place(number) / WEIGHTS).exists()


def _object(number: str) -> str:
    return f"arxiv-{number.replace('.', '-')}"


def _told(job: Body | None, variable: str) -> str:
    """What a Job's template hands to its process in that variable; empty where it has none."""
    if job is None:
        return ""
    spec = job["spec"].get("jobTemplate", job)["spec"]["template"]["spec"]
    given = {e["name"]: e.get("value", "") for e in spec["containers"][0].get("env", ())}
    return str(given.get(variable, ""))


def _run(command: str, variable: str, told: str, folder: Path) -> None:
    environment = {**os.environ, variable: told, "PHAROS_TERMINATION_LOG": f"{folder / command}"}
    subprocess.run(
        [sys.executable, "-m", "pharos_jobs", command],
        env=environment,
        check=True,
        capture_output=True,
    )


def _registry(api: Api, production: str) -> str:
    """What the Job of the registry was told, once that version is production there."""
    told = (_told(job, ENV_REGISTRY_INPUT) for job in api.list(BATCH, "jobs"))
    wanted = (text for text in told if text and json.loads(text).get("production") == production)
    return next(wanted, "")


def _retention(api: Api, production: str) -> str:
    text = _told(api.get(BATCH, "cronjobs", "arxiv-retention"), ENV_RETENTION_INPUT)
    versions = json.loads(text)["versions"] if text else []
    stages = {each["version"]: each["stage"] for each in versions}
    return text if stages.get(production) == "Production" else ""


@pytest.mark.requirement("CHK-10")
@pytest.mark.timeout(180)
def test_after_a_promotion_the_registry_is_updated_an_old_version_archived_and_people_told(
    api: Api, fleet: Fleet, hook: Hook, tmp_path: Path
) -> None:
    house = House(api, tmp_path)
    urls = base64.b64encode(f"json://127.0.0.1:{hook.server_address[1]}/".encode()).decode()
    secret = {"metadata": {"name": "pharos-notifications"}, "data": {"urls": urls}}
    api.create(CORE, "secrets", secret)
    fleet.start(ARTIFACT_ROOT=house.root.as_uri())
    body = model()
    body["spec"] = {
        "promotion": {"strategy": "Manual"},
        "retention": {"previousVersions": 0, "archiveUri": house.cold.as_uri()},
        "notifications": {"secretName": "pharos-notifications", "events": ["Promoted"]},
    }
    api.create(GROUP, "models", body)
    house.register("v1.0.0")
    house.to_production("v1.0.0")
    house.register("v1.1.0")
    house.promote("v1.1.0")
    house.register("v1.2.0")

    house.promote("v1.2.0")
    until("it is told", lambda: "arxiv v1.2.0 is in production" in hook.titles)
    registry = until("the registry's Job", lambda: _registry(api, "v1.2.0"))
    _run("project", ENV_REGISTRY_INPUT, registry, tmp_path)
    models = house.root / "models" / api.namespace / "arxiv"
    written = json.loads((models / "version_registry.json").read_text())
    assert written["production_version"] == "v1.2.0"
    retention = until("retention knows it", lambda: _retention(api, "v1.2.0"))
    _run("retain", ENV_RETENTION_INPUT, retention, tmp_path)
    gone, kept = ["v1.0.0"], ["v1.1.0", "v1.2.0"]
    assert [house.has(house.cold, number) for number in (*gone, *kept)] == [True, False, False]
    assert [house.has(house.root, number) for number in (*gone, *kept)] == [False, True, True]
