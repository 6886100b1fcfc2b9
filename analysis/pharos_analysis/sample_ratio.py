"""Whether the arms hold the users that they should, however often one looks.

The test is that of Lindon and Malek 2022, "Anytime-valid inference for multinomial count data",
NeurIPS 35: the likelihood of the counts under shares drawn from a Dirichlet law around the wanted
ones, over that under the wanted ones. The ratio is a martingale where the split is sound, so the
chance that it *ever* reaches ``1/alpha`` is at most ``alpha``. A mismatch voids every comparison;
what is done about it is decided elsewhere.
"""

from collections.abc import Sequence
from math import exp, fsum, lgamma, log

# Of the Dirichlet law: a share of one half is drawn from within about 3 points of it. At alpha .001
# it finds 60:40 after some 570 users and 51:49 after 48,000.
CONCENTRATION = 300.0
_LARGEST_EXPONENT = 700.0


def mismatch_e_value(counts: Sequence[int], shares: Sequence[float]) -> float:
    """E-value against "each user falls on arm ``i`` with probability ``shares[i]``".

    ``shares`` are positive and need not sum to 1. No user is no evidence: 1.
    """
    whole = fsum(shares)
    wanted = [share / whole for share in shares]
    users = sum(counts)
    drawn = lgamma(CONCENTRATION) - lgamma(CONCENTRATION + users)
    for count, share in zip(counts, wanted, strict=True):
        prior = CONCENTRATION * share
        drawn += lgamma(prior + count) - lgamma(prior) - count * log(share)
    return exp(min(_LARGEST_EXPONENT, drawn))


def mismatch_p_value(counts: Sequence[int], shares: Sequence[float]) -> float:
    """The smallest alpha at which the split is refused, at most 1; valid over all looks."""
    return min(1.0, 1 / max(mismatch_e_value(counts, shares), exp(-_LARGEST_EXPONENT)))
