"""Asks the candidate's Service, with patience for what a start or a busy node explains.

No answer, 429, 502, 503 and 504 are waited out until the deadline. A 500 is asked again twice and
counted: a server that never fails on valid requests passes, one that always does is told at once.
Every request is marked as a tester's, so that it counts in no arm and belongs to no user.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from pharos_api.assignment import Arm
from pharos_api.names import HEADER_ARM
from pharos_api.verification import VerifyReason
from pharos_jobs.verification.errors import Unverified

_TRIES_OF_500 = 3
_PAUSE_S = 1.0
_ANSWER_WITHIN_S = 60.0
AWAY = frozenset({429, 502, 503, 504})
_MARKED = {HEADER_ARM: Arm.PINNED.value}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited in all. ``pause`` returns whether the process was asked to stop."""

    deadline_s: float
    clock_s: Callable[[], float] = time.monotonic
    pause: Callable[[float], bool] = field(default_factory=lambda: threading.Event().wait)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``body`` is parsed JSON, None where it is none."""

    status: int
    body: Any
    seconds: float


class Candidate:
    """The candidate's Service; a context manager.

    ``answers`` and ``failures`` count what came back to valid requests, and what of it was a 500.
    Connections are not kept, so that every pod behind the Service gets its share.
    """

    def __init__(self, url: str, patience: Patience) -> None:
        self._url, self._patience = url, patience
        self._until_s = patience.clock_s() + patience.deadline_s
        limits = httpx.Limits(max_keepalive_connections=0)
        # A proxy of the environment is for the world outside, never for the cluster's Services.
        self._client = httpx.Client(
            limits=limits, timeout=_ANSWER_WITHIN_S, headers=_MARKED, trust_env=False
        )
        self.answers = 0
        self.failures = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str, waited_out: frozenset[int] = AWAY) -> Answer:
        """The answer, whatever its status; those ``waited_out`` are asked for again."""
        return self._sent(lambda: self._client.get(self._url + path), waited_out)

    def post(self, path: str, content: bytes, kind: str = "application/json") -> Answer:
        """The answer to raw bytes, whatever its status."""
        headers = {"content-type": kind}
        return self._sent(
            lambda: self._client.post(self._url + path, content=content, headers=headers)
        )

    def ask(self, path: str, document: Mapping[str, Any]) -> Answer:
        """The answer to a valid request. Raises Unverified where it fails again and again."""
        answer, tries = self._asked(path, document), 1
        while answer.status >= 500 and tries < _TRIES_OF_500:
            answer, tries = self._asked(path, document), tries + 1
        if answer.status < 500:
            return answer
        raise Unverified(
            VerifyReason.SERVER_ERRORS,
            f"POST {path} was answered with {answer.status} {_TRIES_OF_500} times in a row; "
            "the log of the candidate's pod tells why.",
        )

    def wait(self, reason: VerifyReason, problem: str) -> None:
        """Pause once. Raises Unverified with the problem at the deadline, or when told to stop."""
        if self._patience.clock_s() + _PAUSE_S > self._until_s or self._patience.pause(_PAUSE_S):
            waited = f"within {self._patience.deadline_s:g} s"
            raise Unverified(reason, f"{self._url} was not fit to answer {waited}: {problem}.")

    def _asked(self, path: str, document: Mapping[str, Any]) -> Answer:
        answer = self._sent(lambda: self._client.post(self._url + path, json=document))
        self.answers += 1
        self.failures += answer.status >= 500
        return answer

    def _sent(
        self, send: Callable[[], httpx.Response], waited_out: frozenset[int] = AWAY
    ) -> Answer:
        while True:
            begin_s = self._patience.clock_s()
            try:
                response = send()
            except httpx.TransportError as error:
                self.wait(VerifyReason.UNREACHABLE, f"{type(error).__name__} {error}")
                continue
            if response.status_code not in waited_out:
                seconds = self._patience.clock_s() - begin_s
                return Answer(response.status_code, _json(response), seconds)
            self.wait(VerifyReason.UNREACHABLE, f"HTTP {response.status_code}")


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
