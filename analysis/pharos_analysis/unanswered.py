"""How many requests must have waited longer than an age, by what was sent and what is in flight.

What has no answer has no latency, and no error before the gateways give it up. But each look counts
the requests sent so far and those in flight. Of the latter no more are young than were sent since
an earlier look (``end``), and no more were sent before the window than were in flight at a look
after its ``start``. All others were sent within the window and have waited since ``end``:

    unanswered >= in_flight(now) - sent(end to now) - in_flight(after start)

This holds in whatever order answers come. What the bound leaves out counts as answered in time, so
the bet of ``betting.py`` on a window's requests, in the order in which they were sent, has never
more evidence than it would have on their true times. A window that starts in second ``n`` is given
the stake ``1 / ((n + 1) (n + 2))``; these add up to 1, so the chance that any window ever condemns
a candidate that is on its limit is at most ``alpha`` (Ville 1939).

What both arms have is the platform's fault: the candidate must also be worse than control in the
same window, of which everything in flight counts as late.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, sqrt

from pharos_analysis.betting import evidence_above, share_of_errors
from pharos_analysis.counted import MIN_BAD
from pharos_analysis.samples import ArmSample, Sample


@dataclass(frozen=True, slots=True)
class Late:
    """Of ``sent`` requests of the candidate at least ``unanswered`` have waited for the age.

    They were sent in the window that began ``since_s`` after the counting did; ``control`` counts
    what may have waited there. ``evidence`` and ``concurrent`` are e-values against "no more than
    the share that is allowed" and "no more than control".
    """

    since_s: float
    sent: float
    unanswered: float
    control: float
    evidence: float
    concurrent: float


def hanging(looks: Sequence[Sample], age_s: float, share: float, alpha: float) -> Late | None:
    """The window that condemns the candidate most; None: none does.

    ``looks`` hold counts since the counting began, the newest last. At most ``share`` (0..1) of the
    requests may take longer than ``age_s``.
    """
    enough = 1 / alpha
    found = [
        late
        for late in windows(looks, age_s, share)
        if late.unanswered >= MIN_BAD
        and late.evidence >= enough
        and late.concurrent >= sqrt(enough)
    ]
    return max(found, key=lambda late: late.evidence, default=None)


def windows(looks: Sequence[Sample], age_s: float, share: float) -> Iterator[Late]:
    """Every window that ends ``age_s`` before the newest look, if it has anything unanswered.

    Looks without counts are none.
    """
    known = [look for look in looks if _is_known(look)]
    now = known[-1] if known else Sample()
    old = [look for look in known if now.window_s - look.window_s - look.took_s >= age_s]
    if not old or _waiting(now.candidate) <= _sent(old[-1].candidate, now.candidate):
        return
    # Of the looks of one second the last: the stakes of the seconds are given out once.
    starts = {int(look.window_s): (look, after) for look, after in pairwise(old)}
    for start, after in starts.values():
        if not after.partial:
            yield _late((start, after, old[-1], now), share)


def _late(looks: tuple[Sample, Sample, Sample, Sample], share: float) -> Late:
    start, after, end, now = looks
    sent = _sent(start.candidate, end.candidate)
    young = _sent(end.candidate, now.candidate)
    bound = _waiting(now.candidate) - young - _waiting(after.candidate)
    unanswered = min(sent, max(0.0, bound))
    other, other_sent = _waiting(now.control), _sent(start.control, end.control)
    second = max(0, int(start.window_s))
    stake = 1 / ((second + 1) * (second + 2))
    return Late(
        start.window_s,
        sent,
        unanswered,
        other,
        stake * evidence_above(unanswered, sent, share),
        evidence_above(unanswered, unanswered + other, share_of_errors(1, sent, other_sent)),
    )


def _sent(before: ArmSample, now: ArmSample) -> float:
    return max(0.0, (now.sent or 0.0) - (before.sent or 0.0))


def _waiting(arm: ArmSample) -> float:
    return arm.in_flight or 0.0


def _is_known(look: Sample) -> bool:
    arms = (look.control, look.candidate)
    numbers = [look.window_s, look.took_s, *(n for arm in arms for n in (arm.sent, arm.in_flight))]
    return all(number is not None and isfinite(number) and number >= 0 for number in numbers)
