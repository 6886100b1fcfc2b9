"""One replica of the operator: its parts put together, and what they do side by side.

Every replica keeps an index and serves gateways; the one that leads also reconciles.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import aiohttp

from pharos_api.jobio import Progress
from pharos_operator.adapters import store
from pharos_operator.adapters.clock import SystemClock
from pharos_operator.adapters.election import Election, Terms
from pharos_operator.adapters.gateway_counters import GatewayCounters
from pharos_operator.adapters.http import Endpoints
from pharos_operator.adapters.kubernetes import ApiServer
from pharos_operator.adapters.labels import labels
from pharos_operator.adapters.logged_errors import error_log
from pharos_operator.adapters.notices import AppriseCourier
from pharos_operator.adapters.opinions import opinions
from pharos_operator.adapters.peers import Peers
from pharos_operator.adapters.prometheus import Prometheus
from pharos_operator.adapters.resources import WATCHED
from pharos_operator.adapters.servers import ServingPods
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.adapters.tracing import traces
from pharos_operator.adapters.users import users
from pharos_operator.errors import Unavailable
from pharos_operator.gateway.ads import AdsServer
from pharos_operator.gateway.render import Options
from pharos_operator.reconcile.act import Actor
from pharos_operator.reconcile.brains import Beside, reconciles
from pharos_operator.reconcile.capacity import Capacity
from pharos_operator.reconcile.controllers import Hands
from pharos_operator.reconcile.counters import Counters
from pharos_operator.reconcile.coverage import LabelCoverage
from pharos_operator.reconcile.dispatch import Dispatch
from pharos_operator.reconcile.engines import Engines
from pharos_operator.reconcile.fast_guard import FastGuard
from pharos_operator.reconcile.from_log import from_log
from pharos_operator.reconcile.gateway_watch import GatewayWatch
from pharos_operator.reconcile.gateways import GatewayBoard
from pharos_operator.reconcile.health import Health
from pharos_operator.reconcile.index import Index
from pharos_operator.reconcile.manifests import Manifests
from pharos_operator.reconcile.object_metrics import ObjectMetrics
from pharos_operator.reconcile.observe import Observer
from pharos_operator.reconcile.opinions import PublishedOpinions
from pharos_operator.reconcile.outbox import Outbox
from pharos_operator.reconcile.progress import ProgressBoard
from pharos_operator.reconcile.projections import record_all
from pharos_operator.reconcile.publication import Publication
from pharos_operator.reconcile.queue import WorkQueue
from pharos_operator.reconcile.recording import Recording
from pharos_operator.reconcile.reports import Reports
from pharos_operator.reconcile.routing import Routing
from pharos_operator.reconcile.sampling import Sampling
from pharos_operator.reconcile.self_testing import SelfTests
from pharos_operator.reconcile.sync import Sync
from pharos_operator.reconcile.traced import traced
from pharos_operator.reconcile.watching import Watching
from pharos_operator.settings import Settings


class Replica:
    """Builds the parts and names their duties."""

    def __init__(
        self,
        settings: Settings,
        server: ApiServer,
        session: aiohttp.ClientSession,
        telemetry: Telemetry,
    ) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._clock = SystemClock()
        self._index = Index()
        telemetry.watch(ObjectMetrics(self._index))
        self.resources = WATCHED
        self.namespaces = _namespaces(settings)
        self._sync = Sync(server, self._index, self.resources, self.namespaces)
        options = Options(port=settings.gateway_port, allow_pin=settings.allow_pin)
        self._ads = AdsServer(options, self._clock.now)
        self._routing = Routing(self._index, self._ads)
        self._peers = Peers(session, settings.http_port)
        self._board = GatewayBoard(self._index, settings.namespace)
        self._progress = ProgressBoard()
        self._capacity = Capacity(server)
        self._observer = Observer(self._index, self._progress, self._board, self._capacity)
        self._reports = Reports(server, self._index, self._progress, self._clock)
        self._election = Election(server, _terms(settings), self._clock)
        self._rows = store.rows(settings.database_url.get_secret_value(), telemetry)
        self._traces = traces(settings.otlp_endpoint, settings.pod_name)
        self._queues = self._build_queues(server, session)
        self.dispatch = Dispatch(
            self._index, self._sync.freshness, self._queues, self._routing.touch
        )
        self._health = Health(self._sync.freshness, telemetry)
        self._xds_port: int | None = None

    def _build_queues(
        self, server: ApiServer, session: aiohttp.ClientSession
    ) -> dict[str, WorkQueue]:
        platform = self._settings.platform
        manifests = Manifests(self._index, platform)
        self._recording = Recording(server, manifests, self._telemetry)
        courier = AppriseCourier(server, self._telemetry)
        self._outbox = Outbox(courier, self._clock, self._telemetry)
        hands = Hands(
            index=self._index,
            clock=self._clock,
            platform=platform,
            actor=Actor(server, self._index, self._rows, manifests, self._recording),
            publication=Publication(server, self._index, self._settings.pod_name),
            outbox=self._outbox,
        )
        url, timeout_s = self._settings.prometheus_url, self._settings.prometheus_timeout_s
        metrics = Prometheus(session, self._clock, url, timeout_s)
        counters = Counters(GatewayCounters(session))
        database = self._settings.database_url.get_secret_value()
        log = labels(database)
        sampling = Sampling(metrics, counters, from_log(log), LabelCoverage(log))
        self._opinions = PublishedOpinions(
            self._index, opinions(database), self._clock, self._telemetry
        )
        self._self_tests = SelfTests(self._index, users(database), self._clock)
        namespace = self._settings.namespace
        self._fast_guard = FastGuard(self._index, namespace, counters, sampling)
        engines = Engines(ServingPods(session))
        watching = Watching(metrics, error_log(database))
        beside = Beside(self._self_tests, self._outbox, watching)
        by_kind = reconciles(self._observer, sampling, beside, engines, hands)
        return {
            kind: WorkQueue(kind, traced(work, self._traces), self._telemetry)
            for kind, work in by_kind.items()
        }

    @property
    def endpoints(self) -> Endpoints:
        """What the HTTP server asks this replica."""
        return Endpoints(
            alive=self._health.alive,
            ready=self._health.ready,
            gateways=lambda: [state.to_json() for state in self._ads.state()],
            report=self._report,
        )

    async def prepare(self) -> None:
        """Fill the index and open the xDS port; only then does the watch begin."""
        self._health.await_for("the index", self._sync.done.is_set)
        self._health.await_for("the xDS server", lambda: self._xds_port is not None)
        await self._sync.fill()
        self._index.subscribe(self.dispatch.news)
        address = f"{self._settings.xds_host}:{self._settings.xds_port}"
        self._xds_port = await self._ads.start(address)

    def duties(self) -> list[Coroutine[Any, Any, None]]:
        """What runs side by side; the election is last, because it shall end first."""
        duties = [
            self._health.run(),
            self._sync.repeat(self._settings.resync_interval_s),
            self._routing.run(),
            self._election.run(self._lead),
        ]
        return [self._rows.run(), self._recording.run(), *duties]

    async def close(self) -> None:
        """End the gateways' streams, which keep serving what they have; send the last spans."""
        await self._ads.stop()
        await asyncio.to_thread(self._traces.stop)

    async def _lead(self) -> None:
        self._telemetry.leading.set(1)
        watch = GatewayWatch(self._index, self._ads, self._peers, self._board)
        home = (self._settings.namespace, self._settings.pod_name)
        try:
            self.dispatch.enqueue_all()
            await record_all(
                self._rows, self._index, self._observer, self._settings.platform, self._clock.now()
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(watch.run(home, self.dispatch.enqueue))
                group.create_task(self._fast_guard.run(self.dispatch.enqueue))
                group.create_task(self._capacity.run())
                group.create_task(self._self_tests.run(self.dispatch.enqueue))
                group.create_task(self._opinions.run())
                group.create_task(self._outbox.run(self.dispatch.enqueue))
                for queue in self._queues.values():
                    group.create_task(queue.run(self._settings.workers))
        finally:
            self._telemetry.leading.set(0)

    async def _report(self, token: str, report: Progress) -> None:
        if self._election.leading:
            self.dispatch.enqueue(await self._reports.take(token, report))
            return
        address = self._election.holder.rpartition("_")[2]
        if not address or address == self._settings.pod_ip:
            raise Unavailable("No replica leads at the moment; report again in a second.")
        await self._peers.report(address, token, report)


def _namespaces(settings: Settings) -> tuple[str, ...]:
    """The watched namespaces with the operator's own, where gateways live; empty is all."""
    if not settings.watch_namespaces:
        return ()
    return tuple(sorted({*settings.watch_namespaces, settings.namespace}))


def _terms(settings: Settings) -> Terms:
    return Terms(
        namespace=settings.namespace,
        name=settings.lease_name,
        identity=settings.identity,
        duration_s=settings.lease_duration_s,
        renew_deadline_s=settings.lease_renew_deadline_s,
        retry_s=settings.lease_retry_s,
    )
