"""What the administrator's page says about backing up and restoring objects, done word by word."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from helm_chart import ROOT

from localcluster.envtest import Environment

PAGE = ROOT / "docs" / "administrator" / "backup.md"
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)

MODEL = {"metadata": {"name": "arxiv"}, "spec": {"labels": ["cs.AI", "cs.CL"]}}
STATUS = {
    "production": {"name": "arxiv-v1-0-0", "version": "v1.0.0"},
    "quarantine": [
        {"version": "v1.1.0", "sha256": "b" * 64, "reason": "errors", "at": "2026-11-23T11:00:00Z"}
    ],
    "route": {"revision": 7, "stable": "arxiv-v1-0-0", "stableVersion": "v1.0.0"},
}


@pytest.mark.usefixtures("crds")
def test_what_is_in_production_and_what_is_quarantined_comes_back(
    api_server: Environment, namespace: str, tmp_path: Path
) -> None:
    if not shutil.which("jq"):
        pytest.skip("the page's commands need jq: apt-get install jq")
    desk = Desk(api_server, namespace, tmp_path)
    created = desk.create("Model", MODEL)
    desk.patch_status("arxiv", STATUS)
    owner = {
        "apiVersion": created["apiVersion"],
        "kind": "Model",
        "name": "arxiv",
        "uid": created["metadata"]["uid"],
    }
    desk.create("ModelVersion", version("v1.0.0", owner))
    desk.create("ModelVersion", version("v1.1.0", owner))
    backup, *restore = BLOCKS
    desk.run(backup)
    desk.run('kubectl -n "$NS" delete models,modelversions --all --timeout=30s')
    assert desk.get("models,modelversions")["items"] == []

    for block in restore:
        desk.run(block)

    model = desk.get("model", "arxiv")
    assert model["metadata"]["uid"] != created["metadata"]["uid"]
    assert model["spec"]["labels"] == MODEL["spec"]["labels"]
    found = {name: model["status"][name] for name in ("production", "quarantine")}
    assert found == {name: STATUS[name] for name in found}
    assert model["status"]["route"]["revision"] == 7
    versions = desk.get("modelversions")["items"]
    assert [each["spec"]["version"] for each in versions] == ["v1.0.0", "v1.1.0"]
    assert not any("ownerReferences" in each["metadata"] for each in versions)


class Desk:
    """An administrator's shell: a folder, and a ``kubectl`` to the API server."""

    def __init__(self, api_server: Environment, namespace: str, folder: Path) -> None:
        tool = folder / "bin" / "kubectl"
        tool.parent.mkdir()
        line = f'"{api_server.kube}" kubectl --kubeconfig "{api_server.kubeconfig}" "$@"'
        tool.write_text(f"#!/bin/sh\nexec {line}\n")
        tool.chmod(0o755)
        path = f"{tool.parent}:{os.environ['PATH']}"
        self._environment = os.environ | {"PATH": path, "NS": namespace}
        self._folder = folder

    def run(self, script: str, text: str = "") -> str:
        """What the script prints; its errors fail the test."""
        done = subprocess.run(
            ("bash", "-euo", "pipefail", "-c", script),
            cwd=self._folder,
            env=self._environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        return done.stdout

    def create(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        whole = {"apiVersion": "pharos.neoalexandria.io/v1alpha1", "kind": kind} | body
        found: dict[str, Any] = json.loads(
            self.run('kubectl -n "$NS" create -o json -f -', json.dumps(whole))
        )
        return found

    def patch_status(self, model: str, status: dict[str, Any]) -> None:
        (self._folder / "given.json").write_text(json.dumps({"status": status}))
        patch = "--subresource=status --type=merge --patch-file given.json"
        self.run(f'kubectl -n "$NS" patch model {model} {patch}')

    def get(self, *what: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.run(f'kubectl -n "$NS" get {" ".join(what)} -o json')
        )
        return found


def version(number: str, owner: dict[str, str]) -> dict[str, Any]:
    name = f"arxiv-{number.replace('.', '-')}"
    return {
        "metadata": {"name": name, "ownerReferences": [owner]},
        "spec": {
            "modelRef": {"name": "arxiv"},
            "version": number,
            "artifact": {"uri": f"file:///artifacts/{name}", "sha256": "a" * 64},
        },
    }
