"""Texts in, predictions out. Knows no HTTP, no database and no files.

Called from the inference threads alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pharos_api.engines import LINEAR_ENGINE
from pharos_serving.engines.choosing import Measured
from pharos_serving.errors import ModelRejected, RejectionReason
from pharos_serving.scorers import Scorer

PROBE_TEXT = "Machine learning test"


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one text; ``scores`` are probabilities over all labels and sum to 1."""

    label: str
    confidence: float
    scores: dict[str, float]


class Classifier:
    """A scorer and the labels that its logits stand for.

    ``engine`` names the variant that computes; ``measured`` is what the self-benchmark found of the
    engines that could have served.
    """

    def __init__(
        self,
        scorer: Scorer,
        labels: Sequence[str],
        max_tokens: int,
        engine: str = LINEAR_ENGINE,
        measured: Sequence[Measured] = (),
    ) -> None:
        self.scorer = scorer
        self.engine = engine
        self.measured = tuple(measured)
        self.labels = tuple(labels)
        self.max_tokens = max_tokens

    @property
    def texts_per_s(self) -> float | None:
        """What the engine reached in the self-benchmark; None where it was not measured."""
        reached = {each.variant.name: each.texts_per_s for each in self.measured}
        return reached.get(self.engine)

    def predict_batch(self, texts: Sequence[str], batch_size: int = 32) -> list[Prediction]:
        """One prediction a text, in order (row PRF-7).

        ``batch_size`` bounds how many texts are tokenised at once. Inside, texts of like length
        are computed together and none is padded to the model's limit.
        """
        predictions: list[Prediction] = []
        for start in range(0, len(texts), batch_size):
            shares = softmax(self.scorer.logits(texts[start : start + batch_size]))
            predictions += map(self._prediction, shares)
        return predictions

    def warm_up(self) -> None:
        """Run short and long texts once, so that no user waits for first-time allocations.

        Raises ModelRejected when the model does not give one finite logit for each label.
        """
        for words in (1, self.max_tokens // 4, self.max_tokens):
            self._check_shape(words)

    def _check_shape(self, words: int) -> None:
        try:
            logits = self.scorer.logits([f"{PROBE_TEXT} " + "word " * words])
        except Exception as error:  # every engine has exceptions of its own
            raise ModelRejected(
                RejectionReason.UNLOADABLE,
                f"The model cannot compute a text of {words} words: {error}",
            ) from error
        if logits.shape != (1, len(self.labels)) or not np.isfinite(logits).all():
            raise ModelRejected(
                RejectionReason.UNLOADABLE,
                f"The model answers with logits of shape {logits.shape}; the manifest lists "
                f"{len(self.labels)} labels, so finite logits of shape "
                f"(1, {len(self.labels)}) are expected.",
            )

    def _prediction(self, shares: NDArray[np.float32]) -> Prediction:
        best = int(shares.argmax())
        scores = dict(zip(self.labels, map(float, shares), strict=True))
        return Prediction(self.labels[best], float(shares[best]), scores)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Row-wise softmax of ``[rows, labels]``, shifted by the row's maximum against overflow."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float32)
