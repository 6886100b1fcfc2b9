"""Operator processes of their own, and the API server as its administrator sees it."""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from localcluster.envtest import free_ports

GROUP = "/apis/pharos.neoalexandria.io/v1alpha1"
BATCH = "/apis/batch/v1"
APPS = "/apis/apps/v1"
CORE = "/api/v1"
OF_OTHERS = ("leases", "endpoints")
WRITING = ("POST", "PUT", "PATCH", "APPLY", "DELETE")
Body = dict[str, Any]
_REQUESTS = re.compile(r"apiserver_request_total\{(.*)\} (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def until(what: str, check: Callable[[], Any], within_s: float = 15.0) -> Any:
    """Wait for what a process of its own shall do; fails with ``what`` when it does not."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"not within {within_s} s: {what}")


@dataclass
class Api:
    """The API server as its administrator sees it, in one namespace."""

    client: httpx.Client
    namespace: str = "default"

    def path(self, prefix: str, plural: str, name: str = "", sub: str = "") -> str:
        parts = [prefix, "namespaces", self.namespace, plural, name, sub]
        return "/".join(part for part in parts if part)

    def get(self, prefix: str, plural: str, name: str) -> Body | None:
        answer = self.client.get(self.path(prefix, plural, name))
        return None if answer.status_code == 404 else self._checked(answer)

    def list(self, prefix: str, plural: str) -> list[Body]:
        items: list[Body] = self._checked(self.client.get(self.path(prefix, plural)))["items"]
        return items

    def create(self, prefix: str, plural: str, body: Body, name: str = "", sub: str = "") -> Body:
        return self._checked(self.client.post(self.path(prefix, plural, name, sub), json=body))

    def merge(self, prefix: str, plural: str, name: str, change: Body, sub: str = "") -> Body:
        headers = {"Content-Type": "application/merge-patch+json"}
        path = self.path(prefix, plural, name, sub)
        return self._checked(self.client.patch(path, json=change, headers=headers))

    def delete(self, prefix: str, plural: str, name: str) -> None:
        self._checked(self.client.delete(self.path(prefix, plural, name)))

    def custom(self, plural: str, name: str) -> Body:
        found = self.get(GROUP, plural, name)
        assert found is not None, f"{plural}/{name} is gone"
        return found

    def writes(self) -> Counter[str]:
        """Writes of anybody that the API server has counted, by verb and resource.

        Left out are the signs of life: leases, and the API server's announcement of itself.
        """
        counted: Counter[str] = Counter()
        for line in self.client.get("/metrics").text.splitlines():
            found = _REQUESTS.match(line)
            labels = dict(_LABEL.findall(found[1])) if found else {}
            if found and labels["verb"] in WRITING and labels["resource"] not in OF_OTHERS:
                counted[f"{labels['verb']} {labels['resource']}"] += int(float(found[2]))
        return counted

    @staticmethod
    def _checked(answer: httpx.Response) -> Body:
        assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
        body: Body = answer.json()
        return body


@dataclass
class Operator:
    """One replica as a process of its own."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(f"{self.url}{path}", timeout=2)
        except httpx.TransportError:
            return None

    def is_ready(self) -> bool:
        assert self.process.poll() is None, f"the operator ended:\n{self.log.read_text()[-4000:]}"
        answer = self.get("/readyz")
        return answer is not None and answer.status_code == 200

    def series(self, name: str) -> float:
        answer = self.get("/metrics")
        assert answer is not None
        lines = (x for x in answer.text.splitlines() if x.startswith((f"{name} ", f"{name}{{")))
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@dataclass
class Fleet:
    """Starts replicas that share one namespace and one lease."""

    kubeconfig: Path
    folder: Path
    namespace: str
    running: list[Operator] = field(default_factory=list)
    ports: list[int] = field(default_factory=lambda: free_ports(2))

    def start(self, name: str = "operator-0", **more: str) -> Operator:
        http, xds = self.ports
        address = f"127.0.0.{2 + len(self.running)}"
        settings = {
            "NAMESPACE": self.namespace,
            "WATCH_NAMESPACES": self.namespace,
            "POD_NAME": name,
            "POD_IP": address,
            "HTTP_HOST": address,
            "HTTP_PORT": f"{http}",
            "XDS_HOST": address,
            "XDS_PORT": f"{xds}",
            "PROGRESS_URL": f"http://{address}:{http}/progress",
            **more,
        }
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PHAROS_OPERATOR_")}
        environment |= {f"PHAROS_OPERATOR_{k}": v for k, v in settings.items()}
        environment["KUBECONFIG"] = f"{self.kubeconfig}"
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "pharos_operator"], env=environment, stdout=out, stderr=out
            )
        operator = Operator(process, f"http://{address}:{http}", log)
        self.running.append(operator)
        until(f"{name} is ready", operator.is_ready, 30)
        return operator

    def stop(self) -> None:
        for operator in self.running:
            if operator.process.poll() is None:
                operator.process.terminate()
        for operator in self.running:
            operator.process.wait(20)


