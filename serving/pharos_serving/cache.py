"""Answers to texts that were asked before (row PRF-8).

Holds digests and numbers, never a text. It lives and dies with the process, which serves one
version: so no version can answer with another's words. Asked from the event loop alone; ``clear``
comes from the thread that hears of erasures.
"""

import hashlib
import sys
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from pharos_serving.dataplane import Prediction

Submit = Callable[[Sequence[str]], Awaitable[list[Prediction]]]
# The dictionary's own entry, the digest and the object around the numbers.
_OVERHEAD_BYTES = 300


class ResponseCache:
    """The most recently used answers, at most ``limit_bytes`` of them; 0 keeps none."""

    def __init__(self, limit_bytes: int = 0) -> None:
        self._limit_bytes = limit_bytes
        self._answers: OrderedDict[bytes, Prediction] = OrderedDict()
        self._lock = threading.Lock()
        self._cleared = 0
        self.size_bytes = 0
        self.hits = 0
        self.misses = 0

    async def predict_with_cache(self, texts: Sequence[str], submit: Submit) -> list[Prediction]:
        """Predictions in the order of ``texts``; only those that are new are submitted.

        Raises what ``submit`` raises; nothing is kept then.
        """
        keys = [_key(text) for text in texts]
        with self._lock:
            found = {key: self._answers[key] for key in keys if key in self._answers}
            cleared = self._cleared
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        self.hits += sum(key in found for key in keys)
        self.misses += sum(key not in found for key in keys)
        if fresh:
            found |= zip(fresh, await submit(list(fresh.values())), strict=True)
        with self._lock:
            # What was asked before an erasure may be of the user who was forgotten meanwhile.
            if cleared == self._cleared:
                for key in keys:
                    self._keep(key, found[key])
        return [found[key] for key in keys]

    def clear(self) -> None:
        """Forget every answer, and keep none that is still under way; from any thread."""
        with self._lock:
            self._answers.clear()
            self.size_bytes = 0
            self._cleared += 1

    def _keep(self, key: bytes, prediction: Prediction) -> None:
        size = _size_bytes(prediction)
        if size > self._limit_bytes:
            return
        if key in self._answers:
            self._answers.move_to_end(key)
            return
        self._answers[key] = prediction
        self.size_bytes += size
        while self.size_bytes > self._limit_bytes:
            _, oldest = self._answers.popitem(last=False)
            self.size_bytes -= _size_bytes(oldest)


def _key(text: str) -> bytes:
    """Of the exact text: another space is another text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()


def _size_bytes(prediction: Prediction) -> int:
    numbers = sys.getsizeof(0.0) * (len(prediction.scores) + 1)
    return _OVERHEAD_BYTES + sys.getsizeof(prediction.scores) + numbers
