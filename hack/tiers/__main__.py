"""`python -m tiers [TIER ...]`: checks, unit, integration, e2e.

Every tier runs even when an earlier one failed, so that one call tells everything. The last lines
say what ran, how long it took, and what could not run here and why. Exit status 1 when a tier that
ran has failed.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv" / "bin"
CLUSTER = CHECKOUT / "hack" / "localcluster" / "cluster"
IMAGES = CHECKOUT / "hack" / "images" / "images"
SLOWEST = ("--durations=20", "--durations-min=5")
# A test of a file may build on the one before it, and each worker starts servers of its own.
# Two, on any machine: these tests wait for processes more than they compute. In the files' own
# order: those with the fewest tests are the longest, and one that comes last runs alone.
BY_FILE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


@dataclass(frozen=True, slots=True)
class Tier:
    """Commands in order, and the reason why this machine cannot host them ('' when it can)."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    missing: str = ""


def tiers() -> list[Tier]:
    """All tiers, from the quickest to the slowest."""
    pytest = str(VENV / "pytest")
    return [
        Tier("checks", (("make", "lint", "type", "arch", "verify"),)),
        Tier(
            "unit",
            ((pytest, "-q", "-n", "auto", "tests/unit", "tests/properties", "tests/golden"),),
        ),
        Tier(
            "integration",
            ((str(CLUSTER), "build"), (pytest, "-q", *BY_FILE, *SLOWEST, "tests/integration")),
            no_cluster(),
        ),
        Tier(
            "e2e",
            (
                (str(CLUSTER), "up"),
                (str(IMAGES), "build"),
                (str(IMAGES), "load"),
                (pytest, "-q", *SLOWEST, "--e2e", "tests/e2e"),
            ),
            no_cluster(),
        ),
        Tier("requirements", ((str(VENV / "python"), "-m", "requirements", "--brief"),)),
    ]


def no_cluster() -> str:
    """Why no Kubernetes can be had here, or ''."""
    if os.environ.get("PHAROS_KUBECONTEXT"):
        return ""
    if answers("docker", "info") and (shutil.which("kind") or shutil.which("k3d")):
        return ""
    if os.geteuid() != 0:
        return "needs root for the built-in cluster, or Docker with kind or k3d"
    if not shutil.which("apt-get"):
        return "the built-in cluster needs Debian or Ubuntu"
    return (
        "" if shutil.which("go") else "the built-in cluster is compiled with Go, which is missing"
    )


def answers(*command: str) -> bool:
    """Whether a command exists and succeeds."""
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def run(tier: Tier) -> bool:
    """Run a tier's commands until one fails."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "hack"), "PHAROS_REQUIRE_ENVTEST": "1"}
    for command in tier.commands:
        print(f"\n── {tier.name}: {' '.join(command)}", flush=True)
        if subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode:
            return False
    return True


def main() -> int:
    """Run the tiers named, or all of them."""
    chosen = [tier for tier in tiers() if not sys.argv[1:] or tier.name in sys.argv[1:]]
    lines, failed = [], 0
    for tier in chosen:
        started_s = time.monotonic()
        if tier.missing:
            lines.append(f"  {tier.name:<13} not run: {tier.missing}")
            continue
        good = run(tier)
        failed += not good
        seconds = time.monotonic() - started_s
        lines.append(f"  {tier.name:<13} {'passed' if good else 'FAILED'} in {seconds:.0f} s")
    print("\nTiers:", *lines, sep="\n")
    print(f"{sum('passed' in line for line in lines)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