def model(name: str = "arxiv") -> Body:
    """A Model as a person applies it."""
    return _object("Model", name, {})


def training_run(name: str = "first", **spec: Any) -> Body:
    """A TrainingRun on a file."""
    source = {"dataset": {"uri": "file:///data/papers.jsonl"}}
    return _object(
        "TrainingRun", name, {"modelRef": {"name": "arxiv"}, "data": {"source": source}, **spec}
    )


def version(name: str = "arxiv-v9-0-0", number: str = "v9.0.0") -> Body:
    """A ModelVersion that was trained elsewhere."""
    artifact = {"uri": "s3://models/arxiv", "sha256": "a" * 64}
    return _object(
        "ModelVersion",
        name,
        {"modelRef": {"name": "arxiv"}, "version": number, "artifact": artifact},
    )


def experiment(candidate: str, name: str = "move") -> Body:
    """A canary by hand."""
    spec = {"modelRef": {"name": "arxiv"}, "candidateRef": {"name": candidate}}
    return _object("ABExperiment", name, spec)


def _object(kind: str, name: str, spec: Body) -> Body:
    return {
        "apiVersion": "pharos.neoalexandria.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def pod_of(job: Body, account: str = "") -> Body:
    """The pod that the Job controller would make."""
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job["metadata"]["name"],
        "uid": job["metadata"]["uid"],
        "controller": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{job['metadata']['name']}-x",
            "labels": job["spec"]["template"]["metadata"]["labels"],
            "ownerReferences": [owner],
        },
        "spec": {
            "containers": [{"name": "step", "image": "none"}],
            **({"serviceAccountName": account} if account else {}),
        },
    }


def end_step(
    api: Api, job: Body, outputs: dict[str, str], metrics: dict[str, str] | None = None
) -> None:
    """Play the kubelet and the Job controller: the step's pod ends well with this result."""
    name = job["metadata"]["name"]
    step = job["metadata"]["labels"]["pharos.neoalexandria.io/step"]
    pod = api.create(CORE, "pods", pod_of(job))["metadata"]["name"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    message = json.dumps({"step": step, "outputs": outputs, "metrics": metrics or {}})
    ended = {"exitCode": 0, "message": message, "startedAt": now, "finishedAt": now}
    container = {
        "name": "step", "image": "none", "imageID": "", "ready": False, "restartCount": 0,
        "state": {"terminated": ended},
    }  # fmt: skip
    api.merge(
        CORE,
        "pods",
        pod,
        {"status": {"phase": "Succeeded", "containerStatuses": [container]}},
        "status",
    )
    condition = {"type": "Complete", "status": "True", "lastTransitionTime": now}
    criteria = {**condition, "type": "SuccessCriteriaMet"}
    status = {
        "conditions": [criteria, condition],
        "startTime": now,
        "completionTime": now,
        "succeeded": 1,
    }
    api.merge(BATCH, "jobs", name, {"status": status}, "status")
