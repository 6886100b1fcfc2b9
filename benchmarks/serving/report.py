"""`python -m serving.report`: all parts as build/bench/serving.json, and each target beside it."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from delivery import places, provenance
from machine.problem import Problem
from pharos_api.engines import EngineSheet, Precision
from serving.peak import operations
from serving.servers import PEER

PARTS = ("peak", "accuracy", "speed")
_CASCADE = "pharos-cascade"
_KINDS = {Precision.INT8: "int8", Precision.BF16: "bf16", Precision.FP32: "f32"}


def merged(peak: dict[str, Any], accuracy: dict[str, Any], speed: dict[str, Any]) -> dict[str, Any]:
    """One document with the ratios of quality.md. Pure."""
    rate = _medians(speed["greatestRate"], "perSecond")
    cost = _medians(speed["greatestRate"], "cpuMsPerRequest")
    p95 = _medians(speed["held"], "p95Ms")
    ours = [name for name in rate if name != PEER]
    # Whole texts are computed, not the mean one: attention grows with the square.
    lengths = accuracy["tokens"]["raw"]
    giga = float(np.mean([operations(speed["sizes"], n) for n in lengths])) / 1e9
    best = EngineSheet.model_validate(accuracy["export"]).best()
    kind = _KINDS[best.precision]
    engine_ms = accuracy["variants"][best.name]["cpuMsPerText"]
    limit_ms = 1000 * giga / peak[kind]
    return {
        "requestsPerSecond": rate,
        "cpuMsPerRequest": cost,
        "timesThePipeline": {name: rate[name] / rate[PEER] for name in ours},
        "timesThePipelinePerCpuSecond": {name: cost[PEER] / cost[name] for name in ours},
        "p95MsAtTheLoadThePipelineHolds": p95,
        "p95OfThePipelines": {name: p95[name] / p95[PEER] for name in ours},
        "memoryMiB": {name: each["VmRSS"] for name, each in speed["memoryMiB"].items()},
        "peak": peak,
        "limit": {
            "engine": best.name,
            "gigaOperationsPerText": giga,
            "cpuMsPerTextAtThePeak": limit_ms,
            "cpuMsPerTextOfTheEngine": engine_ms,
            "fraction_of_peak": limit_ms / engine_ms,
        },
        "accuracy": accuracy,
        "cascade": accuracy["cascade"]
        | {"timesThePipelinePerCpuSecond": cost[PEER] / cost[_CASCADE]},
        "speed": speed,
    }


def _medians(slices: dict[str, list[dict[str, Any]]], key: str) -> dict[str, float]:
    return {name: float(np.median([each[key] for each in found])) for name, found in slices.items()}


def targets(document: dict[str, Any]) -> list[str]:
    """A line for each target of quality.md: reached or not, with the figure. Pure."""
    quantised = document["accuracy"]["variants"]
    lost = -min(each["differencePoints"] for each in quantised.values())
    cascade = document["cascade"]
    rows = (
        ("x the pipeline's requests/s", document["timesThePipeline"]["pharos"], ">=", 4.5),
        (
            "x the pipeline's requests a CPU second",
            document["timesThePipelinePerCpuSecond"]["pharos"],
            ">=",
            4.5,
        ),
        ("p95 of the pipeline's", document["p95OfThePipelines"]["pharos"], "<=", 0.25),
        ("points lost by quantising", lost, "<=", 0.3),
        ("MiB of a replica", document["memoryMiB"]["pharos"], "<=", 300),
        ("fraction_of_peak", document["limit"]["fraction_of_peak"], ">=", 0.75),
        ("x a CPU second, cascade", cascade["timesThePipelinePerCpuSecond"], ">=", 10),
        ("points, cascade (low end)", cascade["againstTheEncoder"]["low"], ">=", -0.5),
    )
    return [
        f"{_verdict(_holds(value, sign, limit))} {value:9.2f} {sign} {limit:<5} {what}"
        for what, value, sign, limit in rows
    ]


def _verdict(holds: bool) -> str:
    return "reached" if holds else "MISSED "


def _holds(value: float, sign: str, limit: float) -> bool:
    return value >= limit if sign == ">=" else value <= limit


def main() -> int:
    """Merge, write, print."""
    try:
        document = merged(*(_part(name) for name in PARTS))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    path = provenance.write("serving", document | {"targets": targets(document)})
    print("\n".join(targets(document)))
    print(f"written: {path.relative_to(places.CHECKOUT)}")
    return 0


def _part(name: str) -> Any:
    path: Path = places.RESULTS / f"serving-{name}.json"
    if not path.exists():
        raise Problem(f"{path} is missing; run: make bench-serving, or python -m serving.measure")
    return json.loads(path.read_text())[name]


if __name__ == "__main__":
    sys.exit(main())
