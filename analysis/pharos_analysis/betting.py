"""Evidence that may be looked at after every request without raising too many false alarms.

The test is by betting. A gambler starts with 1, and bets on each trial that the probability of a
bad one is some ``q`` above the limit ``p``; the stake grows by ``q/p`` at a bad trial and by
``(1-q)/(1-p)`` at a good one. Where the true probability is at most ``p``, the expected stake never
grows, so the chance that it *ever* reaches ``1/alpha`` is at most ``alpha`` (Ville 1939; Ramdas,
Gruenwald, Vovk, Shafer 2023, "Game-theoretic statistics and safe anytime-valid inference"). The
stake is spread evenly over a few ``q``, so that small and large harm are both found early.
It depends on the counts alone: nothing has to be remembered between two looks.
"""

from math import exp, fsum, log, log1p

# Bets: how far q lies on the way from the limit to 1.
LEAPS = (0.01, 0.03, 0.08, 0.16, 0.3, 0.5, 0.8, 0.97)
SMALLEST_LIMIT = 1e-6
_LARGEST_EXPONENT = 700.0


def evidence_above(bad: float, trials: float, limit: float) -> float:
    """E-value against "a trial is bad with probability at most ``limit``", at least 0.

    9 bad of 30 against 0.1 gives 22.8: enough at alpha .05, where 20 are asked for.
    A limit of 1 can never be exceeded: the evidence stays at 1.
    """
    if limit >= 1 or trials <= 0:
        return 1.0
    low = max(limit, SMALLEST_LIMIT)
    bad = min(bad, trials)
    return fsum(_stake(bad, trials - bad, low, leap) for leap in LEAPS) / len(LEAPS)


def share_of_errors(ratio: float, candidate: float, control: float) -> float:
    """The probability that an error fell on the candidate, were its rate ``ratio`` times control's.

    Given the errors of both arms together, the candidate's are binomial with
    ``ratio Nc / (ratio Nc + Nk)``: Przyborowski and Wilenski 1940, Biometrika 31, 313-323.
    1,000 requests each and a ratio of 1.5 give 0.6.
    """
    weighted = ratio * candidate
    return weighted / (weighted + control) if weighted + control > 0 else 1.0


def _stake(bad: float, good: float, limit: float, leap: float) -> float:
    bet = limit + (1 - limit) * leap
    # (1 - bet) / (1 - limit) is 1 - leap.
    exponent = bad * log(bet / limit) + good * log1p(-leap)
    return exp(min(exponent, _LARGEST_EXPONENT))
