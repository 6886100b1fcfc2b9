"""Takes the API server away for a while, on purpose, and brings it back whatever happens."""

import os
import signal
import time
from enum import StrEnum

from localcluster import binaries, builtin, health, wait
from localcluster.places import State
from machine.command import Options, attempt
from machine.problem import Problem
from machine.progress import Progress

API_SERVER = "kube-apiserver"


class Outage(StrEnum):
    """Gone: connections are refused. Frozen: they stay open and nothing answers."""

    GONE = "gone"
    FROZEN = "frozen"


def apiserver_down(seconds: float, outage: Outage) -> None:
    """Take it away for so many seconds, then wait until it answers again."""
    supervisor = builtin.need_running()
    process = health.running(supervisor).get(API_SERVER)
    if process is None:
        raise Problem("the API server is not running, so it cannot be taken away; see: status")
    state = builtin.state()
    with Progress(f"API server {outage} for {seconds:g} s"):
        if outage is Outage.FROZEN:
            _freeze(process, seconds)
        else:
            _stop(state, process, seconds)
    with Progress("API server coming back"):
        wait.until("the API server", lambda: _answers(state), 60, state.log(API_SERVER))


def _freeze(process: int, seconds: float) -> None:
    os.kill(process, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(process, signal.SIGCONT)


def _stop(state: State, process: int, seconds: float) -> None:
    held = state.held / API_SERVER
    held.touch()
    try:
        os.kill(process, signal.SIGKILL)
        time.sleep(seconds)
    finally:
        held.unlink(missing_ok=True)


def _answers(state: State) -> bool:
    kube = binaries.build().kube
    line = (kube, "kubectl", "--kubeconfig", state.kubeconfig, "get", "--raw=/readyz")
    return attempt(*line, options=Options(timeout_s=5)) == "ok"
