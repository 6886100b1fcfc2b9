"""The search space as Optuna's distributions, and a trial's draw as hyperparameters (HPS-6, 7)."""

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
)

from pharos_api.search import DecimalRange, Scale, SearchSpace
from pharos_api.trainer import Hyperparameters
from pharos_jobs.core.winner import spelled


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """One distribution for each parameter that the space names, by its name in Python."""
    named = {name: getattr(space, name) for name in SearchSpace.model_fields}
    return {name: _distribution(given) for name, given in named.items() if given is not None}


def draw(trial: optuna.Trial, space: SearchSpace) -> None:
    """Have the trial draw each parameter; what it has drawn already stays."""
    for name in SearchSpace.model_fields:
        given = getattr(space, name)
        if isinstance(given, DecimalRange):
            low, high = float(given.min), float(given.max)
            trial.suggest_float(name, low, high, log=given.scale is Scale.LOG)
        elif given is not None:
            trial.suggest_categorical(name, tuple(given))


def settings(
    params: Mapping[str, float | int], base: Hyperparameters, per_epoch: int = 1
) -> Hyperparameters:
    """``base`` with a trial's draw.

    With ``per_epoch`` evaluations an epoch, patience lasts as many epochs as it did with one.
    """
    patience = base.early_stopping_patience * per_epoch
    drawn: dict[str, Any] = spelled(params)
    given = base.model_dump() | drawn | {"early_stopping_patience": patience}
    return Hyperparameters.model_validate(given)


def _distribution(given: DecimalRange | list[int]) -> BaseDistribution:
    if isinstance(given, DecimalRange):
        return FloatDistribution(float(given.min), float(given.max), log=given.scale is Scale.LOG)
    return CategoricalDistribution(tuple(given))
