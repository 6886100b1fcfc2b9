"""A candidate that crashes in the shadow: its copies' counters tell, and no user feels it."""

import asyncio
from collections.abc import Callable

import pytest
from decide_builders import NOW, experiment
from gateway_builders import EXPERIMENT, MODEL, NAMESPACE, V1, V2, route, traffic
from integration.gateway.lab import Answer, Lab, publish
from integration.gateway.upstream import Upstream

from pharos_analysis.judgement import Judgement, Ruling
from pharos_analysis.samples import Facts
from pharos_analysis.shadowing import judge_shadow
from pharos_api import names
from pharos_api.assignment import Arm
from pharos_operator.adapters.gateway_counters import GatewayCounters
from pharos_operator.gateway.snapshot import Mirror
from pharos_operator.reconcile.comparing import Compared
from pharos_operator.reconcile.counters import Counters, Gateway

STABLE = names.cluster_name(NAMESPACE, MODEL, V1.version, Arm.OUTSIDE)
COPIES = names.cluster_name(NAMESPACE, MODEL, V2.version, Arm.SHADOW)
SHADOW = Compared("uid-x@shadow", STABLE, COPIES, NOW)
SPEC = experiment(spec={"strategy": "Shadow"}).spec
PATIENCE_S = 10


def goes_on(_: Upstream) -> None:
    """A candidate that answers every copy."""


def dies(pod: Upstream) -> None:
    pod.kill()


def fails(pod: Upstream) -> None:
    pod.status = 500


class Watch:
    """Judges what one gateway counted, from one look to the next. There is no prediction log."""

    def __init__(self, lab: Lab, gateway: Gateway) -> None:
        self.gateway = gateway
        self.counters = Counters(GatewayCounters(lab.session, timeout_s=5.0))

    async def look(self) -> Judgement:
        now_s = asyncio.get_running_loop().time()
        await self.counters.look([self.gateway], [SHADOW], now_s)
        seen = Facts(fast=self.counters.sample(SHADOW.key), recent=self.counters.recent(SHADOW.key))
        return judge_shadow(SPEC, seen, NOW)


@pytest.mark.requirement("ABT-13")
@pytest.mark.parametrize("crash", [dies, fails])
async def test_a_candidate_that_crashes_in_the_shadow_is_harm_and_no_user_feels_it(
    lab: Lab, crash: Callable[[Upstream], None]
) -> None:
    answers, found, failed = await shadowed(lab, crash, Ruling.HARM)
    assert found.ruling is Ruling.HARM
    assert "error-rate" in found.message
    assert failed >= 5
    assert {(answer.status, answer.arm) for answer in answers} == {(200, "outside")}


async def test_a_candidate_that_answers_every_copy_is_no_harm(lab: Lab) -> None:
    _, found, failed = await shadowed(lab, goes_on, Ruling.HOLD)
    assert (found.ruling, failed) == (Ruling.HOLD, 0)


async def shadowed(
    lab: Lab, crash: Callable[[Upstream], None], until: Ruling
) -> tuple[list[Answer], Judgement, float]:
    """All users' answers, the last judgement and the failed copies; well before, then ``crash``."""
    _, one = await lab.pod("one")
    pod, two = await lab.pod("two")
    server = await lab.control_plane()
    envoy = await lab.envoy()
    watch = Watch(lab, Gateway("uid-a", envoy.node, f"http://127.0.0.1:{envoy.stats_port}"))
    mirrored = route(3, mirror=Mirror(EXPERIMENT, V2, 100))
    await publish(server, traffic(mirrored, v1=[one], v2=[two]))
    await watch.look()
    async with lab.load() as load:
        await load.more(100)
        assert (await watch.look()).ruling is Ruling.HOLD
        crash(pod)
        await load.more(200)
        found = await watch.look()
        async with asyncio.timeout(PATIENCE_S):
            while found.ruling is not until:
                await load.more(20)
                found = await watch.look()
    seen = watch.counters.sample(SHADOW.key)
    assert seen is not None
    return list(load.answers), found, seen.candidate.errors or 0.0
