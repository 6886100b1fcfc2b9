"""A candidate that takes requests and never answers, at a real gateway: harm in seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from decide_builders import NOW, experiment
from gateway_builders import MODEL, NAMESPACE, PATH, V1, V2, route, traffic
from integration.gateway.lab import Lab, publish
from integration.gateway.upstream import Upstream

from pharos_analysis.judgement import Judgement, Ruling
from pharos_analysis.judging import judge
from pharos_analysis.samples import Facts
from pharos_api import names
from pharos_api.assignment import Arm
from pharos_operator.adapters.gateway_counters import GatewayCounters
from pharos_operator.reconcile.comparing import Compared
from pharos_operator.reconcile.counters import Counters, Gateway

CONTROL = names.cluster_name(NAMESPACE, MODEL, V1.version, Arm.CONTROL)
CANDIDATE = names.cluster_name(NAMESPACE, MODEL, V2.version, Arm.CANDIDATE)
ARMS = Compared("uid-x@candidate", CONTROL, CANDIDATE, NOW)
SPEC = experiment().spec
A_SECOND = 50
NEVER_S = 60.0


@asynccontextmanager
async def asked(lab: Lab) -> AsyncIterator[None]:
    """Users who ask at a steady pace and do not wait for one another."""
    loop = asyncio.get_running_loop()
    waiting: set[asyncio.Task[object]] = set()
    due: asyncio.TimerHandle | None = None

    def ask(number: int) -> None:
        nonlocal due
        waiting.add(asyncio.create_task(lab.ask(f"user-{number}")))
        due = loop.call_later(1 / A_SECOND, ask, number + 1)

    ask(0)
    try:
        yield
    finally:
        if due is not None:
            due.cancel()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


class Watch:
    """Looks at one gateway as the leader does, each second. Prometheus and the log are away."""

    def __init__(self, lab: Lab, gateway: Gateway) -> None:
        self.gateway = gateway
        self.counters = Counters(GatewayCounters(lab.session))
        self.second = asyncio.Event()

    async def look(self) -> Judgement:
        loop = asyncio.get_running_loop()
        self.second.clear()
        loop.call_later(1.0, self.second.set)
        await self.counters.look([self.gateway], [ARMS], loop.time())
        recent = self.counters.recent(ARMS.key)
        found = judge(SPEC, Facts(fast=self.counters.sample(ARMS.key), recent=recent), NOW)
        await self.second.wait()
        return found

    async def until_harm(self, most_s: float) -> Judgement:
        """The judgement that condemns, within so many seconds."""
        async with asyncio.timeout(most_s):
            while (found := await self.look()).ruling is not Ruling.HARM:
                pass
        return found


async def exposed(lab: Lab, one: Upstream, two: Upstream) -> Watch:
    """Half of the users on each arm; counted since before."""
    pods = [await pod.start() for pod in (one, two)]
    for pod in (one, two):
        lab.stack.callback(pod.kill)
    server = await lab.control_plane()
    envoy = await lab.envoy()
    watch = Watch(lab, Gateway("uid-a", envoy.node, f"http://127.0.0.1:{envoy.stats_port}"))
    await publish(server, traffic(route(1), v1=[pods[0]]))
    await watch.look()
    await publish(server, traffic(route(2, exposure=5000), v1=[pods[0]], v2=[pods[1]]))
    return watch


async def test_a_candidate_that_hangs_from_its_first_request_is_harm_in_seconds(lab: Lab) -> None:
    watch = await exposed(lab, Upstream("one"), Upstream("two", delay_s=NEVER_S))
    async with asked(lab):
        found = await watch.until_harm(6)
    assert "have had no answer for more than 2.5 s" in found.message


async def test_a_candidate_that_hangs_after_a_good_time_is_harm_as_soon(lab: Lab) -> None:
    two = Upstream("two")
    watch = await exposed(lab, Upstream("one"), two)
    async with asked(lab):
        for _ in range(5):
            assert (await watch.look()).ruling is not Ruling.HARM
        two.delay_s = NEVER_S
        found = await watch.until_harm(6)
    assert "have had no answer" in found.message


async def test_where_both_versions_hang_nobody_is_taken_back_for_it(lab: Lab) -> None:
    one, two = Upstream("one"), Upstream("two")
    watch = await exposed(lab, one, two)
    async with asked(lab):
        await watch.look()
        one.delay_s = two.delay_s = NEVER_S
        rulings = [(await watch.look()).ruling for _ in range(7)]
    assert Ruling.HARM not in rulings


async def test_requests_that_are_still_being_uploaded_do_not_count_as_unanswered(
    lab: Lab,
) -> None:
    """What a slow caller has not said yet, no model can answer."""
    watch = await exposed(lab, Upstream("one"), Upstream("two"))

    callers = [await half_said(lab, f"user-{number}") for number in range(40)]
    for _ in range(5):
        assert (await watch.look()).ruling is not Ruling.HARM
    seen = watch.counters.sample(ARMS.key)
    for caller in callers:
        caller.close()
    assert seen is not None
    assert (seen.candidate.in_flight, seen.control.in_flight) == (0, 0)


async def half_said(lab: Lab, user: str) -> asyncio.StreamWriter:
    """A caller who has announced a body of 100 bytes and sent eight of them."""
    _, writer = await asyncio.open_connection("127.0.0.1", lab.traffic_port)
    lines = (f"POST {PATH} HTTP/1.1", "host: gateway", f"x-user-id: {user}", "content-length: 100")
    writer.write("\r\n".join([*lines, "", '{"text":']).encode())
    await writer.drain()
    return writer
