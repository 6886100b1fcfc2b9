"""A served cascade asks the encoder only where its linear part is not sure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pharos_api.scoring import Cascade, Logits, Part, Scoring
from pharos_serving.scorers import PooledScorer

SCORING = Scoring(
    factors={Part.ENCODER: 1.0, Part.LINEAR: 1.0}, cascade=Cascade(factor=1.0, confidence=0.9)
)


@dataclass
class Known:
    """Gives each text its logits, and remembers for which it was asked."""

    rows: dict[str, list[float]]
    asked: list[str] = field(default_factory=list)
    name: str = "known"
    lanes: int = 1

    def logits(self, texts: Sequence[str]) -> Logits:
        self.asked += texts
        return np.array([self.rows[text] for text in texts], dtype=np.float32)


def test_only_unsure_texts_reach_the_encoder_and_answers_keep_their_order() -> None:
    linear = Known({"sure": [9, 0], "unsure": [0.1, 0], "other": [0, 9]})
    encoder = Known({"unsure": [0, 5]})
    scorer = PooledScorer({Part.LINEAR: linear, Part.ENCODER: encoder}, SCORING)
    found = scorer.logits(["sure", "unsure", "other"])
    assert encoder.asked == ["unsure"]
    assert list(found.argmax(axis=1)) == [0, 1, 1]


def test_what_is_served_is_what_was_evaluated() -> None:
    rows = np.random.default_rng(1).normal(0, 3, (2, 200, 4)).astype(np.float32)
    texts = [f"{n}" for n in range(200)]
    known = [Known(dict(zip(texts, part.tolist(), strict=True))) for part in rows]
    parts = {Part.LINEAR: known[0], Part.ENCODER: known[1]}
    whole = {part: scorer.logits(texts) for part, scorer in parts.items()}
    served = PooledScorer(parts, SCORING).logits(texts)
    np.testing.assert_allclose(served, SCORING.answered(whole), rtol=1e-5)
