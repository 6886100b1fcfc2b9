"""How often the tests that decide experiments raise an alarm where there is nothing to find.

Users of one and the same version are divided again and again by the lot of real experiments, each
time under another salt, and the tests are put to each pair of arms at several moments, as its users
come in. (A/A tests by resampling: Kohavi, Tang, Xu 2020, "Trustworthy Online Controlled
Experiments", chapter 19.) The share of splits with an alarm must agree with the level that the test
promises. Only too many are a fault: tests that may be looked at for ever are careful.

The lot and the seed are arguments. Must not say what follows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb

from pharos_analysis.confidence import p_value_above
from pharos_analysis.counted import condemning, needed
from pharos_analysis.labelled import aim, effect_of
from pharos_analysis.readings import READINGS
from pharos_analysis.resplitting import Lot, Pair, Resplitting, UsersLog
from pharos_analysis.sample_ratio import mismatch_e_value
from pharos_analysis.samples import Sample
from pharos_api.assignment import bucket, salt_of
from pharos_api.decision import DecisionRule, Health
from pharos_api.metrics import BuiltIn, Metric, MetricSource

SPLITS = 200
LOOKS = 8
# Users (with labels, for a metric on labels) below which nothing is tested.
LEAST_USERS = 200
# How seldom chance alone may fail one test of a sound log.
RISK = 1e-4
SAMPLE_RATIO = "sample-ratio"


@dataclass(frozen=True, slots=True)
class Plan:
    """The metrics and levels of the Model's experiments. ``seed`` is any text."""

    metrics: tuple[Metric, ...]
    rule: DecisionRule
    health: Health
    seed: str
    splits: int = SPLITS


@dataclass(frozen=True, slots=True)
class Alarms:
    """False alarms of one test: in ``raised`` of ``splits``; ``allowed`` is the most that agree."""

    test: str
    raised: int
    splits: int
    allowed: int

    @property
    def too_many(self) -> bool:
        """Whether there are more than the level and chance explain."""
        return self.raised > self.allowed

    def __str__(self) -> str:
        """``accuracy 31.0 % (limit 11.5 %)``."""
        share, limit = (100 * count / self.splits for count in (self.raised, self.allowed))
        return f"{self.test} {share:.1f} % (limit {limit:.1f} %)"


@dataclass(frozen=True, slots=True)
class _Test:
    """A test by what it says of a pair of arms, and the share of false alarms that it promises."""

    name: str
    alpha: float
    alarms: Callable[[Pair], bool]


def false_alarms(log: UsersLog, plan: Plan, lot: Lot = bucket) -> tuple[Alarms, ...]:
    """The false alarms of each test that the log has enough users for."""
    resplitting, tests = Resplitting(log, LOOKS), tuple(_tests(log, plan))
    raised = [0] * len(tests)
    for split in range(plan.splits):
        pairs = tuple(resplitting.pairs(salt_of(f"{plan.seed}/{split}"), lot))
        for at, test in enumerate(tests):
            raised[at] += any(map(test.alarms, pairs))
    return tuple(
        Alarms(test.name, count, plan.splits, allowed(plan.splits, test.alpha))
        for test, count in zip(tests, raised, strict=True)
    )


def allowed(splits: int, alpha: float) -> int:
    """The most alarms that ``alpha`` explains: more come with a probability of at most ``RISK``.

    The upper end of the binomial law's interval: 200 splits at .05 give 23.
    """
    left = 1.0
    for count in range(splits):
        left -= comb(splits, count) * alpha**count * (1 - alpha) ** (splits - count)
        if left <= RISK:
            return count
    return splits


def _tests(log: UsersLog, plan: Plan) -> Iterator[_Test]:
    yield _sample_ratio(max(1e-12, float(plan.health.srm_alpha)))
    for name in _on_labels(log):
        yield _labelled(name, plan)
    for metric in plan.metrics:
        if metric.name in READINGS and metric.max_ratio is not None:
            yield _counted(metric, plan.rule)


def _on_labels(log: UsersLog) -> Iterator[BuiltIn]:
    if sum(user.labelled > 0 for user in log.users) >= LEAST_USERS:
        yield BuiltIn.ACCURACY
    if sum(user.rated > 0 for user in log.users) >= LEAST_USERS:
        yield BuiltIn.SATISFACTION


def _sample_ratio(alpha: float) -> _Test:
    def uneven(pair: Pair) -> bool:
        users = tuple(half.users for half in pair)
        return mismatch_e_value(users, (1.0, 1.0)) >= 1 / alpha

    return _Test(SAMPLE_RATIO, alpha, uneven)


def _labelled(name: BuiltIn, plan: Plan) -> _Test:
    """Whether the arms are proven to differ, in either direction."""
    alpha, effect = aim(plan.rule).alpha, effect_of(_planned(name, plan))

    def differ(pair: Pair) -> bool:
        control, candidate = (half.labelled[name] for half in pair)
        better = p_value_above(control, candidate, 0.0, effect)
        worse = p_value_above(candidate, control, 0.0, effect)
        return better is not None and worse is not None and 2 * min(better, worse) <= alpha

    return _Test(name.value, alpha, differ)


def _planned(name: BuiltIn, plan: Plan) -> Metric:
    """The metric as the Model's experiments ask for it, or as is usual."""
    usual = Metric(name=name, source=MetricSource.LABELS, margin="0.02")
    return next((metric for metric in plan.metrics if metric.name == name), usual)


def _counted(metric: Metric, rule: DecisionRule) -> _Test:
    """Whether the candidate is condemned by its ratio to control, the one limit of two arms."""
    compared = metric.model_copy(update={"abort_above": None, "abort_below": None})
    enough = needed(rule.alpha)

    def condemned(pair: Pair) -> bool:
        control, candidate = (half.sample for half in pair)
        reading = READINGS[metric.name](compared, Sample(control, candidate))
        return reading is not None and condemning(reading, enough) is not None

    return _Test(metric.name, 1 / enough, condemned)
