"""Which of Optuna's samplers and pruners a search means (rows HPS-8, HPS-9)."""

from typing import assert_never

from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    SuccessiveHalvingPruner,
)
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from pharos_api.search import Pruner, Sampler, Search

_REDUCTION = 3


def sampler(search: Search, trials: int) -> BaseSampler:
    """The sampler for the next trial after ``trials`` others.

    Its seed is of that trial alone: two workers never draw the same, and a search that went on
    after a crash draws what it would have drawn.
    """
    seed = (search.seed + trials) % 2**32
    match search.sampler:
        case Sampler.TPE:
            # Trials that run elsewhere count as bad ones, so that no two look at the same place.
            return TPESampler(seed=seed, constant_liar=True)
        case Sampler.RANDOM:
            return RandomSampler(seed=seed)
        case _:
            assert_never(search.sampler)


def pruner(search: Search) -> BasePruner:
    """The pruner. Steps are evaluations; nothing is pruned within its first epoch."""
    first = search.evaluations_per_epoch
    match search.pruner:
        case Pruner.MEDIAN:
            return MedianPruner(n_startup_trials=5, n_warmup_steps=first)
        case Pruner.HYPERBAND:
            most = max(search.space.epochs) * first
            return HyperbandPruner(
                min_resource=first, max_resource=most, reduction_factor=_REDUCTION
            )
        case Pruner.ASHA:
            return SuccessiveHalvingPruner(min_resource=first, reduction_factor=_REDUCTION)
        case Pruner.NONE:
            return NopPruner()
        case _:
            assert_never(search.pruner)
