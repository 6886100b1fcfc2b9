"""How long a metric has had no value, or has been beyond a plain limit: what two looks share.

A judgement remembers nothing; whoever judges keeps these clocks and gives their times back with the
next facts. Losing them delays a decision and never makes one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pharos_analysis.judgement import Judgement
from pharos_analysis.judging import judge
from pharos_analysis.samples import Facts
from pharos_api.abexperiment import ABExperimentSpec

Since = tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Clocks:
    """Since when each metric has been without a value, and beyond its limit."""

    absent: Since = ()
    beyond: Since = ()


def followed(
    clocks: Clocks, spec: ABExperimentSpec, facts: Facts, now: datetime
) -> tuple[Facts, Clocks]:
    """The facts of two arms with the times of the clocks, and the clocks after judging them."""
    known = timed(facts, clocks, now)
    return known, advanced(clocks, judge(spec, known, now), now)


def advanced(clocks: Clocks, judgement: Judgement, now: datetime) -> Clocks:
    """The clocks after a judgement: what ended is dropped, what began starts now.

    A metric that was not looked at keeps its clock.
    """
    looked = {measured.metric for measured in judgement.measured}
    return Clocks(
        absent=_following(clocks.absent, judgement.absent, looked, now),
        beyond=_following(clocks.beyond, judgement.beyond, looked, now),
    )


def timed(facts: Facts, clocks: Clocks, now: datetime) -> Facts:
    """The facts with the times of the clocks in seconds."""
    return replace(
        facts,
        without_data_s=_elapsed(clocks.absent, now),
        beyond_s=_elapsed(clocks.beyond, now),
    )


def _following(before: Since, found: Sequence[str], looked: set[str], now: datetime) -> Since:
    kept = {name: since for name, since in before if name in found or name not in looked}
    return tuple(sorted((dict.fromkeys(found, now) | kept).items()))


def _elapsed(since: Since, now: datetime) -> tuple[tuple[str, float], ...]:
    return tuple((name, max(0.0, (now - moment).total_seconds())) for name, moment in since)
