"""Small makers of facts and labels for tests of judgements."""

from typing import Any

import numpy as np
from decide_builders import arm, experiment, sample

from pharos_analysis.samples import (
    ArmLog,
    Facts,
    LabelledMetric,
    LabelSample,
    QueryValue,
    UserTotals,
)
from pharos_api.abexperiment import ABExperimentSpec
from pharos_api.metrics import Direction, Metric, MetricRole, MetricSource, Slice

ERRORS = Metric(name="error-rate", max_ratio="1.5", abort_above="0.10")
LATENCY = Metric(name="p95-latency", max_ratio="1.2", abort_above="500")
GOAL = Metric(
    name="accuracy", role=MetricRole.GOAL, source=MetricSource.LABELS, min_improvement="0.02"
)
KEEPS = Metric(name="accuracy", source=MetricSource.LABELS, margin="0.02")
SLICED = KEEPS.model_copy(update={"slices": [Slice.LABEL, Slice.SEGMENT]})
OWN = Metric(name="tokens", query="sum(tokens)", direction=Direction.DECREASE, max_ratio="1.2")
QUERIES = (("accuracy", "labels of the log"),)


def spec(*metrics: Metric, **more: Any) -> ABExperimentSpec:
    return experiment(spec={"metrics": list(metrics or (ERRORS, LATENCY)), **more}).spec


def users(count: int, right: float, each: int = 1) -> UserTotals:
    """``count`` users of ``each`` values, of whom a share is always right."""
    won, n = round(count * right), float(count * each)
    return UserTotals(count, n, float(won * each), n * each, float(won * each**2), won * each**2.0)


def drawn(count: int, rate: float, seed: int) -> UserTotals:
    """Users with 1 to 9 values each, who differ in how often they are right."""
    draws = np.random.default_rng(seed)
    n = draws.integers(1, 10, count).astype(float)
    s = draws.binomial(n.astype(int), draws.beta(20 * rate, 20 * (1 - rate), count)).astype(float)
    return UserTotals(
        count, float(n.sum()), float(s.sum()), float(n @ n), float(n @ s), float(s @ s)
    )


def log(count: int = 3000, **more: int) -> ArmLog:
    return ArmLog(**{"users": count, "rows": count, "mature": count, "labelled": count} | more)


def labels(old: UserTotals, new: UserTotals, **more: Any) -> LabelSample:
    given: dict[str, Any] = {
        "control": log(),
        "candidate": log(),
        "metrics": (LabelledMetric("accuracy", old, new),),
        "queries": QUERIES,
    }
    return LabelSample(**given | more)


def sliced(group: str, control: UserTotals, candidate: UserTotals) -> LabelSample:
    whole = LabelledMetric("accuracy", users(3000, 0.9), users(3000, 0.91))
    return labels(
        whole.control,
        whole.candidate,
        metrics=(whole, LabelledMetric("accuracy", control, candidate, group)),
    )


def facts(**more: Any) -> Facts:
    given: dict[str, Any] = {"audited": sample(arm(1000), arm(1000)), "exposure": 2500}
    return Facts(**given | more)


def value(control: float | None, candidate: float | None, error: str = "") -> QueryValue:
    return QueryValue("tokens", control, candidate, "sum(tokens)", error)
