"""Goals on labelled users: how often equal arms are called different, and how soon unequal ones."""

import numpy as np

from delivery.crowd import Floats
from delivery.goals import Decided, Setting, simulate
from delivery.streams import Stream
from pharos_analysis.power import (
    Aim,
    sequential_users_needed,
    share_variance,
    users_needed,
)

EXPERIMENTS = 10_000
BASE, EFFECT = 0.80, 0.04
_SEED = 20261123
EQUAL = {
    "each user once, 90 % right": Setting(Stream(0.9, 0.9), 0.05, 2000),
    "each user once, 99 % right": Setting(Stream(0.99, 0.99), 0.015, 2000),
    "each user once, 50 % right": Setting(Stream(0.5, 0.5), 0.12, 2000),
    "users come back, answers alike": Setting(Stream(0.85, 0.85, 1000, 0.3), 0.05, 3000),
    "not inferior: exactly on the margin": Setting(Stream(0.9, 0.87), 0.03, 4000, bound=-0.03),
}


def type_one(less: int) -> dict[str, object]:
    """Shares of false decisions, the worst setting's on top; beside them the peeked t-test."""
    experiments = EXPERIMENTS // less
    settings = {
        name: _false(simulate(setting, experiments, _SEED + number), setting)
        for number, (name, setting) in enumerate(EQUAL.items())
    }
    figures = [each["figures"] for each in settings.values()]
    return {
        "share": max(max(each["better"], each["different"]) for each in figures),
        "experiments": experiments,
        "peekedTTestShare": max(each["peekedTTest"] for each in figures),
        "seed": _SEED,
        "settings": settings,
    }


def samples(less: int) -> dict[str, object]:
    """Users to the right decision over those of the fixed horizon, at one and three effects."""
    experiments = EXPERIMENTS // less
    found = {name: _ratios(times, experiments) for name, times in (("planned", 1), ("triple", 3))}
    return {
        "plannedRatio": found["planned"]["oneSided"]["median"],
        "tripleRatio": found["triple"]["oneSided"]["median"],
        "experiments": experiments,
        "seed": _SEED,
        **found,
    }


def fixed(effect: float, two_sided: bool) -> int:
    """Users an arm of the fixed-horizon plan."""
    return users_needed(_variance(effect), effect, Aim(two_sided=two_sided))


def _variance(effect: float) -> float:
    return share_variance(BASE) + share_variance(BASE + effect)


def _ratios(times: int, experiments: int) -> dict[str, dict[str, object]]:
    horizon = sequential_users_needed(_variance(EFFECT), EFFECT, Aim(two_sided=True))
    stream = Stream(BASE, BASE + times * EFFECT)
    found = simulate(Setting(stream, EFFECT, 2 * horizon), experiments, _SEED + times)
    return {
        "oneSided": _quantiles(found.better, fixed(EFFECT, two_sided=False)),
        "twoSided": _quantiles(found.different, fixed(EFFECT, two_sided=True)),
    }


def _quantiles(users: Floats, plan: int) -> dict[str, object]:
    ever = np.where(users < 0, np.inf, users)
    at = {name: float(np.quantile(ever, q, method="lower")) for name, q in _QUANTILES.items()}
    return {
        **{
            name: round(value / plan, 4) if np.isfinite(value) else None
            for name, value in at.items()
        },
        "power": round(float((users >= 0).mean()), 4),
        "fixedUsersAnArm": plan,
        "usersAnArm": [float(each) for each in users],
    }


_QUANTILES = {"median": 0.5, "p80": 0.8}


def _false(found: Decided, setting: Setting) -> dict[str, dict[str, float]]:
    return {
        "figures": {
            "better": _share(found.better),
            "different": _share(found.different),
            "peekedTTest": _share(found.peeked),
        },
        "asked": {
            "effect": setting.effect,
            "events": setting.events,
            "looks": found.looks,
            "confirmed": found.confirmed,
        },
    }


def _share(decided: Floats) -> float:
    return round(float((decided >= 0).mean()), 4)
