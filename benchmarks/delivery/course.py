"""One canary from its creation to its end, as its users and its operator see it.

Plays Kubernetes' own controllers: a version whose Deployment exists has one ready pod, which is a
model server of this process.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from delivery import objects, places
from delivery.answers import Answer
from delivery.api import APPS, CUSTOM, DISCOVERY
from delivery.installation import NAMESPACE, Installation
from delivery.model_servers import ModelServer
from delivery.objects import Body
from delivery.open_loop import Client, Schedule
from pharos_api import names

CONTROL, CANDIDATE = "v1.0.0", "v1.1.0"
USERS = 1_000
SETTLES_S = 2.0
_STARTS_WITHIN_S = 120.0
_MODELS = (CUSTOM, "models")
_EXPERIMENTS = (CUSTOM, "abexperiments")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to a canary. Shares are 0..1, times seconds from its first confirmed share.

    The candidate fails with ``first_share`` of its answers, and from ``turns_after_s`` with
    ``then_share``. The run ends when the experiment does, or after ``patience_s``.
    """

    name: str
    percent: int
    control_share: float
    first_share: float
    patience_s: float
    then_share: float | None = None
    turns_after_s: float = 0.0
    rate_per_s: float = 50.0
    hold_for: str = "1h"


@dataclass
class Course:
    """What one run brought."""

    scenario: Scenario
    number: int
    answers: list[Answer] = field(default_factory=list)
    exposed_s: float = 0.0
    turned_s: float = 0.0
    experiment: Body = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the experiment has ended, well or badly."""
        return self.experiment["status"]["phase"] in ("Succeeded", "Failed")

    @property
    def reason(self) -> str:
        """Why it ended, in the operator's words."""
        return str(self.experiment["status"].get("reason", ""))

    @property
    def measurements(self) -> list[Body]:
        """What the operator showed last of each metric."""
        found: list[Body] = self.experiment["status"].get("measurements", [])
        return found


class Runner:
    """Runs canaries on one installation, several at a time.

    ``exposed`` is set when the first of them has got its share.
    """

    def __init__(self, place: Installation, client: Client) -> None:
        self._place, self._client = place, client
        self.exposed = asyncio.Event()

    async def run(self, scenario: Scenario, number: int) -> Course:
        """One canary from an empty model on."""
        model = f"{scenario.name.lower()}-{number:03d}"
        control = ModelServer(CONTROL, 2 * number, scenario.control_share)
        candidate = ModelServer(CANDIDATE, 2 * number + 1, scenario.first_share)
        path = f"/models/{NAMESPACE}/{model}/v1/classify"
        schedule = Schedule(path, scenario.rate_per_s, users(number))
        course = Course(scenario, number, schedule.answers)
        await self._bring_to_production(model, control)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._client.run(schedule))
            try:
                await self._canary(model, candidate, course)
            finally:
                schedule.stop()
        control.stop()
        candidate.stop()
        return course

    async def _bring_to_production(self, model: str, server: ModelServer) -> None:
        await self._place.api.create(*_MODELS, objects.model(model))
        await self._start(model, server)
        await self._play(names.version_object_name(model, server.version))
        await self._place.api.until(_MODELS, model, _has_route, _STARTS_WITHIN_S)

    async def _start(self, model: str, server: ModelServer) -> None:
        """Create the version; its pods are ready as soon as the operator has asked for them."""
        api = self._place.api
        body = objects.version(model, server.version)
        name = body["metadata"]["name"]
        host = places.own_address()
        port = await server.start(host)
        await api.create(CUSTOM, "modelversions", body)
        await api.create(DISCOVERY, "endpointslices", objects.endpoint_slice(name, host, port))

    async def _play(self, version: str) -> None:
        api = self._place.api
        await api.until((APPS, "deployments"), version, bool, _STARTS_WITHIN_S)
        await api.merge_status(APPS, "deployments", version, objects.deployment_status(1))

    async def _canary(self, model: str, candidate: ModelServer, course: Course) -> None:
        scenario, api = course.scenario, self._place.api
        await self._start(model, candidate)
        body = objects.canary(model, CANDIDATE, scenario.percent, scenario.hold_for)
        name = body["metadata"]["name"]
        await api.create(*_EXPERIMENTS, body)
        await self._play(names.version_object_name(model, CANDIDATE))
        await api.until(_EXPERIMENTS, name, _is_exposed, _STARTS_WITHIN_S)
        course.exposed_s = time.monotonic()
        self.exposed.set()
        await self._watch(name, candidate, course)

    async def _watch(self, name: str, candidate: ModelServer, course: Course) -> None:
        scenario, api = course.scenario, self._place.api
        if scenario.then_share is not None:
            await asyncio.sleep(scenario.turns_after_s)
            candidate.error_share = scenario.then_share
            course.turned_s = time.monotonic()
        until_s = time.monotonic() + scenario.patience_s
        while True:
            found = await api.get(*_EXPERIMENTS, name)
            assert found is not None
            course.experiment = found
            if course.ended or time.monotonic() > until_s:
                break
            await asyncio.sleep(0.5)
        await asyncio.sleep(SETTLES_S)


def users(seed: int) -> Iterator[str]:
    """Users of a fixed population, in random order and again and again."""
    draw = random.Random(seed)
    while True:
        yield f"user-{draw.randrange(USERS)}"


def _has_route(model: Body) -> bool:
    route = (model.get("status") or {}).get("route") or {}
    return bool(route.get("stable")) and route.get("verifiedRevision") == route["revision"]


def _is_exposed(experiment: Body) -> bool:
    status = experiment.get("status") or {}
    return bool(status.get("weightVerified")) or status.get("phase") in ("Failed", "Succeeded")


def by_candidate(answer: Answer) -> bool:
    """Whether the candidate served an answer."""
    return answer.version == CANDIDATE


def seen(answers: Sequence[Answer]) -> dict[str, int]:
    """Requests and failures, of all and of the candidate."""
    own = [answer for answer in answers if by_candidate(answer)]
    return {
        "requests": len(answers),
        "failed": sum(answer.status >= 500 or answer.status == 0 for answer in answers),
        "candidateRequests": len(own),
        "candidateFailed": sum(answer.status >= 500 for answer in own),
    }
