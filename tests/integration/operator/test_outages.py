"""The API server hangs, with connections open: nothing is lost, nothing is done twice."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from operator_lab import BATCH, GROUP, Api, Fleet, end_step, model, training_run, until

from localcluster.envtest import Environment

OUTAGE_S = 20


@contextmanager
def _frozen(environment: Environment) -> Iterator[None]:
    """The API server neither answers nor closes anything."""
    pid = next(p for p in Path("/proc").glob("[0-9]*") if _is_api_server(p, environment))
    os.kill(int(pid.name), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(int(pid.name), signal.SIGCONT)


def _is_api_server(process: Path, environment: Environment) -> bool:
    try:
        arguments = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    folder = f"{environment.folder}".encode()
    return b"kube-apiserver" in arguments[:2] and any(folder in each for each in arguments)


@pytest.mark.timeout(180)
@pytest.mark.requirement("CON-4")
def test_a_server_that_hangs_for_twenty_seconds_is_waited_for(
    api: Api, fleet: Fleet, api_server: Environment
) -> None:
    operator = fleet.start()
    api.create(GROUP, "models", model())
    api.create(GROUP, "trainingruns", training_run())
    job = until("the first step is a Job", lambda: api.get(BATCH, "jobs", "first-collect"))
    with _frozen(api_server):
        until("it stops leading", lambda: not operator.series("pharos_operator_leading"), 10)
        threading.Event().wait(OUTAGE_S)
        health = operator.get("/healthz")
        assert health is not None
        assert health.status_code == 200, "a restart would not help"
    end_step(api, job, {"raw": "file:///artifacts/raw"})
    until("the run goes on", lambda: api.get(BATCH, "jobs", "first-prepare"), 30)
    names = sorted(each["metadata"]["name"] for each in api.list(BATCH, "jobs"))
    assert [name for name in names if name.startswith("first-")] == [
        "first-collect",
        "first-prepare",
    ]
    assert operator.process.poll() is None
