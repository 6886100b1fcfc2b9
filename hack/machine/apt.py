"""Installs Debian packages, without letting them start services on the machine."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from machine.command import Options, output
from machine.problem import Problem
from machine.progress import Progress

POLICY = Path("/usr/sbin/policy-rc.d")
LISTS = Path("/var/lib/apt/lists")
QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


def missing_packages(probes: Mapping[str, str]) -> list[str]:
    """The packages whose probe (a program, or a path with `*`) is not on the machine."""
    return sorted({package for probe, package in probes.items() if not present(probe)})


def present(probe: str) -> bool:
    """Whether the program is on PATH, or the path exists."""
    if "*" in probe:
        return any(Path("/").glob(probe.lstrip("/")))
    return shutil.which(probe) is not None or (Path(probe).is_absolute() and Path(probe).exists())


def ensure_packages(probes: Mapping[str, str]) -> None:
    """Install what is missing.

    Raises:
        Problem: something is missing and this is not root on Debian or Ubuntu.
    """
    missing = missing_packages(probes)
    if not missing:
        return
    names = " ".join(missing)
    if not shutil.which("apt-get"):
        raise Problem(f"these packages are needed and this is neither Debian nor Ubuntu: {names}")
    if os.geteuid():
        raise Problem(f"these packages are needed; run as root, or: sudo apt-get install {names}")
    with Progress(f"installing {names}"), _services_stay_off():
        _install(missing)


def _install(packages: list[str]) -> None:
    """Install, fetching the package lists only where there are none or they are out of date."""
    line = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)
    if any(LISTS.glob("*Packages*")):
        try:
            output(*line, options=Options(env=QUIET))
        except Problem:
            pass  # most likely lists too old to name what the archive still holds
        else:
            return
    output("apt-get", "update", "-qq", options=Options(env=QUIET))
    output(*line, options=Options(env=QUIET))


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Debian's own way: a policy script that refuses every start while it is there."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
