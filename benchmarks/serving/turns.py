"""Servers take turns in short slices, while those that wait are stopped; what each was measured at.

A server's greatest rate is what it answers within a slice in which more requests fall due than it
can answer; its latency is measured at the rate that the pipeline can just hold.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving import process_tree, servers
from serving.client import Answered, Client

_CLIENTS = 4
# The share of its greatest rate that the peer is offered: what it can just hold.
_JUST_HELD = 0.8
# Of what four clients got: enough that there is always a request waiting.
_MORE_THAN_CAN_BE = 1.2
_FLOOD = 4
_COMPARED_LABELS = 40


@dataclass(frozen=True, slots=True)
class Slices:
    """How many turns each server has, and how long one is."""

    rounds: int
    seconds: float


async def measured(started: list[servers.Running], texts: list[str], quick: bool) -> dict[str, Any]:
    """What each server says and how fast: alone, in an open loop, and ours in a flood."""
    slices = Slices(2, 4.0) if quick else Slices(3, 5.0)
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
        "flood": await _flooded(started[1], clients, reached, slices),
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
            found[each.name] = summed(answers, slices.seconds, each.cpu_s() - before_s)
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
                found[each.name].append(summed(answers, slices.seconds, each.cpu_s() - before_s))
    return dict(found)


async def _flooded(
    ours: servers.Running,
    clients: dict[str, Client],
    reached: dict[str, float],
    slices: Slices,
) -> dict[str, Any]:
    """Ours, offered far more than it can: what is answered in time, and what is refused."""
    with process_tree.awake(ours.process.pid):
        rate = _FLOOD * reached[ours.name]
        answers = await clients[ours.name].open_loop(rate, slices.seconds, seed=0)
    return {"offeredPerSecond": rate, **summed(answers, slices.seconds, 0.0)}


def summed(answers: list[Answered], seconds: float, cpu_s: float) -> dict[str, Any]:
    """Rates, latencies and costs of one slice. Pure."""
    right = [each for each in answers if each.status == 200]
    good = [each.latency_s for each in right]
    in_time = sum(each.due_s + each.latency_s - answers[0].due_s <= seconds for each in right)
    p50, p95, p99 = (1000 * float(q) for q in np.quantile(good or [np.nan], (0.5, 0.95, 0.99)))
    return {
        "requests": len(answers),
        "refused": sum(each.status == 429 for each in answers),
        "failed": sum(each.status not in (200, 429) for each in answers),
        "perSecond": in_time / seconds,
        "cpuMsPerRequest": 1000 * cpu_s / max(1, len(good)),
        "p50Ms": p50,
        "p95Ms": p95,
        "p99Ms": p99,
        "raw": [round(1000 * latency_s, 1) for latency_s in good],
    }
