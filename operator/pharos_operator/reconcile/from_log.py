"""What to ask the prediction log about an experiment, by what it compares."""

from datetime import datetime

from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import span
from pharos_operator.ports import Labels
from pharos_operator.reconcile.sampling import AskLog, Logged


def from_log(labels: Labels) -> AskLog:
    """Pairs of a shadow; of two arms their users, rows and labels, which tell of a sound split too.

    A row counts as labelled or not once it is older than ``maturity``.
    """

    async def ask(experiment: ABExperiment, now: datetime) -> Logged:
        status, uid = experiment.status, experiment.metadata.uid
        if status.mirror:
            return None, await labels.pairs(uid, status.shadowed_at or now, now)
        if not status.exposure:
            return None, None
        until = now - span(experiment.spec.decision.labels.maturity)
        return await labels.labels(uid, until, status.exposure), None

    return ask
