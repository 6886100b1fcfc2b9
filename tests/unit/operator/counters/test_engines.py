"""Who is asked what it computes with: how often, and that nobody waits for it."""

import asyncio
from dataclasses import dataclass, field, replace

import virtual_time
from decide_builders import version

from pharos_api.modelversion import EngineStatus, ModelVersionStatus
from pharos_operator.decide.observation import DeploymentView, ServerView, VersionObservation
from pharos_operator.decide.versions.modelversion import ASK_AGAIN_S
from pharos_operator.reconcile.engines import Engines
from pharos_operator.reconcile.latest import PATIENCE_S

INT8 = EngineStatus(name="OpenVino-Int8", texts_per_second="52.3", template="a")
POD = ServerView("10.0.0.1", "a")


@dataclass
class FakeServers:
    """Fulfils ``ports.Servers``; a slow one takes a second longer than anybody waits."""

    answer: EngineStatus | None = INT8
    slow: bool = False
    asked: list[tuple[ServerView, str]] = field(default_factory=list)

    async def engine(self, server: ServerView, model: str) -> EngineStatus | None:
        self.asked.append((server, model))
        await asyncio.sleep(PATIENCE_S + 1 if self.slow else 0)
        return self.answer


def seen(server: ServerView | None = POD, known: EngineStatus | None = None) -> VersionObservation:
    pods = DeploymentView("arxiv-v1-0-0", "uid-d", 1, 1, 1, server=server)
    of = version("v1.0.0").model_copy(update={"status": ModelVersionStatus(engine=known)})
    return VersionObservation(of, None, deployment=pods)


def test_a_ready_pod_is_asked_and_its_answer_is_in_the_same_look() -> None:
    servers = FakeServers()
    found = virtual_time.run(Engines(servers).seen(seen()))
    assert found.engine == INT8
    assert servers.asked == [(POD, "arxiv")]


def test_nobody_is_asked_what_is_known_or_where_none_is_ready() -> None:
    servers = FakeServers()
    for obs in (seen(known=INT8), seen(server=None), replace(seen(), deployment=None)):
        assert virtual_time.run(Engines(servers).seen(obs)) == obs
    assert servers.asked == []


def test_a_pod_that_does_not_tell_is_asked_again_after_a_while_and_no_sooner() -> None:
    async def story() -> None:
        servers = FakeServers(answer=None)
        engines = Engines(servers)
        for _ in range(5):
            assert (await engines.seen(seen())).engine is None
        assert len(servers.asked) == 1
        servers.answer = INT8
        await asyncio.sleep(ASK_AGAIN_S)
        assert (await engines.seen(seen())).engine == INT8

    virtual_time.run(story())


def test_a_late_answer_is_had_by_a_later_look() -> None:
    async def story() -> None:
        servers = FakeServers(slow=True)
        engines = Engines(servers)
        assert (await engines.seen(seen())).engine is None
        await asyncio.sleep(2)
        assert (await engines.seen(seen())).engine == INT8
        assert len(servers.asked) == 1

    virtual_time.run(story())


def test_a_pod_of_another_template_is_asked_at_once() -> None:
    async def story() -> None:
        servers = FakeServers()
        engines = Engines(servers)
        await engines.seen(seen())
        await engines.seen(seen(known=INT8))
        await engines.seen(seen(ServerView("10.0.0.2", "b"), INT8))
        assert [server.template for server, _ in servers.asked] == ["a", "b"]

    virtual_time.run(story())
