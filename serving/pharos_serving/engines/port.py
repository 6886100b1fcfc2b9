"""What an inference engine is: token ids in, logits out.

An engine knows no texts, no labels and no HTTP. It is called from ``lanes`` threads at most.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]


class Engine(Protocol):
    """A loaded model."""

    @property
    def name(self) -> str:
        """What it is called in metrics and in the Open Inference Protocol's ``platform``."""

    @property
    def lanes(self) -> int:
        """How many calls of ``predict`` it computes at once."""

    def predict(self, batch: Sequence[Sequence[int]]) -> Logits:
        """Logits of shape ``[len(batch), labels]``.

        Rows may differ in length; the engine pads to the longest of the batch, or to the next
        of the few lengths that it computes best.
        """
