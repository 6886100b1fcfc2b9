"""On what and with what a figure was measured; writes one result file."""

import json
import os
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from delivery import machine, places

PACKAGES = ("pharos", "grpcio", "xds-protos", "uvloop", "kopf", "kubernetes")


def is_quick() -> bool:
    """Whether a short run was asked for by ``QUICK=1``."""
    return os.environ.get("QUICK", "") not in ("", "0")


def write(name: str, sections: dict[str, Any]) -> Path:
    """Write ``build/bench/<name>.json``: machine, versions and time, then the sections."""
    places.RESULTS.mkdir(parents=True, exist_ok=True)
    path = places.RESULTS / f"{name}.json"
    path.write_text(json.dumps({**circumstances(), **sections}, indent=2) + "\n")
    return path


def circumstances() -> dict[str, Any]:
    """Machine, versions, time, how busy it was, and whether it was a short run."""
    return {
        "machine": machine.describe() | {"loadAverage": [round(x, 2) for x in os.getloadavg()]},
        "versions": {name: version(name) for name in PACKAGES} | {"envoy": _envoy()},
        "measuredAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "quick": is_quick(),
    }


def _envoy() -> str:
    """Its release, of ``<program> version: <commit>/<release>/...``."""
    command = [f"{places.envoy()}", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return said.strip().rpartition("version: ")[2].split("/")[1]
