"""Whether a training run is still sound (row ERR-6)."""

import math


def divergence(loss: float) -> str | None:
    """The sentence that stops the run when the loss is no finite number; None when all is well."""
    if math.isfinite(loss):
        return None
    return f"Training diverged (loss={loss}). Try reducing learning rate or checking data quality."


def is_out_of_memory(message: str) -> bool:
    """Whether a runtime error of the device says that memory ran out."""
    text = message.lower()
    return "out of memory" in text or "can't allocate memory" in text
