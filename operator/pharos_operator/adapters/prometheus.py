"""Asks Prometheus about the two arms of an experiment. Never raises: an outage is an answer too.

The queries are rendered, and their answers read, by ``render/promql.py``; what the numbers mean is
decided elsewhere.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp

from pharos_analysis.samples import QueryValue, Sample
from pharos_operator.adapters.problems import in_words
from pharos_operator.ports import Clock
from pharos_operator.render import metric_queries, promql
from pharos_operator.render.metric_queries import ValueQuery

_MISSING = "no Prometheus is configured; set PHAROS_OPERATOR_PROMETHEUS_URL"


class Unanswered(Exception):
    """Prometheus did not answer one query, in its own words."""


class Prometheus:
    """Fulfils ``ports.Metrics`` over the HTTP API's instant queries."""

    def __init__(
        self, session: aiohttp.ClientSession, clock: Clock, url: str, timeout_s: float
    ) -> None:
        self._session = session
        self._clock = clock
        self._url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def sample(self, control: str, candidate: str, window_s: float) -> Sample:
        """Counts and latencies of two Envoy clusters over a window; never raises."""
        asked = promql.queries(control, candidate, int(window_s))
        if not self._url:
            return Sample(window_s=window_s, queries=asked, error=_MISSING)
        at = self._at()
        try:
            answers = await asyncio.gather(*(self._ask(query, at) for _, query in asked))
        except Unanswered as problem:
            return Sample(window_s=window_s, queries=asked, error=str(problem))
        keys = (key for key, _ in asked)
        return promql.sample_from(dict(zip(keys, answers, strict=True)), window_s, asked)

    async def values(self, asked: Sequence[ValueQuery]) -> tuple[QueryValue, ...]:
        """One number an arm for each metric; what Prometheus says of a query is its error."""
        at = self._at()
        return tuple(await asyncio.gather(*(self._value(each, at) for each in asked)))

    async def _value(self, asked: ValueQuery, at: str) -> QueryValue:
        error = asked.error or ("" if self._url else _MISSING)
        if error:
            return metric_queries.answered(asked, None, None, error)
        try:
            found = await asyncio.gather(
                *(self._ask(query, at) for query in (asked.control, asked.candidate))
            )
            control, candidate = (metric_queries.number(series) for series in found)
        except (Unanswered, ValueError) as problem:
            return metric_queries.answered(asked, None, None, str(problem))
        return metric_queries.answered(asked, control, candidate)

    def _at(self) -> str:
        return f"{self._clock.now().timestamp():.3f}"

    async def _ask(self, query: str, at: str) -> tuple[promql.Series, ...]:
        form = {"query": query, "time": at}
        try:
            async with self._session.post(
                f"{self._url}/api/v1/query", data=form, timeout=self._timeout
            ) as response:
                answer: Any = await response.json(content_type=None)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            raise Unanswered(f"{self._url} does not answer: {in_words(problem)}") from None
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise Unanswered(f"{self._url} answered {status}: {_words(answer)}")
        try:
            return promql.vector(answer.get("data") or {})
        except promql.Unreadable as problem:
            raise Unanswered(f"{self._url}: {problem}") from None


def _words(answer: object) -> str:
    return str(answer.get("error", "no reason given")) if isinstance(answer, dict) else str(answer)
