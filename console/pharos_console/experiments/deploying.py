"""How long the platform took to bring a version to everybody, without the holds asked for. Pure.

From the ModelVersion's creation to the moment in which every user has it. What a person asked to
wait for (the steps' ``holdFor``, an A/B test's or a shadow's ``duration``) is not the platform's
own time (settled point A33). A hold that was cut short by hand is taken off whole; a pause counts.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_never

from pharos_api.abexperiment import ABExperiment, ExperimentStrategy, Verdict
from pharos_api.delivery import Following
from pharos_api.meta import span
from pharos_api.modelversion import ModelVersion


def deployed_in(version: ModelVersion, experiment: ABExperiment) -> timedelta | None:
    """The platform's own time; None where the experiment has not brought the version to all."""
    created, arrived = version.metadata.creation_timestamp, _arrived(experiment)
    if created is None or arrived is None:
        return None
    return max(timedelta(), arrived - created - sum(_holds(experiment), timedelta()))


def _arrived(experiment: ABExperiment) -> datetime | None:
    """When everybody had the candidate: confirmed by every gateway but for a blue-green's watch."""
    status = experiment.status
    if status.verdict is not Verdict.PROMOTE or not status.phase.finished:
        return None
    if experiment.spec.strategy is ExperimentStrategy.BLUE_GREEN:
        return status.switched_at
    return status.finished_at


def _holds(experiment: ABExperiment) -> Iterator[timedelta]:
    spec = experiment.spec
    match spec.strategy:
        case ExperimentStrategy.CANARY:
            yield from (span(step.hold_for) for step in spec.steps)
        case ExperimentStrategy.AB_TEST:
            yield span(spec.ab_test.duration)
        case ExperimentStrategy.SHADOW:
            yield span(spec.shadow.duration)
            if spec.shadow.then is Following.CANARY:
                yield from (span(step.hold_for) for step in spec.steps)
        case ExperimentStrategy.BLUE_GREEN:
            return
        case _:
            assert_never(spec.strategy)
