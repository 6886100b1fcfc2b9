"""`python -m delivery.rollback`: from the first bad answer of a candidate to its last answer.

Real API server, operator, Envoys and Prometheus; open loop, 50 requests/s a canary, several
canaries side by side. The clock is that of the rivals' figures: from the first 5xx of the candidate
that a client sees to the last response that the candidate serves. QUICK=1 makes fewer runs.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import uvloop

from delivery import places, provenance
from delivery.answers import median, quantile, safety_s
from delivery.course import Course, Runner, Scenario, by_candidate, seen
from delivery.installation import Installation, installation
from delivery.open_loop import Client
from delivery.processes import end_cleanly_when_told

MOST_PER_S = 600.0
"""Requests a second of all canaries that run side by side: what two cores carry with ease."""
CONNECTIONS = 64
_NAME = "delivery-rollback"


@dataclass(frozen=True, slots=True)
class Batch:
    """A scenario and how often it is run.

    ``blind_after_s``: Prometheus goes so long after the first canary got its share, and with 0
    before that. None: it stays.
    """

    scenario: Scenario
    runs: int
    quick_runs: int
    blind_after_s: float | None = None


FAILING = Scenario("failing30", 25, control_share=0.0, first_share=0.3, patience_s=60)
RISING = Scenario("from1to6", 25, 0.01, 0.01, patience_s=120, then_share=0.06, turns_after_s=60)
HEALTHY = Scenario("healthy", 25, 0.01, 0.01, patience_s=120)

# The shares and the load are those of the rivals' runs: 25 % is the first step there with Argo
# Rollouts, 10 % with Flagger.
BATCHES = (
    Batch(FAILING, 24, 12),
    Batch(replace(FAILING, name="failing30At10Percent", percent=10), 24, 0),
    Batch(replace(FAILING, name="failing30At50AnArm", percent=50, rate_per_s=100.0), 24, 0),
    Batch(replace(FAILING, name="failing30WithoutPrometheus"), 12, 0, blind_after_s=0),
    Batch(replace(FAILING, name="failing6", first_share=0.06), 24, 0),
    Batch(RISING, 24, 12),
    Batch(replace(RISING, name="from1to6At50AnArm", percent=50, rate_per_s=100.0), 18, 0),
    Batch(HEALTHY, 12, 0),
    Batch(replace(HEALTHY, name="healthyWithoutPrometheus"), 12, 12, blind_after_s=15),
)


async def measure(batches: Iterable[Batch], is_quick: bool) -> dict[str, list[Course]]:
    """All runs of all batches, by the name of the scenario."""
    found = {}
    async with installation() as place:
        client = Client("127.0.0.1", place.traffic_port)
        for batch in batches:
            runs = batch.quick_runs if is_quick else batch.runs
            if runs:
                found[batch.scenario.name] = await _batch(place, client, batch, runs)
        client.close()
    return found


async def _batch(place: Installation, client: Client, batch: Batch, runs: int) -> list[Course]:
    courses: list[Course] = []
    at_once = max(1, int(MOST_PER_S / batch.scenario.rate_per_s))
    for first in range(0, runs, at_once):
        numbers = range(first, min(first + at_once, runs))
        runner = Runner(place, client)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(runner.run(batch.scenario, n)) for n in numbers]
            if batch.blind_after_s is not None:
                group.create_task(_lose(place, runner, batch.blind_after_s))
        courses += [task.result() for task in tasks]
        if batch.blind_after_s is not None:
            place.prometheus.start()
        print(f"  {batch.scenario.name}: {_times(courses[first:])}", flush=True)
    return courses


async def _lose(place: Installation, runner: Runner, after_s: float) -> None:
    if after_s:
        await runner.exposed.wait()
        await asyncio.sleep(after_s)
    await asyncio.to_thread(place.prometheus.stop)


def sections(found: Mapping[str, Sequence[Course]]) -> dict[str, Any]:
    """``rollback`` and the runs of healthy candidates, of what was seen. Pure."""
    return {
        "rollback": {name: section(courses) for name, courses in found.items()},
        "healthyOnTheRealPath": {
            name: {"runs": len(courses), "lost": sum(course.ended for course in courses)}
            for name, courses in found.items()
            if name.startswith("healthy")
        },
    }


def section(courses: Sequence[Course]) -> dict[str, Any]:
    """Figures of one scenario. ``p95S`` only says something where every run ended. Pure."""
    scenario = courses[0].scenario
    times = [each for course in courses if (each := time_to_safety_s(course)) is not None]
    return {
        "p95S": _s(quantile(times, 0.95)),
        "medianS": _s(median(times)),
        "minS": _s(min(times, default=None)),
        "maxS": _s(max(times, default=None)),
        "runs": len(courses),
        "rolledBack": sum(course.ended for course in courses),
        "percent": scenario.percent,
        "requestsPerSecond": scenario.rate_per_s,
        "requests": sum(len(course.answers) for course in courses),
        "failedRequestsMedian": median(seen(course.answers)["failed"] for course in courses),
        "raw": [_raw(course) for course in courses],
    }


def time_to_safety_s(course: Course) -> float | None:
    """The rivals' clock, begun anew where the candidate turns bad later; None if it never ended."""
    if not course.ended:
        return None
    return safety_s(course.answers, by_candidate, course.turned_s)


def _raw(course: Course) -> dict[str, Any]:
    since_turn = None
    if course.turned_s and course.ended:
        last_s = max(a.done_s for a in course.answers if by_candidate(a))
        since_turn = _s(last_s - course.turned_s)
    return {
        "seconds": _s(time_to_safety_s(course)),
        "secondsSinceTurn": since_turn,
        "phase": course.experiment["status"]["phase"],
        "reason": course.reason,
        "outcomes": {m["metric"]: m["outcome"] for m in course.measurements},
        **seen(course.answers),
    }


def _times(courses: Sequence[Course]) -> str:
    times = (time_to_safety_s(course) for course in courses)
    return ", ".join("held" if each is None else f"{each:.1f} s" for each in times)


def _s(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def main() -> int:
    """Measure, write and say what came out."""
    end_cleanly_when_told()
    options = _options()
    chosen = [b for b in BATCHES if not options.only or b.scenario.name in options.only]
    if options.runs:
        chosen = [replace(batch, runs=options.runs, quick_runs=options.runs) for batch in chosen]
    found = uvloop.run(measure(chosen, provenance.is_quick()))
    result = sections(found)
    kept = _measured_before() if options.only else {}
    path = provenance.write(_NAME, {key: kept.get(key, {}) | new for key, new in result.items()})
    for name, each in result["rollback"].items():
        shown = {key: value for key, value in each.items() if key != "raw"}
        print(f"{name}: {json.dumps(shown)}")
    print(f"written: {path.relative_to(places.CHECKOUT)}")
    return 0


def _measured_before() -> dict[str, Any]:
    """What an earlier run has written, of which single scenarios are measured again."""
    path = places.RESULTS / f"{_NAME}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="delivery.rollback", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        help="a scenario to run; all by default, and else the others are kept",
    )
    parser.add_argument("--runs", type=int, help="runs of each scenario")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
