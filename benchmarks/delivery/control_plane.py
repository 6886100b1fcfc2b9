"""The operator's ADS server in a process of its own, changing weights on schedule.

    python -m delivery.control_plane PLAN.json

Prints ``ready`` when every gateway has confirmed the first split, begins at a line on standard
input, prints one JSON list ``[revision, published_s, acknowledged_s]`` a change (system's monotonic
clock), then ``end``. The streams stay open until standard input is closed.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from delivery.split import KEY, snapshot_at
from pharos_operator.gateway.ads import AdsServer
from pharos_operator.gateway.render import Options

ACKNOWLEDGED_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Ports, how many gateways, and how many changes at which pace."""

    xds_port: int
    traffic_port: int
    control_port: int
    candidate_port: int
    gateways: int
    changes: int
    pause_s: float

    def to_json(self) -> str:
        """For the other process."""
        return json.dumps(asdict(self))


async def run(plan: Plan) -> None:
    """Serve, change, report."""
    server = AdsServer(Options(port=plan.traffic_port), lambda: datetime.now(UTC))
    await server.start(f"127.0.0.1:{plan.xds_port}")
    await _change(server, plan, 1)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    begin_s = time.monotonic()
    for number in range(plan.changes):
        due_s = begin_s + number * plan.pause_s
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        revision = number + 2
        print(json.dumps([revision, *await _change(server, plan, revision)]), flush=True)
    print("end", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


async def _change(server: AdsServer, plan: Plan, revision: int) -> tuple[float, float]:
    """Publish a revision and wait until every gateway routes by it; both times."""
    published_s = time.monotonic()
    server.publish(snapshot_at(revision, plan.control_port, plan.candidate_port))
    async with asyncio.timeout(ACKNOWLEDGED_WITHIN_S):
        seen = server.generation
        while not _live(server, plan.gateways, revision):
            seen = await server.changed(seen)
    return published_s, time.monotonic()


def _live(server: AdsServer, gateways: int, revision: int) -> bool:
    states = server.state()
    return len(states) >= gateways and all(s.live.get(KEY) == revision for s in states)


if __name__ == "__main__":
    asyncio.run(run(Plan(**json.loads(Path(sys.argv[1]).read_text()))))
