"""Where programs are and where results go."""

import socket
from pathlib import Path

from machine.problem import Problem
from workbench import servers

CHECKOUT = Path(__file__).resolve().parents[2]
RESULTS = CHECKOUT / "build" / "bench"


def envoy() -> Path:
    """The Envoy of the tests. Raises Problem where there is none."""
    found = servers.envoy()
    if found is None:
        raise Problem("there is no Envoy on this machine; run: make setup")
    return found


def prometheus() -> Path:
    """The program Prometheus. Raises Problem where there is none."""
    found = servers.prometheus()
    if found is None:
        raise Problem("there is no Prometheus on this machine; run: make setup")
    return found


def own_address() -> str:
    """An address of this machine that is not of its loopback. Raises Problem where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: it only chooses a source
        except OSError as error:
            message = f"this machine has no address but its loopback ({error}); give it one"
            raise Problem(message) from error
        address: str = probe.getsockname()[0]
        return address
