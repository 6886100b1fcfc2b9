"""Whether a training run is still sound (row ERR-6)."""

import math
from collections.abc import Iterable

# What gloo and NCCL say when the process at the other end of a connection ends.
_LOST = ("connection closed", "connection reset", "broken pipe", "remote process exited")


def divergence(loss: float) -> str | None:
    """The sentence that stops the run when the loss is no finite number; None when all is well."""
    if math.isfinite(loss):
        return None
    return f"Training diverged (loss={loss}). Try reducing learning rate or checking data quality."


def diverged_weights(names: Iterable[str]) -> str | None:
    """The sentence for weights that are no finite numbers; None where no name is given."""
    first = next(iter(names), None)
    if first is None:
        return None
    return (
        f"Training diverged (weights of {first} are no finite numbers). "
        "Try reducing learning rate or checking data quality."
    )


def kept_sentence(checkpoint: str) -> str:
    """What a person can still use of a run that diverged."""
    if not checkpoint:
        return "There was no checkpoint yet."
    return f"The last good checkpoint, {checkpoint}, is kept."


def is_out_of_memory(message: str) -> bool:
    """Whether a runtime error of the device says that memory ran out."""
    text = message.lower()
    return "out of memory" in text or "can't allocate memory" in text


def is_lost_peer(message: str) -> bool:
    """Whether an error of a collective operation says that another process is gone."""
    text = message.lower()
    return any(sign in text for sign in _LOST)
