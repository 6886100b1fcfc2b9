"""What to ask the prediction log about an experiment, by what it compares."""

from collections.abc import Sequence
from datetime import datetime

from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import span
from pharos_api.metrics import Metric, Slice
from pharos_operator.ports import Labels
from pharos_operator.reconcile.sampling import AskLog, Logged


def from_log(labels: Labels) -> AskLog:
    """Pairs of a shadow; of two arms their users, rows and labels, which tell of a sound split too.

    A row counts as labelled or not once it is older than ``maturity``. Groups are those alone that
    the experiment's metrics name.
    """

    async def ask(experiment: ABExperiment, now: datetime) -> Logged:
        status, uid = experiment.status, experiment.metadata.uid
        if status.mirror:
            return None, await labels.pairs(uid, status.shadowed_at or now, now)
        if not status.exposure:
            return None, None
        until = now - span(experiment.spec.decision.labels.maturity)
        slices = named(experiment.spec.metrics)
        return await labels.labels(uid, until, status.exposure, slices), None

    return ask


def named(metrics: Sequence[Metric]) -> tuple[Slice, ...]:
    """The slices that a metric names: each takes the database another pass over the users."""
    return tuple(kind for kind in Slice if any(kind in (one.slices or ()) for one in metrics))
