"""What the fast guard sees of real gateways: every answer to a user, whoever gave it."""

import asyncio
from dataclasses import replace

import pytest
from gateway_builders import EXPERIMENT, MODEL, NAMESPACE, SALT, V1, V2, route, traffic
from integration.gateway.lab import Gateway as Envoy
from integration.gateway.lab import Lab, publish, stop
from integration.gateway.upstream import Upstream

from pharos_analysis.samples import ArmSample, Sample
from pharos_api import names
from pharos_api.assignment import Arm, assign
from pharos_operator.adapters.gateway_counters import GatewayCounters
from pharos_operator.errors import Unavailable
from pharos_operator.gateway import routes
from pharos_operator.gateway.snapshot import Mirror
from pharos_operator.reconcile.comparing import Compared
from pharos_operator.reconcile.counters import Counters, Gateway

CONTROL = names.cluster_name(NAMESPACE, MODEL, V1.version, Arm.CONTROL)
CANDIDATE = names.cluster_name(NAMESPACE, MODEL, V2.version, Arm.CANDIDATE)
BOTH = Compared("uid-x@candidate", CONTROL, CANDIDATE, None)
USERS = [f"user-{number}" for number in range(60)]
ON = {arm: [u for u in USERS if assign(SALT, u, 5000) == arm] for arm in Arm}


def pod_of(envoy: Envoy) -> Gateway:
    return Gateway(f"uid-{envoy.node}", envoy.node, f"http://127.0.0.1:{envoy.stats_port}")


class Eyes:
    """Looks at gateways as the leader does, a second of its own clock apart."""

    def __init__(self, lab: Lab, *envoys: Envoy) -> None:
        self.counters = Counters(GatewayCounters(lab.session, timeout_s=5.0))
        self.pods = [pod_of(envoy) for envoy in envoys]
        self.now_s = 0.0

    async def look(self) -> Sample:
        await self.counters.look(self.pods, [BOTH], self.now_s)
        self.now_s += 1
        found = self.counters.sample(BOTH.key)
        assert found is not None
        return found

    async def until_timed(self, requests: int) -> Sample:
        """Latencies follow the counters within a second."""
        async with asyncio.timeout(5):
            while not (found := await self.look()).candidate.latency or (
                found.candidate.latency.counts[-1] < requests
            ):
                pass
        return found


async def exposed(lab: Lab, *candidates: Upstream) -> Eyes:
    """Half of the users on each arm; looked at since before."""
    _, one = await lab.pod("one")
    server = await lab.control_plane()
    eyes = Eyes(lab, await lab.envoy())
    await publish(server, traffic(route(1), v1=[one]))
    await eyes.look()
    pods = [await candidate.start() for candidate in candidates]
    for candidate in candidates:
        lab.stack.callback(candidate.kill)
    await publish(server, traffic(route(2, exposure=5000), v1=[one], v2=pods))
    return eyes


def counts(arm: ArmSample) -> tuple[float | None, float | None]:
    return arm.requests, arm.errors


@pytest.mark.parametrize("status", [200, 404, 500, 503])
async def test_only_a_candidates_5xx_are_errors(lab: Lab, status: int) -> None:
    eyes = await exposed(lab, Upstream("two", status=status))
    await lab.ask_all(USERS)
    seen = await eyes.until_timed(len(ON[Arm.CANDIDATE]))
    failed = len(ON[Arm.CANDIDATE]) if status >= 500 else 0
    assert counts(seen.candidate) == (len(ON[Arm.CANDIDATE]), failed)
    assert counts(seen.control) == (len(ON[Arm.CONTROL]), 0)


async def test_a_candidate_without_pods_fails_every_request(lab: Lab) -> None:
    eyes = await exposed(lab)
    await lab.ask_all(USERS)
    seen = await eyes.look()
    assert counts(seen.candidate) == (len(ON[Arm.CANDIDATE]), len(ON[Arm.CANDIDATE]))
    assert counts(seen.control) == (len(ON[Arm.CONTROL]), 0)


async def test_a_dead_candidate_fails_every_request_once_whatever_was_retried(lab: Lab) -> None:
    dead = Upstream("two")
    eyes = await exposed(lab, dead)
    dead.kill()
    answers = await lab.ask_all(USERS)
    seen = await eyes.look()
    assert {a.status for a in answers if a.arm == Arm.CANDIDATE} == {503}
    assert counts(seen.candidate) == (len(ON[Arm.CANDIDATE]), len(ON[Arm.CANDIDATE]))


async def test_a_retry_that_succeeds_is_no_error(lab: Lab) -> None:
    dying, living = Upstream("two"), Upstream("three")
    eyes = await exposed(lab, dying, living)
    dying.kill()
    answers = await lab.ask_all(USERS)
    assert {a.status for a in answers} == {200}
    assert counts((await eyes.look()).candidate) == (len(ON[Arm.CANDIDATE]), 0)


