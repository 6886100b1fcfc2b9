"""`python -m delivery.weights`: weights change under load; does a request fail or a user stray?

Two real Envoys follow the real ADS server, which runs in its own process as the operator does. Each
answer is checked against the split of the revision that it names. QUICK=1 makes fewer changes.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from delivery import echo, gateways, places, provenance
from delivery.answers import Answer, Truth, failed, median, misrouted, quantile, stale
from delivery.control_plane import Plan
from delivery.open_loop import Client, Schedule
from delivery.processes import end_cleanly_when_told, module
from delivery.split import CANDIDATE, CONTROL, PATH, SALT, exposure_at

GATEWAYS = 2
USERS = 5_000
CONNECTIONS = 64
PAUSE_S = 0.15
RATE_PER_S = 1_200.0
CHANGES, CHANGES_QUICK = 1_000, 100
_READY_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    """One change of weights, by the monotonic clock."""

    revision: int
    published_s: float
    acknowledged_s: float


def measure(changes: int, rate_per_s: float = RATE_PER_S) -> dict[str, Any]:
    """The section ``weightChanges`` of the result."""
    with tempfile.TemporaryDirectory(prefix="pharos-weights-") as name:
        folder = Path(name)
        with echo.echoes((CONTROL.version, CANDIDATE.version), folder) as ports:
            ports_ = (ports[CONTROL.version], ports[CANDIDATE.version])
            plan = Plan(
                gateways.free_port(), gateways.free_port(), *ports_, GATEWAYS, changes, PAUSE_S
            )
            wanted = gateways.gateways(GATEWAYS)
            with gateways.started(wanted, ("127.0.0.1", plan.xds_port), folder):
                answers, made = uvloop.run(_under_load(plan, rate_per_s, folder))
                shares = [gateway.requests() for gateway in wanted]
    return section(answers, made, shares)


def section(
    answers: Sequence[Answer], changes: Sequence[Change], by_gateway: Sequence[int]
) -> dict[str, Any]:
    """Figures of what was seen. Pure."""
    revisions = range(1, max(change.revision for change in changes) + 1)
    truth = Truth(SALT, {r: exposure_at(r) for r in revisions}, CONTROL.version, CANDIDATE.version)
    bad, strays = failed(answers), misrouted(answers, truth)
    confirmed = {change.revision: change.acknowledged_s for change in changes}
    first_s, last_s = min(a.due_s for a in answers), max(a.done_s for a in answers)
    acks_ms = [(c.acknowledged_s - c.published_s) * 1000 for c in changes]
    took_ms = [a.took_s * 1000 for a in answers if a.status]
    return {
        "count": len(changes),
        "requestsPerSecond": round(len(answers) / (last_s - first_s), 1),
        "failed": len(bad),
        "misrouted": len(strays),
        "ackP95Ms": _ms(quantile(acks_ms, 0.95)),
        "ackP50Ms": _ms(median(acks_ms)),
        "ackMaxMs": _ms(max(acks_ms)),
        "staleAfterAcknowledgement": len(stale(answers, confirmed)),
        "requests": len(answers),
        "requestsByGateway": list(by_gateway),
        "users": len({a.user for a in answers}),
        "usersMisrouted": len({a.user for a in strays}),
        "revisionsSeen": len({a.revision for a in answers}),
        "answersByArm": dict(Counter(a.arm for a in answers)),
        "failures": dict(Counter(a.error or str(a.status) for a in bad)),
        "latencyMs": {
            "p50": _ms(median(took_ms)),
            "p95": _ms(quantile(took_ms, 0.95)),
            "p99": _ms(quantile(took_ms, 0.99)),
            "max": _ms(max(took_ms, default=None)),
        },
        "raw": {"ackMs": [round(each, 2) for each in acks_ms]},
    }


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


async def _under_load(
    plan: Plan, rate_per_s: float, folder: Path
) -> tuple[list[Answer], list[Change]]:
    async with _control_plane(plan, folder) as process:
        client = Client("127.0.0.1", plan.traffic_port)
        await client.warm(CONNECTIONS)
        schedule = Schedule(PATH, rate_per_s, _users(42))
        async with asyncio.TaskGroup() as group:
            group.create_task(client.run(schedule))
            try:
                changes = await _changes(process)
            finally:
                schedule.stop()
        client.close()
    return schedule.answers, changes


@asynccontextmanager
async def _control_plane(plan: Plan, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    file = folder / "plan.json"
    file.write_text(plan.to_json())
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *module("delivery.control_plane", file), stdin=pipe, stdout=pipe
    )
    try:
        async with asyncio.timeout(_READY_WITHIN_S):
            await _line(process)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _changes(process: asyncio.subprocess.Process) -> list[Change]:
    assert process.stdin is not None
    begin_s = time.monotonic()
    process.stdin.write(b"go\n")
    await process.stdin.drain()
    changes = []
    while (line := await _line(process)) != "end":
        changes.append(Change(*json.loads(line)))
        if len(changes) % 100 == 0:
            print(f"  {len(changes)} changes in {time.monotonic() - begin_s:.0f} s", flush=True)
    return changes


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode().strip()
    if not line:
        raise RuntimeError("the control plane ended before its time")
    return line


def _users(seed: int) -> Iterator[str]:
    """Users of a fixed population, in random order and again and again."""
    draw = random.Random(seed)
    while True:
        yield f"user-{draw.randrange(USERS)}"


def main() -> int:
    """Measure, write and say what came out."""
    end_cleanly_when_told()
    changes = CHANGES_QUICK if provenance.is_quick() else CHANGES
    print(f"{changes} changes of weights at {RATE_PER_S:.0f} requests/s, {GATEWAYS} gateways")
    found = measure(changes)
    path = provenance.write("delivery-weights", {"weightChanges": found})
    shown = {key: value for key, value in found.items() if key != "raw"}
    print(json.dumps(shown, indent=2))
    print(f"written: {path.relative_to(places.CHECKOUT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
