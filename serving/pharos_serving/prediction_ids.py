"""The ids by which callers speak of predictions: made from the request, and recognised again.

    <request id>[/<number of the text>].<mark of the text, 8 hex><mark of all before it, 8 hex>

Both marks are keyed hashes. So every pod of every version gives the copy of a request the same id,
two texts under one request id get two ids, and any pod can tell an id that was never given out,
without asking the database. Pure.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

_MARK = 8


@dataclass(frozen=True, slots=True)
class PredictionIds:
    """Makes and recognises the ids of one model. ``key`` is the key of the users' hashes."""

    key: str
    model: str

    def of(self, request_id: str, texts: Sequence[str]) -> list[str]:
        """An id for each text of a request."""
        if len(texts) == 1:
            return [self._id(request_id, texts[0])]
        return [self._id(f"{request_id}/{n}", text) for n, text in enumerate(texts)]

    def given_out(self, prediction_id: str) -> bool:
        """Whether the id is one of this model's."""
        before, after = prediction_id[:-_MARK], prediction_id[-_MARK:]
        return hmac.compare_digest(self._mark("id", before), after)

    def _id(self, place: str, text: str) -> str:
        before = f"{place}.{self._mark('text', text)}"
        return before + self._mark("id", before)

    def _mark(self, kind: str, value: str) -> str:
        message = f"{kind}\0{self.model}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.key.encode(), message, hashlib.sha256).hex()[:_MARK]