async def test_a_candidate_that_never_answers_fails_when_its_time_is_up(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "TIMEOUT_S", 1)
    eyes = await exposed(lab, Upstream("two", delay_s=30.0))
    users = ON[Arm.CANDIDATE][:5]
    answers = await lab.ask_all(users)
    assert {a.status for a in answers} == {504}
    assert counts((await eyes.look()).candidate) == (5, 5)


async def test_what_a_caller_gives_up_is_nobodys_error(lab: Lab) -> None:
    slow = Upstream("two", delay_s=5.0)
    eyes = await exposed(lab, slow)
    asking = asyncio.create_task(lab.ask(ON[Arm.CANDIDATE][0]))
    while not slow.connections:
        await eyes.look()
    asking.cancel()
    await lab.ask(ON[Arm.CONTROL][0])
    seen = await eyes.look()
    assert counts(seen.candidate) == (0, 0)
    assert counts(seen.control) == (1, 0)


async def test_a_testers_request_is_in_no_arm(lab: Lab) -> None:
    eyes = await exposed(lab, Upstream("two", status=500))
    pinned = [await lab.ask(user, x_pharos_pin="v1.1.0") for user in USERS[:10]]
    assert {(a.arm, a.status) for a in pinned} == {("pinned", 500)}
    seen = await eyes.look()
    assert counts(seen.candidate) == counts(seen.control) == (0, 0)


async def test_a_gateway_that_restarts_or_dies_keeps_what_it_had_counted(lab: Lab) -> None:
    _, one = await lab.pod("one")
    _, two = await lab.pod("two", status=500)
    server = await lab.control_plane()
    first = await lab.envoy("gateway-a")
    eyes = Eyes(lab, first)
    await publish(server, traffic(route(1, exposure=5000), v1=[one], v2=[two]))
    await eyes.look()
    await lab.ask_all(USERS)
    before = await eyes.look()
    await stop(first.process)
    blind = await eyes.look()
    assert "gateway-a" in blind.error
    assert "does not give its counters" in blind.error
    eyes.now_s += 60
    second = await lab.envoy("gateway-b")
    eyes.pods = [pod_of(second)]
    await publish(server, traffic(route(2, exposure=5000), v1=[one], v2=[two]))
    await lab.ask_all(USERS)
    after = await eyes.look()
    assert after.candidate.errors == 2 * (before.candidate.errors or 0) > 0
    assert after.control.requests == 2 * (before.control.requests or 0) > 0


async def test_a_hanging_gateway_is_given_up_in_time(lab: Lab) -> None:
    hanging = Upstream("gateway", delay_s=30.0)
    endpoint = await hanging.start()
    lab.stack.callback(hanging.kill)
    url = f"http://127.0.0.1:{endpoint.port}"
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    with pytest.raises(Unavailable, match=f"{url} does not give its counters"):
        await GatewayCounters(lab.session).read(url, [CANDIDATE])
    assert loop.time() - began_s < 2


async def test_what_answers_like_no_gateway_is_unavailable_and_no_zero(lab: Lab) -> None:
    other = Upstream("other")
    endpoint = await other.start()
    lab.stack.callback(other.kill)
    with pytest.raises(Unavailable, match="is this a gateway"):
        await GatewayCounters(lab.session).read(f"http://127.0.0.1:{endpoint.port}", [CANDIDATE])


async def test_a_shadows_answers_are_counted_apart_from_users(lab: Lab) -> None:
    _, one = await lab.pod("one")
    shadow, two = await lab.pod("two", status=500)
    server = await lab.control_plane()
    envoy = await lab.envoy()
    mirrored = replace(route(1), mirror=Mirror(EXPERIMENT, V2, 100))
    await publish(server, traffic(mirrored, v1=[one], v2=[two]))
    await lab.ask_all(USERS)
    await shadow.reached(len(USERS))
    clusters = {
        arm: names.cluster_name(NAMESPACE, MODEL, version.version, arm)
        for arm, version in ((Arm.OUTSIDE, V1), (Arm.SHADOW, V2))
    }
    reader = GatewayCounters(lab.session, timeout_s=5.0)
    async with asyncio.timeout(5):
        while True:
            read = await reader.read(pod_of(envoy).url, clusters.values())
            found = {arm: read.clusters[cluster] for arm, cluster in clusters.items()}
            if found[Arm.SHADOW].requests == len(USERS):
                break
    assert found[Arm.SHADOW].errors == len(USERS)
    assert (found[Arm.OUTSIDE].requests, found[Arm.OUTSIDE].errors) == (len(USERS), 0)
