"""Progress reports with tokens that the API server itself has signed and reviews."""

from typing import Any

import httpx
import pytest
from operator_lab import (
    BATCH,
    CORE,
    GROUP,
    Api,
    Fleet,
    Operator,
    model,
    pod_of,
    training_run,
    until,
)

ACCOUNT = "pharos-job"
AUDIENCE = "pharos-operator"


@pytest.fixture
def run(api: Api, fleet: Fleet) -> dict[str, Any]:
    leader = fleet.start()
    until("it leads", lambda: leader.series("pharos_operator_leading"))
    api.create(CORE, "serviceaccounts", {"metadata": {"name": ACCOUNT}})
    api.create(GROUP, "models", model())
    run = api.create(GROUP, "trainingruns", training_run())
    until("the first step is a Job", lambda: api.get(BATCH, "jobs", "first-collect"))
    return run


def _token(api: Api, pod: dict[str, Any], audience: str = AUDIENCE) -> str:
    reference = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
    }
    spec = {"audiences": [audience], "boundObjectRef": reference}
    answer = api.create(CORE, "serviceaccounts", {"spec": spec}, ACCOUNT, "token")
    return str(answer["status"]["token"])


def _working_pod(api: Api) -> dict[str, Any]:
    job = api.get(BATCH, "jobs", "first-collect")
    assert job is not None
    return api.create(CORE, "pods", pod_of(job, ACCOUNT))


def _report(operator: Operator, run: dict[str, Any], token: str, percent: int = 40) -> int:
    metadata = run["metadata"]
    report = {
        "namespace": metadata["namespace"],
        "run": metadata["name"],
        "uid": metadata["uid"],
        "step": "collect",
        "percent": percent,
        "etaS": 90,
    }
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.post(f"{operator.url}/progress", json=report, headers=headers).status_code


def _percent(api: Api) -> int | None:
    progress = api.custom("trainingruns", "first").get("status", {}).get("progress") or {}
    percent: int | None = progress.get("percent")
    return percent


def test_a_report_of_the_runs_own_pod_stands_in_its_status(
    api: Api, fleet: Fleet, run: dict[str, Any]
) -> None:
    token = _token(api, _working_pod(api))
    until("the report is taken", lambda: _report(fleet.running[0], run, token) == 204)
    until("it stands in the status", lambda: _percent(api) == 40)


def test_a_standby_passes_a_report_on_to_the_leader(
    api: Api, fleet: Fleet, run: dict[str, Any]
) -> None:
    standby = fleet.start("operator-1")
    token = _token(api, _working_pod(api))
    until("the report is taken", lambda: _report(standby, run, token, 70) == 204)
    until("it stands in the status", lambda: _percent(api) == 70)


def test_nobody_else_may_report(api: Api, fleet: Fleet, run: dict[str, Any]) -> None:
    operator = fleet.running[0]
    working = _working_pod(api)
    assert _report(operator, run, "") == 401
    assert _report(operator, run, "not-a-token") == 403
    assert _report(operator, run, _token(api, working, "somebody-else")) == 403
    stranger = {
        "metadata": {"name": "stranger", "labels": working["metadata"]["labels"]},
        "spec": {"serviceAccountName": ACCOUNT, "containers": [{"name": "x", "image": "none"}]},
    }
    assert _report(operator, run, _token(api, api.create(CORE, "pods", stranger))) == 403
    unreadable = httpx.post(
        f"{operator.url}/progress",
        content=b"{",
        headers={"Authorization": f"Bearer {_token(api, working)}"},
    )
    assert unreadable.status_code == 400
    assert not _percent(api)
