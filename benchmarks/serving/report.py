"""`python -m serving.report`: all parts as build/bench/serving.json, and each target beside it.

With `--record` the tables go into docs/reference/figures.md.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from delivery import places, provenance
from machine.problem import Problem
from pharos_api.engines import EngineSheet, Precision, padded_tokens
from serving.peak import operations
from serving.prepare import MAX_TOKENS
from serving.servers import PEER
from serving.table import lines, page

PARTS = ("peak", "accuracy", "layouts", "speed")
PAGE = places.CHECKOUT / "docs" / "reference" / "figures.md"
BEGIN, END = "<!-- serving figures: begin -->", "<!-- serving figures: end -->"
_CASCADE = "pharos-cascade"
_KINDS = {Precision.INT8: "int8", Precision.BF16: "bf16", Precision.FP32: "f32"}
Part = dict[str, Any]


def merged(peak: Part, accuracy: Part, layouts: Part, speed: Part) -> Part:
    """One document with the ratios of quality.md. Pure."""
    rate = _medians(speed["greatestRate"], "perSecond")
    cost = _medians(speed["greatestRate"], "cpuMsPerRequest")
    p95 = _medians(speed["held"], "p95Ms")
    ours = [name for name in rate if name != PEER]
    return {
        "requestsPerSecond": rate,
        "cpuMsPerRequest": cost,
        "timesThePipeline": {name: rate[name] / rate[PEER] for name in ours},
        "timesThePipelinePerCpuSecond": {name: cost[PEER] / cost[name] for name in ours},
        "p95MsAtTheLoadThePipelineHolds": p95,
        "p95OfThePipelines": {name: p95[name] / p95[PEER] for name in ours},
        "memoryMiB": {name: each["VmRSS"] for name, each in speed["memoryMiB"].items()},
        "agreement": speed["agreement"],
        "absent": speed["absent"],
        "peak": peak,
        "limit": limit(peak, accuracy, layouts, speed),
        "accuracy": accuracy,
        "layouts": layouts,
        "cascade": accuracy["cascade"]
        | {"timesThePipelinePerCpuSecond": cost[PEER] / cost[_CASCADE]},
        "speed": speed,
    }


def limit(peak: Part, accuracy: Part, layouts: Part, speed: Part) -> Part:
    """What the processor allows at best in the precision that serves, and what of it is reached.

    Whole texts are computed, not the mean one: attention grows with the square.
    ``fraction_of_peak`` counts the operations of true lengths; ``fractionOfPeakWithPadding`` those
    that are computed, the rest of the way is the library's. Pure.
    """
    lengths = layouts["tokens"]
    sizes, cores = speed["sizes"], speed["cores"]
    best = EngineSheet.model_validate(accuracy["export"]).best()
    per_ms = peak[_KINDS[best.precision]] / 1000
    true = float(np.mean([operations(sizes, n) for n in lengths])) / 1e9
    padded = [operations(sizes, padded_tokens(n, MAX_TOKENS)) for n in lengths]
    longest = operations(sizes, float(np.quantile(lengths, 0.95))) / 1e9
    engine_ms = layouts["measured"]["aStreamForEachCore"]["cpuMsPerText"]
    return {
        "engine": best.name,
        "gigaOperationsPerText": true,
        "shareOfOperationsOnPadding": 1 - true * 1e9 / float(np.mean(padded)),
        "cpuMsPerTextAtThePeak": true / per_ms,
        "requestsPerSecond": 1000 * cores * per_ms / true,
        "p95Ms": longest / per_ms / cores,
        "cpuMsPerTextOfTheEngine": engine_ms,
        "fraction_of_peak": true / per_ms / engine_ms,
        "fractionOfPeakWithPadding": float(np.mean(padded)) / 1e9 / per_ms / engine_ms,
        "weightsMiB": speed["weightsMiB"],
    }


def _medians(slices: dict[str, list[Part]], key: str) -> dict[str, float]:
    return {name: float(np.median([each[key] for each in found])) for name, found in slices.items()}


def main() -> int:
    """Merge, write, print."""
    parser = argparse.ArgumentParser(prog="serving.report", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the tables into the docs")
    options = parser.parse_args()
    try:
        parts = {name: _part(name) for name in PARTS}
        document = merged(*(parts[name][name] for name in PARTS))
        document["quick"] = any(part["quick"] for part in parts.values())
        found = [line.to_json() for line in lines(document)]
        path = provenance.write("serving", {"lines": found, **document})
        text = "\n".join(page(json.loads(path.read_text())))
        if options.record:
            _record(text, document["quick"])
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{text}\nwritten: {path.relative_to(places.CHECKOUT)}")
    return 0


def _record(text: str, quick: bool) -> None:
    if quick:
        raise Problem("figures of a QUICK run are too rough to be kept; run without QUICK")
    head, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


def _part(name: str) -> Part:
    path: Path = places.RESULTS / f"serving-{name}.json"
    if not path.exists():
        raise Problem(f"{path} is missing; run: make bench-serving, or python -m serving.measure")
    part: Part = json.loads(path.read_text())
    return part


if __name__ == "__main__":
    sys.exit(main())
