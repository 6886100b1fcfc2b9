"""Whether the candidate has *become* worse, after a time in which it was well.

Counts since the exposure began bury a new fault under the healthy past: after ten minutes of it,
30 % of failures take 22 s to show instead of 3. So the last 4, 6, 8, ... looks are judged by
themselves. A window condemns the candidate when it is

- worse than ``ratio`` times what control has been all along: sixteen times the usual evidence, and
  two bad requests more, because there are many windows; and
- worse than ``ratio`` times what control is in the same window, with half the usual evidence (on
  the log scale): so a fault of the platform, which both arms have, takes nobody back.

Both are bets on whose errors these are (``betting.share_of_errors``). That the windows together
keep to ``alpha`` is measured and not proven: see the simulation in ``benchmarks/delivery``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from pharos_analysis.betting import evidence_above, share_of_errors
from pharos_analysis.counted import MIN_BAD
from pharos_analysis.samples import ArmSample, Sample

# In looks; a look is a second. Keep the longest and one more.
WINDOWS = (4, 6, 8, 11, 16, 22, 32, 45, 64, 90, 128)
LEAST_BAD = MIN_BAD + 2
WINDOWS_COST = 16.0


@dataclass(frozen=True, slots=True)
class Window:
    """What the last ``looks`` say. ``usual`` is control's rate of errors all along.

    ``history`` and ``concurrent`` are e-values against the two ways of being no worse.
    """

    looks: int
    requests: float
    errors: float
    usual: float
    history: float
    concurrent: float


def worsened(looks: Sequence[Sample], ratio: float, alpha: float) -> Window | None:
    """The shortest window that condemns the candidate; None: none does.

    ``looks`` hold counts since the exposure began, a second apart, the newest last. ``ratio`` and
    ``alpha`` are those of the guardrail on errors.
    """
    for window in windows(looks, ratio):
        enough = window.history >= WINDOWS_COST / alpha
        if enough and window.concurrent >= sqrt(1 / alpha) and window.errors >= LEAST_BAD:
            return window
    return None


def windows(looks: Sequence[Sample], ratio: float) -> tuple[Window, ...]:
    """Each window that the looks fill, the shortest first. A look without counts ends nothing."""
    known = [look for look in looks if _known(look.control) and _known(look.candidate)]
    if not known:
        return ()
    return tuple(
        _window(length, known[-1 - length], known[-1], ratio)
        for length in WINDOWS
        if length < len(known)
    )


def _window(length: int, before: Sample, now: Sample, ratio: float) -> Window:
    ours = _between(before.candidate, now.candidate)
    all_along = _counts(now.control)
    return Window(
        length,
        *ours,
        usual=all_along[1] / all_along[0] if all_along[0] else 0.0,
        history=_worse(ours, all_along, ratio),
        concurrent=_worse(ours, _between(before.control, now.control), ratio),
    )


def _worse(ours: tuple[float, float], theirs: tuple[float, float], ratio: float) -> float:
    """E-value against a rate of at most ``ratio`` times theirs, from (requests, errors)."""
    share = share_of_errors(ratio, ours[0], theirs[0])
    return evidence_above(ours[1], ours[1] + theirs[1], share)


def _between(before: ArmSample, now: ArmSample) -> tuple[float, float]:
    """Requests and errors since; a counter that began again says nothing."""
    requests, errors = (new - old for old, new in zip(_counts(before), _counts(now), strict=True))
    return max(0.0, requests), max(0.0, errors)


def _known(arm: ArmSample) -> bool:
    return all(count is not None and isfinite(count) for count in (arm.requests, arm.errors))


def _counts(arm: ArmSample) -> tuple[float, float]:
    return arm.requests or 0.0, arm.errors or 0.0
