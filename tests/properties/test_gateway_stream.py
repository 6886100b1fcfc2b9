"""Whatever happens in which order, an Envoy ends at the newest snapshot, over warm clusters."""

from datetime import UTC, datetime

from gateway_builders import V1, V2, route, traffic
from gateway_fakes import FakeEnvoy
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pharos_operator.gateway.render import CLUSTERS, ROUTE_TABLES, Options, render
from pharos_operator.gateway.routes import ROUTES
from pharos_operator.gateway.snapshot import Endpoint, Version
from pharos_operator.gateway.stream import Stream, Target

DRAIN_S = 5.0
EXPOSURES = st.one_of(st.none(), st.integers(0, 5000))
EDITIONS = st.integers(0, 1)
"""Two operators that define clusters in different ways."""
PODS = st.lists(st.builds(Endpoint, st.just("10.0.0.1"), st.integers(1, 3)), max_size=2)


class OneEnvoy(RuleBasedStateMachine):
    """An Envoy and its stream, with messages that wait in either direction."""

    @initialize()
    def begin(self) -> None:
        self.now_s, self.revision = 0.0, 0
        self.envoy = FakeEnvoy()
        self.target: Target | None = None
        self.reconnect()

    @rule()
    def reconnect(self) -> None:
        self.stream = Stream(datetime(2026, 1, 1, tzinfo=UTC), DRAIN_S)
        self.envoy.connect()

    @rule(exposure=EXPOSURES, stable=st.sampled_from([V1, V2, None]), pods=PODS, edition=EDITIONS)
    def publish(
        self, exposure: int | None, stable: Version | None, pods: list[Endpoint], edition: int
    ) -> None:
        self.revision += 1
        snapshot = traffic(route(self.revision, stable, exposure), v1=pods, v2=pods[:1])
        wanted = render(snapshot, Options())
        for cluster in wanted[CLUSTERS].values():
            cluster.version += f"-{edition}"
        self.target = Target(snapshot.revisions(), wanted)

    @rule(seconds=st.floats(0, 10))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    @precondition(lambda self: self.target is not None)
    @rule()
    def control_plane_speaks(self) -> None:
        self._speak()

    @precondition(lambda self: self.envoy.outbox)
    @rule()
    def envoy_speaks(self) -> None:
        self.stream.receive(self.envoy.outbox.popleft())

    @invariant()
    def routes_lead_to_warm_clusters(self) -> None:
        if hasattr(self, "envoy"):
            assert self.envoy.routed <= self.envoy.warm

    @invariant()
    def nothing_was_refused(self) -> None:
        if hasattr(self, "stream"):
            assert self.stream.rejection(self.target) is None

    def teardown(self) -> None:
        if getattr(self, "target", None) is None:
            return
        for _ in range(2):
            self.now_s += DRAIN_S + 1
            self._settle()
        assert self.target is not None
        assert dict(self.stream.live) == dict(self.target.revisions)
        clusters = {name: r.version for name, r in self.target.wanted[CLUSTERS].items()}
        assert self.envoy.versions[CLUSTERS] == clusters
        table = self.target.wanted[ROUTE_TABLES][ROUTES]
        assert self.envoy.versions[ROUTE_TABLES] == {ROUTES: table.version}
        assert not self.envoy.warming

    def _settle(self) -> None:
        for _ in range(200):
            while self.envoy.outbox:
                self.stream.receive(self.envoy.outbox.popleft())
            if not self._speak() and not self.envoy.outbox:
                return
        raise AssertionError("the stream never comes to rest")

    def _speak(self) -> bool:
        assert self.target is not None
        response = self.stream.advance(self.target, self.now_s)
        if response is not None:
            self.envoy.receive(response)
        return response is not None


OneEnvoy.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestOneEnvoy = OneEnvoy.TestCase
