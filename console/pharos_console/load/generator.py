"""An open-loop client: requests leave on schedule whatever the answers do.

Open loop, because a closed one slows down with the server and hides its latency (coordinated
omission). It measures and reports; it decides nothing.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from pharos_api import names
from pharos_console.load.answers import Answer
from pharos_console.load.texts import Text


@dataclass(frozen=True, slots=True)
class Plan:
    """Where, how fast, how long and as whom. ``feedback_share`` of the answers get a true label."""

    url: str
    rate_per_s: float
    duration_s: float | None
    users: int = 1000
    feedback_share: float = 0.0
    seed: int = 42
    timeout_s: float = 10.0


Sink = Callable[[Answer], None]


class Generator:
    """Sends a plan's requests until its time is over or ``stop`` is called."""

    def __init__(self, plan: Plan, texts: Sequence[Text], sink: Sink) -> None:
        self._plan, self._texts, self._sink = plan, texts, sink
        self._random = random.Random(plan.seed)  # noqa: S311 - traffic, not a secret
        self._stopped = False

    def stop(self) -> None:
        """Send nothing more; requests under way are still awaited."""
        self._stopped = True

    async def run(self) -> None:
        """Send everything. Never raises for what a server does: that is what is measured."""
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
        async with (
            httpx.AsyncClient(timeout=self._plan.timeout_s, limits=limits) as client,
            asyncio.TaskGroup() as group,
        ):
            start, sent = time.monotonic(), 0
            while not self._stopped:
                due_s = sent / self._plan.rate_per_s
                if self._plan.duration_s is not None and due_s >= self._plan.duration_s:
                    return
                await asyncio.sleep(max(0.0, start + due_s - time.monotonic()))
                group.create_task(self._send(client))
                sent += 1

    async def _send(self, client: httpx.AsyncClient) -> None:
        text = self._random.choice(self._texts)
        user = f"user-{self._random.randrange(self._plan.users)}"
        sent_s, begin = time.time(), time.perf_counter()
        try:
            response = await client.post(
                f"{self._plan.url}/v1/classify",
                json={"text": text.text},
                headers={names.HEADER_USER: user},
            )
        except httpx.HTTPError as error:
            took_s = time.perf_counter() - begin
            self._sink(Answer(sent_s, took_s, user, 0, error=type(error).__name__))
            return
        self._sink(_answer(response, user, sent_s, time.perf_counter() - begin))
        if text.label and self._random.random() < self._plan.feedback_share:
            await self._label(client, response, text.label)

    async def _label(self, client: httpx.AsyncClient, response: httpx.Response, label: str) -> None:
        request_id = _request_id(response)
        if not request_id:
            return
        body = {"requestId": request_id, "label": label}
        headers = {names.HEADER_USER: response.request.headers[names.HEADER_USER]}
        try:
            await client.post(f"{self._plan.url}/v1/feedback", json=body, headers=headers)
        except httpx.HTTPError:
            return  # a lost label is a missing label, not a failed prediction


def _request_id(response: httpx.Response) -> str:
    """What a label refers to; empty where nothing was predicted."""
    try:
        return str(response.json()["requestId"]) if response.is_success else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _answer(response: httpx.Response, user: str, sent_s: float, took_s: float) -> Answer:
    headers = response.headers
    revision = headers.get(names.HEADER_REVISION, "")
    return Answer(
        sent_s=sent_s,
        took_s=took_s,
        user=user,
        status=response.status_code,
        version=headers.get(names.HEADER_VERSION, ""),
        arm=headers.get(names.HEADER_ARM, ""),
        revision=int(revision) if revision.isdigit() else -1,
        error="" if response.is_success else response.text[:200],
    )
