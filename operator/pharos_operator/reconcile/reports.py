"""Takes progress reports: only from a pod of the very run that it reports about.

The token proves the pod, the index proves that the pod works for the run. A standby passes the
report on to the leader, who alone writes statuses.
"""

import base64
import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Protocol

from pharos_api import names
from pharos_api.jobio import Progress
from pharos_operator.errors import Refused
from pharos_operator.ports import Clock
from pharos_operator.reconcile.facts import owned_by
from pharos_operator.reconcile.index import Index, Key
from pharos_operator.reconcile.progress import ProgressBoard

_POD = "authentication.kubernetes.io/pod-name"
_CACHED = 1_000
# A reviewed token is trusted no longer than this, even if it is valid for longer.
_TRUST_S = 300.0


@dataclass(frozen=True, slots=True)
class _Trust:
    """Whose pod a token is, believed until ``until_s`` seconds since 1970."""

    until_s: float
    namespace: str
    pod: str


class Tokens(Protocol):
    """Who can tell whose token it is."""

    async def review_token(self, token: str, audience: str) -> dict[str, Any]:
        """The status of a TokenReview."""


class Reports:
    """Checks and files reports."""

    def __init__(self, tokens: Tokens, index: Index, board: ProgressBoard, clock: Clock) -> None:
        self._tokens = tokens
        self._index = index
        self._board = board
        self._clock = clock
        self._known: OrderedDict[str, _Trust] = OrderedDict()

    async def take(self, token: str, report: Progress) -> Key:
        """File a report; the key of its run. Raises Refused where the pod is not the run's."""
        run = Key("TrainingRun", report.namespace, report.run)
        namespace, pod = await self._pod_of(token)
        entry = self._index.get(run)
        if entry is None or entry.uid != report.uid or namespace != report.namespace:
            raise Refused("UnknownRun", f"There is no TrainingRun {report.run} with this uid here.")
        if not self._works_for(pod, entry.uid, namespace):
            raise Refused("NotYourRun", f"Pod {pod} does not work for TrainingRun {report.run}.")
        self._board.report(report, self._clock.now())
        return run

    def _works_for(self, pod: str, run_uid: str, namespace: str) -> bool:
        known = self._index.get(Key("Pod", namespace, pod))
        if known is None:
            return False
        jobs = self._index.found_by("Job", namespace, owned_by(run_uid))
        return any(owned_by(job.uid) in known.facts for job in jobs)

    async def _pod_of(self, token: str) -> tuple[str, str]:
        mark = hashlib.sha256(token.encode()).hexdigest()
        now_s = self._clock.now().timestamp()
        known = self._known.get(mark)
        if known and known.until_s > now_s:
            return known.namespace, known.pod
        namespace, pod = _pod(await self._tokens.review_token(token, names.TOKEN_AUDIENCE))
        until_s = min(now_s + _TRUST_S, expiry_s(token))
        self._known[mark] = _Trust(until_s, namespace, pod)
        if len(self._known) > _CACHED:
            self._known.popitem(last=False)
        return namespace, pod


def _pod(status: dict[str, Any]) -> tuple[str, str]:
    user = status.get("user") or {}
    pods: list[str] = (user.get("extra") or {}).get(_POD) or []
    parts = str(user.get("username", "")).split(":")  # system:serviceaccount:<namespace>:<name>
    if not status.get("authenticated") or len(pods) != 1 or len(parts) != 4:
        raise Refused("NotAuthenticated", "The token is not that of a pod, or has expired.")
    return parts[2], str(pods[0])


def expiry_s(token: str) -> float:
    """``exp`` of a JSON web token in seconds since 1970; 0 where there is none to read.

    Only bounds a cache: that the token is genuine was said by the API server.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return 0.0
