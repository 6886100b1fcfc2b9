"""What gives logits for texts: an encoder with its tokenizer, a linear model, or both pooled.

Called from the inference threads alone, as many as ``lanes`` at once.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from pharos_api.linear_model import LinearModel
from pharos_api.scoring import Part, Scoring
from pharos_serving.engines.batching import plan_batches
from pharos_serving.engines.port import Engine, Logits


class Scorer(Protocol):
    """Texts in, logits out."""

    @property
    def name(self) -> str:
        """What it is called in metrics and in the Open Inference Protocol's ``platform``."""

    @property
    def lanes(self) -> int:
        """How many threads may call it at once to good effect."""

    def logits(self, texts: Sequence[str]) -> Logits:
        """Logits of shape ``[len(texts), labels]``, in the order of ``texts``."""


class EncoderScorer:
    """A tokenizer and an engine. Texts of like length are computed together."""

    def __init__(self, engine: Engine, tokenizer: Tokenizer, max_tokens: int) -> None:
        self.engine = engine
        self.name = engine.name
        self.lanes = engine.lanes
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=max_tokens)

    def logits(self, texts: Sequence[str]) -> Logits:
        """See the port. Raises what the engine raises."""
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        answers: dict[int, Logits] = {}
        for batch in plan_batches([len(row) for row in rows]):
            found = self.engine.predict([rows[index] for index in batch])
            answers |= zip(batch, found, strict=True)
        return np.stack([answers[index] for index in range(len(rows))])


class LinearScorer:
    """A linear model; it needs neither tokenizer nor engine."""

    name = "pharos_linear"
    lanes = 1

    def __init__(self, model: LinearModel) -> None:
        self._model = model

    def logits(self, texts: Sequence[str]) -> Logits:
        """See the port."""
        return self._model.logits(texts)


class PooledScorer:
    """The parts of a model, pooled and calibrated as its ``scoring.json`` says.

    Of a cascade the encoder is asked only for texts on which the linear part is not sure.
    """

    def __init__(self, parts: Mapping[Part, Scorer], scoring: Scoring) -> None:
        self._parts = parts
        self._scoring = scoring
        self.name = "+".join(scorer.name for scorer in parts.values())
        self.lanes = max(scorer.lanes for scorer in parts.values())

    def logits(self, texts: Sequence[str]) -> Logits:
        """See the port."""
        cascade = self._scoring.cascade
        if cascade is None:
            return self._pooled(texts)
        linear = self._parts[Part.LINEAR].logits(texts)
        answer, sure = cascade.settled(linear)
        (unsure,) = np.nonzero(~sure)
        if len(unsure):
            encoded = self._parts[Part.ENCODER].logits([texts[i] for i in unsure.tolist()])
            logits = {Part.LINEAR: linear[unsure], Part.ENCODER: encoded}
            answer[unsure] = self._scoring.pooled(logits)
        return answer

    def _pooled(self, texts: Sequence[str]) -> Logits:
        return self._scoring.pooled({part: s.logits(texts) for part, s in self._parts.items()})
