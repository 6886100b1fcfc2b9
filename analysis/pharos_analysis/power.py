"""How many users a decision needs, what a number of users can show, and how long that takes.

Fixed horizon: ``n = (z_alpha + z_power)² (v_control + v_candidate) / effect²`` users an arm, with
``v`` the variance of one user (Chow, Shao, Wang, Lokhnygina 2017, "Sample size calculations in
clinical research", 3.2; for shares unpooled, 4.2). The sequential test of ``confidence.py`` decides
earlier than that as a rule, but may go on longer: ``inflation`` says by how much the *most* that it
needs for the same power exceeds the fixed number.
"""

from dataclasses import dataclass
from math import ceil, erfc, exp, log, sqrt
from statistics import NormalDist

from pharos_analysis.confidence import FOCUS, FOCUS_STAKE

_NORMAL = NormalDist()
_HALVINGS = 60
_LONGEST = 1e3
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True, slots=True)
class Aim:
    """How sure: ``alpha`` is the share of false "yes", ``power`` that of right ones.

    One-sided asks whether the candidate is better, two-sided whether it is different.
    """

    alpha: float = 0.05
    power: float = 0.8
    two_sided: bool = False

    @property
    def drift(self) -> float:
        """The z-score that the planned effect has on average at the planned users."""
        level = self.alpha / 2 if self.two_sided else self.alpha
        return _NORMAL.inv_cdf(1 - level) + _NORMAL.inv_cdf(self.power)


USUAL = Aim()


def users_needed(variance: float, effect: float, aim: Aim = USUAL) -> int:
    """Users an arm, looked at once. ``variance``: of one user, both arms' added up.

    ``effect`` is the absolute distance to the bound. .90 against .92, two-sided: 3,211.
    """
    return max(2, ceil(aim.drift**2 * variance / effect**2))


def sequential_users_needed(variance: float, effect: float, aim: Aim = USUAL) -> int:
    """Users an arm after which the sequential test has said "yes" with probability ``power``."""
    return ceil(users_needed(variance, effect, aim) * inflation(aim))


def detectable_effect(variance: float, users: int, aim: Aim = USUAL) -> float:
    """The minimum detectable effect with ``users`` an arm, looked at once; absolute."""
    return aim.drift * sqrt(variance / users)


def sequential_detectable_effect(variance: float, users: int, aim: Aim = USUAL) -> float:
    """The effect that the sequential test finds with ``power`` within ``users`` an arm."""
    return detectable_effect(variance, users, aim) * sqrt(inflation(aim))


def share_variance(rate: float, values: float = 1.0, correlation: float = 0.0) -> float:
    """Variance of one user's share: ``values`` of him at ``rate``, alike by ``correlation``.

    ``correlation`` is that of two values of one user (Kish's design effect): at 1 all but his first
    tell nothing, at 0 each counts in full.
    """
    return rate * (1 - rate) * (1 + (values - 1) * correlation) / values


def days_left(needed: int, seen: int, users_per_day: float) -> float | None:
    """Days until the smaller arm has ``needed`` users; None where no user comes."""
    if seen >= needed:
        return 0.0
    return (needed - seen) / users_per_day if users_per_day > 0 else None


def inflation(aim: Aim) -> float:
    """Users of the sequential test over those of the fixed horizon, at the same power.

    The focused bet's log-wealth is a Brownian motion with drift, so the moment it reaches its
    threshold has an inverse Gaussian law; the spread bet and the second side are left out, which
    makes this a little too long. One-sided at alpha .05 and power .8: 1.51.
    """
    low, high = 0.0, _LONGEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if decided_by(middle, aim) >= aim.power:
            high = middle
        else:
            low = middle
    return high


def decided_by(t: float, aim: Aim, effect: float = 1.0) -> float:
    """Share of experiments decided by ``t`` times the planned users.

    ``effect`` is the true one over the planned one. Inverse Gaussian (Folks and Chhikara 1978,
    JRSS B 40, 263-289).
    """
    if t <= 0:
        return 0.0
    level = aim.alpha / 2 if aim.two_sided else aim.alpha
    threshold = -log(level * FOCUS_STAKE)
    clock = t * aim.drift**2
    gained = FOCUS * (effect - FOCUS / 2) * clock
    spread = FOCUS * sqrt(clock)
    reflection = exp(min(_LARGEST_EXPONENT, 2 * gained * threshold / spread**2))
    reflected = reflection * _below(-(gained + threshold) / spread)
    return _below((gained - threshold) / spread) + reflected


def _below(z: float) -> float:
    return erfc(-z / sqrt(2)) / 2
