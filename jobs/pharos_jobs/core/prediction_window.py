"""What production answered in a stretch of time, column by column. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PredictionWindow:
    """Answers of one version; the columns need not have the same length.

    ``texts`` are those that the log keeps, as it keeps them; ``predicted`` and ``confidences`` (in
    0..1) have one entry an answer, ``truths`` one a label that somebody told.
    """

    texts: tuple[str, ...] = ()
    predicted: tuple[str, ...] = ()
    confidences: tuple[float, ...] = ()
    truths: tuple[str, ...] = ()
