"""`python -m delivery.simulation`: what 10,000 experiments say, without a cluster.

Writes `build/bench/delivery-simulation.json`. `--quick` runs a tenth; its figures are rougher.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from delivery import guardrails, machine, peers, selfcheck, users

OUTPUT = Path("build/bench/delivery-simulation.json")
_QUICK = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the report: its key and what makes it."""

    key: str
    make: Callable[[int], dict[str, object]]


PARTS = (
    Part("selfCheck", selfcheck.check),
    Part("typeI", users.type_one),
    Part("guardrailTypeI", guardrails.type_one),
    Part("samples", users.samples),
    Part("falseRollbacks", guardrails.false_rollbacks),
    Part("detection", guardrails.detection),
    Part("peers", peers.compare),
)


def main() -> None:
    """Run every part and write the report."""
    options = _options()
    less = _QUICK if options.quick else 1
    began = time.perf_counter()
    found: dict[str, object] = {"machine": machine.describe(), "quick": options.quick}
    for part in PARTS:
        if part.key in options.skip:
            continue
        started = time.perf_counter()
        found[part.key] = part.make(less)
        print(f"{part.key}: {time.perf_counter() - started:.0f} s", flush=True)
    found["seconds"] = round(time.perf_counter() - began, 1)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=1))
    for line in summary(found):
        print(line)


def summary(found: dict[str, object]) -> list[str]:
    """The figures that quality.md asks for, as a person reads them."""
    lines = []
    for key in ("selfCheck", "typeI", "guardrailTypeI", "samples", "falseRollbacks"):
        part = found.get(key)
        if isinstance(part, dict):
            plain = {k: v for k, v in part.items() if isinstance(v, int | float)}
            lines.append(f"{key}: " + ", ".join(f"{k} {v}" for k, v in plain.items()))
    return lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="delivery.simulation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the experiments")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--skip", action="append", default=[], help="a part to leave out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
