"""`python -m delivery.report`: all measured parts as one document, and a table beside the rivals.

Writes `build/bench/delivery.json` from what simulation, weights and rollback have written there.
With `--record` its figures are kept for docs/reference/figures.md (`make generate` writes them).
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from delivery import places, provenance
from generated import figures
from machine.problem import Problem

PARTS = ("delivery-simulation", "delivery-weights", "delivery-rollback")
_LONGEST_LIST = 8


def merged(
    simulation: dict[str, Any], weights: dict[str, Any], rollback: dict[str, Any]
) -> dict[str, Any]:
    """One document. Pure."""
    false = simulation["falseRollbacks"]
    return {
        "weightChanges": weights["weightChanges"],
        "rollback": rollback["rollback"],
        "falseRollbacks": false | {"onTheRealPath": rollback["healthyOnTheRealPath"]},
        "typeI": simulation["typeI"],
        "samples": simulation["samples"],
        "simulation": {
            key: value
            for key, value in simulation.items()
            if key not in ("falseRollbacks", "typeI", "samples", "machine", "quick")
        },
        "quick": any(part["quick"] for part in (simulation, weights, rollback)),
    }


def brief(value: Any) -> Any:
    """The same without raw samples and long lists. Pure."""
    if not isinstance(value, dict):
        return value
    return {key: brief(each) for key, each in value.items() if not _is_raw(key, each)}


def _is_raw(key: str, value: Any) -> bool:
    return key == "raw" or (isinstance(value, list) and len(value) > _LONGEST_LIST)


def main() -> int:
    """Merge, write, print."""
    parser = argparse.ArgumentParser(prog="delivery.report", description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures for the docs")
    options = parser.parse_args()
    try:
        document = merged(*(_part(name) for name in PARTS))
        path = provenance.write("delivery", document)
        document = json.loads(path.read_text())
        if options.record:
            _record(document)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    print("\n".join(figures.targets(document)))
    print()
    print("\n".join(figures.beside(document, json.loads(figures.RIVALS.read_text()))))
    print(f"written: {path.relative_to(places.CHECKOUT)}")
    weights = document["weightChanges"]
    return 1 if weights["failed"] or weights["misrouted"] else 0


def _part(name: str) -> dict[str, Any]:
    path: Path = places.RESULTS / f"{name}.json"
    if not path.exists():
        module = name.replace("-", ".")
        raise Problem(f"{path} is missing; run: make bench-delivery, or python -m {module} alone")
    part: dict[str, Any] = json.loads(path.read_text())
    return part


def _record(document: dict[str, Any]) -> None:
    if document["quick"]:
        raise Problem("figures of a QUICK run are too rough to be kept; run without QUICK")
    kept = brief({key: value for key, value in document.items() if key != "simulation"})
    figures.RECORD.write_text(json.dumps(kept, indent=2) + "\n")
    print(f"recorded: {figures.RECORD.relative_to(places.CHECKOUT)}; now run: make generate")


if __name__ == "__main__":
    sys.exit(main())
