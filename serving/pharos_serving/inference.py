"""The threads that compute, and the bounded queue in front of them.

There is one for each text that the engine computes at once; more would only divide the same cores.
The event loop never waits for them: it holds futures. A full queue refuses at once instead of
letting all wait.
"""

import asyncio
import math
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from pharos_serving.dataplane import Prediction
from pharos_serving.errors import ErrorCode, RequestRefused

Predict = Callable[[Sequence[str]], list[Prediction]]
_SMOOTHING = 0.1


@dataclass(frozen=True, slots=True)
class _Job:
    texts: Sequence[str]
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[list[Prediction]]"


class InferenceWorker:
    """``submit`` is called on the event loop, ``predict`` on ``lanes`` threads of its own."""

    def __init__(self, predict: Predict, limit_texts: int, lanes: int = 1) -> None:
        self._predict = predict
        self._limit_texts = limit_texts
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting_texts = 0
        self._seconds_a_text = 0.02
        self._threads = [
            threading.Thread(target=self._work, name=f"inference-{lane}", daemon=True)
            for lane in range(lanes)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is queued, then end the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    @property
    def alive(self) -> bool:
        """Whether all threads still run."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def waiting_texts(self) -> int:
        """Texts that were submitted and are not answered yet."""
        return self._waiting_texts

    async def submit(self, texts: Sequence[str]) -> list[Prediction]:
        """Predictions in the order of ``texts``. Raises RequestRefused(429) on a full queue."""
        if self._waiting_texts and self._waiting_texts + len(texts) > self._limit_texts:
            raise self._overloaded()
        loop = asyncio.get_running_loop()
        job = _Job(texts, loop, loop.create_future())
        self._waiting_texts += len(texts)
        try:
            self._jobs.put(job)
            return await job.answer
        finally:
            self._waiting_texts -= len(texts)

    def _overloaded(self) -> RequestRefused:
        seconds = self._waiting_texts * self._seconds_a_text / len(self._threads)
        wait_s = max(1, math.ceil(seconds))
        return RequestRefused(
            429,
            ErrorCode.OVERLOADED,
            f"{self._waiting_texts} texts are waiting already; try again in {wait_s} s.",
            retry_after_s=wait_s,
        )

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if job.answer.cancelled():
                continue
            started_s = perf_counter()
            try:
                predictions = self._predict(job.texts)
            except Exception as error:
                _deliver(job, error)
                continue
            self._learn((perf_counter() - started_s) / len(job.texts))
            _deliver(job, predictions)

    def _learn(self, seconds_a_text: float) -> None:
        # Threads may overwrite each other here: it is a rough mean, not a sum.
        self._seconds_a_text += _SMOOTHING * (seconds_a_text - self._seconds_a_text)


def _deliver(job: _Job, result: list[Prediction] | Exception) -> None:
    def settle() -> None:
        if job.answer.done():
            return
        if isinstance(result, Exception):
            job.answer.set_exception(result)
        else:
            job.answer.set_result(result)

    job.loop.call_soon_threadsafe(settle)
