"""What the shell needs of the world outside, as small protocols. Adapters fulfil them."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pharos_analysis.resplitting import UsersLog
from pharos_analysis.samples import (
    ArmLog,
    LabelSample,
    LoggedErrors,
    PairSample,
    QueryValue,
    Sample,
)
from pharos_api.metrics import Slice
from pharos_api.modelversion import EngineStatus
from pharos_operator.decide.decision import (
    Notice,
    RecordEvidence,
    RecordExperiment,
    RecordRetraining,
    RecordVersion,
    Ref,
)
from pharos_operator.decide.observation import ServerView
from pharos_operator.render.gateway_stats import Reading
from pharos_operator.render.metric_queries import ValueQuery
from pharos_store.opinions import OpinionCounts


@dataclass(frozen=True, slots=True)
class Address:
    """Where the addresses of a Model's services are kept; they are secrets themselves."""

    namespace: str
    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of one try: marks of the services that took the notice, and who did not.

    A mark says nothing about an address. ``problems`` are sentences that name no more than its
    kind, such as ``slack``.
    """

    taken: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


class Courier(Protocol):
    """Brings notices to services outside of the cluster."""

    async def post(self, address: Address, notice: Notice, skip: frozenset[str]) -> Posted:
        """Try every service once but those whose marks are in ``skip``.

        Raises the errors of ``errors.py`` where the addresses cannot be read.
        """


class Traces(Protocol):
    """Where spans of reconciles go."""

    def span(self, kind: str, namespace: str, name: str) -> AbstractContextManager[None]:
        """To be entered around one reconcile of that object."""

    def stop(self) -> None:
        """Send what waits; may block for some seconds."""


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The time, in UTC."""


class Cluster(Protocol):
    """Writes to the API server. Raises the errors of ``errors.py``."""

    async def apply(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply one object; returns what the server stored."""

    async def apply_status(
        self, ref: Ref, status: dict[str, Any], resource_version: str
    ) -> dict[str, Any]:
        """Server-side apply a status, if the object is still the one at ``resource_version``."""

    async def patch(self, ref: Ref, change: dict[str, Any]) -> dict[str, Any]:
        """Merge ``change`` into one object, for the fields that others share with us."""

    async def delete(self, ref: Ref) -> None:
        """Delete with uid precondition and background propagation; a missing object is fine."""

    async def record_event(self, event: dict[str, Any]) -> None:
        """Create an Event."""


class Creator(Protocol):
    """Objects that are written once and that no watch tells of. Raises the errors above."""

    async def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create one object; raises Conflict where the name is taken."""

    async def read(self, ref: Ref) -> dict[str, Any]:
        """One object, straight from the API server."""


class Metrics(Protocol):
    """What Prometheus says about an experiment's arms."""

    async def sample(self, control: str, candidate: str, window_s: float) -> Sample:
        """Counts and latencies of two Envoy clusters over a window; never raises.

        Without ``control`` its arm is empty.
        """

    async def values(self, asked: Sequence[ValueQuery]) -> tuple[QueryValue, ...]:
        """One number an arm for each metric, all of one moment; never raises."""


class GatewayReader(Protocol):
    """One gateway's own counters."""

    async def read(self, url: str, clusters: Iterable[str]) -> Reading:
        """Those of these Envoy clusters; ``url`` without a path. Raises Unavailable."""


class Servers(Protocol):
    """The pods that serve versions."""

    async def engine(self, server: ServerView, model: str) -> EngineStatus | None:
        """What computes the answers of this pod; None where it does not tell. Never raises."""


# One row of the projections.
Row = RecordVersion | RecordExperiment | RecordRetraining | RecordEvidence


class Rows(Protocol):
    """The relational projections. Idempotent."""

    async def record(self, row: Row) -> None:
        """Upsert one row."""


class Labels(Protocol):
    """What the prediction log says about an experiment. Never raises: an outage is an answer."""

    async def labels(
        self,
        experiment_uid: str,
        until: datetime,
        exposure: int,
        slices: tuple[Slice, ...] = (),
    ) -> LabelSample:
        """Both arms' users and labels; rows before ``until`` are mature.

        ``exposure`` is the highest that the experiment has had, in buckets an arm; ``slices`` are
        the groups that are wanted beside everybody.
        """

    async def coverage(self, version_uid: str, since: datetime, until: datetime) -> ArmLog | None:
        """A version's predictions of that time as ``mature``, and those ``labelled``.

        None where the log does not answer.
        """

    async def pairs(self, experiment_uid: str, since: datetime, until: datetime) -> PairSample:
        """The requests of that time that both versions answered."""


class ErrorLog(Protocol):
    """What the prediction log says of a version's errors. Never raises: an outage is an answer."""

    async def errors(self, version_uid: str, since: datetime, until: datetime) -> LoggedErrors:
        """Those of that time, by their code."""


class Opinions(Protocol):
    """What people said of a version's predictions. Never raises: an outage is an answer."""

    async def of(self, version_uid: str, since: datetime, until: datetime) -> OpinionCounts | None:
        """The counts of that time; None where the log does not answer."""


class Users(Protocol):
    """What the prediction log says of single users. Never raises: an outage is an answer."""

    async def users(self, version_uid: str, since: datetime) -> UsersLog:
        """Some of those whom this version answered outside of experiments, from ``since`` on."""
