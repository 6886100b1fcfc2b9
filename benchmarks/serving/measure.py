"""`python -m serving.measure PART...`: prepare, peak, accuracy, speed; each writes its own file.

Cores are shared by server and client, in equal parts for all servers. Wall-clock figures depend on
what else the machine does; CPU time a request depends on it little, so both are given, and servers
take turns in short slices.
"""

import asyncio
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from typing import Any

import numpy as np

from delivery import places, processes, provenance
from machine.problem import Problem
from pharos_api.engines import ENGINES
from serving import accuracy, peak, servers
from serving.client import Answered, Client
from serving.papers import Papers, papers
from serving.prepare import config, prepare

FOLDER = places.RESULTS / "serving"
_PACKAGES = ("fastapi", "onnxruntime", "openvino", "torch", "transformers", "uvicorn")
_CLIENTS = 4
# The share of its greatest rate that the peer is offered: what it can just hold.
_JUST_HELD = 0.8


def main() -> int:
    """Run the parts that are named, or all."""
    processes.end_cleanly_when_told()
    parts: dict[str, Callable[[Papers], dict[str, Any]]] = {
        "prepare": _prepare,
        "peak": _peak,
        "accuracy": lambda data: accuracy.accuracies(FOLDER / "cascade", _some(data)),
        "speed": _speed,
    }
    chosen = sys.argv[1:] or list(parts)
    try:
        data = papers(train=400, val=100, test=300)
        for name in chosen:
            places.RESULTS.mkdir(parents=True, exist_ok=True)
            provenance.write(f"serving-{name}", {name: parts[name](data)})
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _some(data: Papers) -> Any:
    """Every fifth of the test papers, or of a quick run every tenth."""
    return data.test[:: 10 if provenance.is_quick() else 5]


def _prepare(data: Papers) -> dict[str, Any]:
    prepare(FOLDER, data)
    return {"engines": json.loads((FOLDER / "encoder" / ENGINES).read_text())}


def _peak(data: Papers) -> dict[str, Any]:
    del data
    return {kind: peak.peak_gops(kind) for kind in ("int8", "bf16", "f32")} | {
        "unit": "Gop a CPU second of one core"
    }


def _speed(data: Papers) -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0))
    encoder, cascade = FOLDER / "encoder", FOLDER / "cascade"
    compared = [
        servers.pipeline(encoder, cores),
        servers.pharos("pharos", encoder, cores),
        servers.pharos("pharos-cascade", cascade, cores),
    ]
    if not provenance.is_quick():
        compared += [
            servers.pharos("pharos-one-stream", encoder, cores, PHAROS_STREAMS="1"),
            servers.pharos("pharos-onnx-runtime", encoder, cores, PHAROS_ENGINE="OnnxRuntime"),
        ]
    texts = [paper.text for paper in data.test]
    with ExitStack() as stack:
        started = [stack.enter_context(servers.running(each, FOLDER)) for each in compared]
        found = asyncio.run(_slices(started, texts))
    versions = {name: version(name) for name in _PACKAGES}
    return {
        "packages": versions,
        "cores": cores,
        "texts": len(texts),
        "sizes": config(encoder),
        **found,
    }


async def _slices(started: list[servers.Running], texts: list[str]) -> dict[str, Any]:
    quick = provenance.is_quick()
    rounds, seconds = (2, 4.0) if quick else (4, 10.0)
    clients = {each.name: Client(each.port, texts) for each in started}
    for each in started:
        await clients[each.name].saturate(_CLIENTS, seconds / 2)
    greatest = await _saturated(started, clients, rounds, seconds)
    rate = _JUST_HELD * float(np.median([s["perSecond"] for s in greatest[servers.PEER]]))
    held = await _held(started, clients, rate, (rounds, seconds))
    return {
        "greatestRate": greatest,
        "heldRatePerSecond": rate,
        "held": held,
        "memoryMiB": {each.name: each.memory_mib() for each in started},
    }


async def _saturated(
    started: list[servers.Running], clients: dict[str, Client], rounds: int, seconds: float
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _ in range(rounds):
        for each in started:
            before_s = each.cpu_s()
            answers = await clients[each.name].saturate(_CLIENTS, seconds)
            found[each.name].append(_summed(answers, seconds, each.cpu_s() - before_s))
    return dict(found)


async def _held(
    started: list[servers.Running],
    clients: dict[str, Client],
    rate: float,
    slices: tuple[int, float],
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number in range(slices[0]):
        for each in started:
            before_s = each.cpu_s()
            answers = await clients[each.name].open_loop(rate, slices[1], seed=number)
            found[each.name].append(_summed(answers, slices[1], each.cpu_s() - before_s))
    return dict(found)


def _summed(answers: list[Answered], seconds: float, cpu_s: float) -> dict[str, Any]:
    good = [a.latency_s for a in answers if a.status == 200]
    p50, p95, p99 = (1000 * float(q) for q in np.quantile(good or [np.nan], (0.5, 0.95, 0.99)))
    return {
        "requests": len(answers),
        "failed": len(answers) - len(good),
        "perSecond": len(good) / seconds,
        "cpuMsPerRequest": 1000 * cpu_s / max(1, len(good)),
        "p50Ms": p50,
        "p95Ms": p95,
        "p99Ms": p99,
        "raw": [round(1000 * latency_s, 1) for latency_s in good],
    }


if __name__ == "__main__":
    sys.exit(main())
