"""Whether the candidate has *become* worse, after a time in which it was well.

Counts since the exposure began bury a new fault under the healthy past: after ten minutes of it,
30 % of failures take 22 s to show instead of 3. So the last 4, 8, ... looks are judged by
themselves. A window condemns the candidate when it is

- worse than ``ratio`` times what control has been all along, control's rate taken two standard
  errors high: ten times the usual evidence, because there are many windows; and
- worse than ``ratio`` times what control is in the same window, with half the usual evidence (on
  the log scale): so a fault of the platform, which both arms have, takes nobody back.

Both are bets (``betting.py``). That the windows together keep to ``alpha`` is measured and not
proven: see the simulation in ``benchmarks/delivery``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from pharos_analysis.betting import evidence_above, share_of_errors
from pharos_analysis.counted import MIN_BAD
from pharos_analysis.samples import ArmSample, Sample

# In looks; a look is a second. Keep the longest and one more.
WINDOWS = (4, 8, 16, 32, 64, 128)
_WINDOWS_COST = 10.0
_MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class Window:
    """What the last ``looks`` say. ``usual`` is control's rate all along, taken high.

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
        enough = window.history >= _WINDOWS_COST / alpha
        if enough and window.concurrent >= sqrt(1 / alpha) and window.errors >= MIN_BAD:
            return window
    return None


def windows(looks: Sequence[Sample], ratio: float) -> tuple[Window, ...]:
    """Each window that the looks fill, the shortest first. A look without counts ends nothing."""
    known = [look for look in looks if _known(look.control) and _known(look.candidate)]
    if not known:
        return ()
    whole = known[-1]
    usual = _usual(*_counts(whole.control))
    return tuple(
        _window(length, known[-1 - length], whole, (ratio, usual))
        for length in WINDOWS
        if length < len(known)
    )


def _window(length: int, before: Sample, now: Sample, limits: tuple[float, float]) -> Window:
    ratio, usual = limits
    requests, errors = _between(before.candidate, now.candidate)
    other, other_errors = _between(before.control, now.control)
    share = share_of_errors(ratio, requests, other)
    return Window(
        length,
        requests,
        errors,
        usual,
        evidence_above(errors, requests, min(1.0, ratio * usual)),
        evidence_above(errors, errors + other_errors, share),
    )


def _usual(requests: float, errors: float) -> float:
    """Control's rate of errors, one error and two standard errors high: 1 where it has none."""
    return (errors + 1 + _MARGIN * sqrt(errors + 1)) / (requests + 1)


def _between(before: ArmSample, now: ArmSample) -> tuple[float, float]:
    """Requests and errors since; a counter that began again says nothing."""
    requests, errors = (new - old for old, new in zip(_counts(before), _counts(now), strict=True))
    return max(0.0, requests), max(0.0, errors)


def _known(arm: ArmSample) -> bool:
    return all(count is not None and isfinite(count) for count in (arm.requests, arm.errors))


def _counts(arm: ArmSample) -> tuple[float, float]:
    return arm.requests or 0.0, arm.errors or 0.0
