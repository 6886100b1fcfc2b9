"""`python -m serving.measure PART...`: prepare, peak, accuracy, layouts, speed; a file for each.

Cores are shared by server and client, in equal parts for all servers. Wall-clock figures depend on
what else the machine does; CPU time a request depends on it little, so both are given, and servers
take turns in short slices, while those that wait are stopped.
"""

import asyncio
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from delivery import places, processes, provenance
from machine.problem import Problem
from pharos_api.engines import ENGINES
from serving import accuracy, layouts, peak, process_tree, servers
from serving.client import Answered, Client
from serving.papers import Papers, papers
from serving.peers import PEERS
from serving.prepare import config, prepare

FOLDER = places.RESULTS / "serving"
_PACKAGES = ("fastapi", "onnxruntime", "openvino", "torch", "transformers", "uvicorn")
_CLIENTS = 4
# The share of its greatest rate that the peer is offered: what it can just hold.
_JUST_HELD = 0.8
# Of what four clients got: enough that there is always a request waiting.
_MORE_THAN_CAN_BE = 1.2
_COMPARED_LABELS = 40


@dataclass(frozen=True, slots=True)
class Slices:
    """How many turns each server has, and how long one is."""

    rounds: int
    seconds: float


def main() -> int:
    """Run the parts that are named, or all."""
    processes.end_cleanly_when_told()
    parts: dict[str, Callable[[Papers], dict[str, Any]]] = {
        "prepare": _prepare,
        "peak": _peak,
        "accuracy": lambda data: accuracy.accuracies(FOLDER / "cascade", _some(data)),
        "layouts": _layouts,
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


def _layouts(data: Papers) -> dict[str, Any]:
    del data
    return layouts.compared(FOLDER / "encoder", len(os.sched_getaffinity(0)))


def _speed(data: Papers) -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0))
    texts = [paper.text for paper in data.test]
    absent: dict[str, str] = {}
    with ExitStack() as stack:
        started = list(_started(stack, cores, absent))
        found = asyncio.run(_slices(started, texts))
    return {
        "packages": {name: version(name) for name in _PACKAGES},
        "peers": {peer.name: list(peer.requirements) for peer in PEERS},
        "absent": absent,
        "cores": cores,
        "texts": len(texts),
        "sizes": config(FOLDER / "encoder"),
        **found,
    }


def _started(stack: ExitStack, cores: int, absent: dict[str, str]) -> Iterator[servers.Running]:
    """All that come up; why a peer does not is put into ``absent``. Ours must."""
    for each in _ours(cores):
        yield stack.enter_context(servers.running(each, FOLDER))
    for described in PEERS:
        try:
            server = servers.peer(described, FOLDER / "encoder", cores)
            yield stack.enter_context(servers.running(server, FOLDER))
        except Problem as problem:
            absent[described.name] = str(problem)
            print(f"{described.name} is absent: {problem}", file=sys.stderr)


def _ours(cores: int) -> list[servers.Server]:
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
    return compared


async def _slices(started: list[servers.Running], texts: list[str]) -> dict[str, Any]:
    quick = provenance.is_quick()
    slices = Slices(2, 4.0) if quick else Slices(3, 8.0)
    clients = {each.name: Client(each.port, each.dialect, texts) for each in started}
    said = await _labels(started, clients)
    closed = await _saturated(started, clients, slices)
    reached = {name: found["perSecond"] for name, found in closed.items()}
    offered = {name: _MORE_THAN_CAN_BE * rate for name, rate in reached.items()}
    greatest = await _open(started, clients, offered, slices)
    rate = _JUST_HELD * float(np.median([s["perSecond"] for s in greatest[servers.PEER]]))
    held = await _open(started, clients, dict.fromkeys(offered, rate), slices)
    return {
        "agreement": {name: agreement(said[servers.PEER], found) for name, found in said.items()},
        "byFourClients": closed,
        "offeredPerSecond": offered,
        "greatestRate": greatest,
        "heldRatePerSecond": rate,
        "held": held,
        "memoryMiB": {each.name: each.memory_mib() for each in started},
    }


async def _labels(
    started: list[servers.Running], clients: dict[str, Client]
) -> dict[str, list[str]]:
    """What each says of the same texts; also its warm-up."""
    found = {}
    for each in started:
        with process_tree.awake(each.process.pid):
            found[each.name] = await clients[each.name].labels(_COMPARED_LABELS)
    return found


def agreement(peers: list[str], ours: list[str]) -> float:
    """The share of texts that two servers give the same label. Pure."""
    return sum(a == b for a, b in zip(peers, ours, strict=True)) / len(peers)


async def _saturated(
    started: list[servers.Running], clients: dict[str, Client], slices: Slices
) -> dict[str, dict[str, Any]]:
    """What each gives to a few clients that ask as soon as they were answered."""
    found = {}
    for each in started:
        with process_tree.awake(each.process.pid):
            await clients[each.name].saturate(_CLIENTS, slices.seconds / 4)
            before_s = each.cpu_s()
            answers = await clients[each.name].saturate(_CLIENTS, slices.seconds)
            found[each.name] = _summed(answers, slices.seconds, each.cpu_s() - before_s)
    return found


async def _open(
    started: list[servers.Running],
    clients: dict[str, Client],
    offered: dict[str, float],
    slices: Slices,
) -> dict[str, list[dict[str, Any]]]:
    """Each in turn offered its rate; what it answers after the slice counts for latency alone."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number in range(slices.rounds):
        for each in started:
            with process_tree.awake(each.process.pid):
                client, before_s = clients[each.name], each.cpu_s()
                answers = await client.open_loop(offered[each.name], slices.seconds, seed=number)
                found[each.name].append(_summed(answers, slices.seconds, each.cpu_s() - before_s))
    return dict(found)


def _summed(answers: list[Answered], seconds: float, cpu_s: float) -> dict[str, Any]:
    right = [each for each in answers if each.status == 200]
    good = [each.latency_s for each in right]
    in_time = sum(each.due_s + each.latency_s - answers[0].due_s <= seconds for each in right)
    p50, p95, p99 = (1000 * float(q) for q in np.quantile(good or [np.nan], (0.5, 0.95, 0.99)))
    return {
        "requests": len(answers),
        "failed": len(answers) - len(good),
        "perSecond": in_time / seconds,
        "cpuMsPerRequest": 1000 * cpu_s / max(1, len(good)),
        "p50Ms": p50,
        "p95Ms": p95,
        "p99Ms": p99,
        "raw": [round(1000 * latency_s, 1) for latency_s in good],
    }


if __name__ == "__main__":
    sys.exit(main())
