"""What came back, and whether it came from the right arm. Pure.

The gateway names version, arm and route revision in every answer. With the route of that revision
``pharos_api.assignment`` recomputes where the user belonged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from pharos_api.assignment import Arm, assign
from pharos_api.model import Route


@dataclass(frozen=True, slots=True)
class Answer:
    """One request as the client saw it. ``status`` 0: no answer. Times in seconds."""

    sent_s: float
    took_s: float
    user: str
    status: int
    version: str = ""
    arm: str = ""
    revision: int = -1
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether the client got no answer or a server error."""
        return self.status == 0 or self.status >= 500


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals over a stretch of traffic. Latencies in milliseconds, ``failures`` by their words."""

    requests: int
    failed: int
    failed_by_arm: dict[str, int]
    failures: dict[str, int]
    by_version: dict[str, int]
    users_on_wrong_arm: int
    unchecked: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def wrong_arm(answer: Answer, routes: Mapping[int, Route]) -> bool | None:
    """Whether the user was served by another arm than ``assign`` says; None: route not known."""
    route = routes.get(answer.revision)
    if route is None or answer.status == 0:
        return None
    if route.experiment is None:
        return answer.arm != Arm.OUTSIDE
    expected = assign(route.experiment.salt, answer.user, route.experiment.exposure)
    return answer.arm != expected


def summarise(answers: Iterable[Answer], routes: Mapping[int, Route]) -> Summary:
    """Totals; ``users_on_wrong_arm`` counts users, not requests."""
    seen = list(answers)
    verdicts = [(answer, wrong_arm(answer, routes)) for answer in seen]
    latencies = sorted(answer.took_s * 1000 for answer in seen if not answer.failed)
    failed = [answer for answer in seen if answer.failed]
    return Summary(
        requests=len(seen),
        failed=len(failed),
        failed_by_arm=dict(Counter(answer.arm or "unknown" for answer in failed)),
        failures=dict(Counter(answer.error or str(answer.status) for answer in failed)),
        by_version=dict(Counter(answer.version for answer in seen if answer.version)),
        users_on_wrong_arm=len({answer.user for answer, wrong in verdicts if wrong}),
        unchecked=sum(1 for _, wrong in verdicts if wrong is None),
        p50_ms=quantile(latencies, 0.50),
        p95_ms=quantile(latencies, 0.95),
        p99_ms=quantile(latencies, 0.99),
    )


def quantile(ordered: list[float], share: float) -> float:
    """The nearest-rank quantile of sorted values; 0 for none."""
    if not ordered:
        return 0.0
    return round(ordered[max(1, ceil(len(ordered) * share)) - 1], 2)


def seconds_to_rollback(answers: Iterable[Answer], candidate: str) -> float | None:
    """From the candidate's first failed answer to its last answer of any kind, in seconds.

    None when the candidate never failed.
    """
    own = [answer for answer in answers if answer.version == candidate]
    failures = [answer.sent_s + answer.took_s for answer in own if answer.failed]
    if not failures:
        return None
    return round(max(answer.sent_s + answer.took_s for answer in own) - min(failures), 3)
