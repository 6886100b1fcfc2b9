"""The facts that an experiment, and production, are judged by: the one place that assembles them.

Prometheus and the prediction log are asked at most every so often and never waited for long; the
gateways' counters are always at hand. What exposes nobody, or has ended, costs no query.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from math import ceil

from pharos_analysis.clocks import Clocks, followed
from pharos_analysis.samples import ArmLog, Facts, LabelSample, PairSample, QueryValue, Sample
from pharos_api.abexperiment import ABExperiment
from pharos_api.assignment import Arm
from pharos_operator.decide.observation import ExperimentObservation, ModelObservation
from pharos_operator.ports import Metrics
from pharos_operator.reconcile.comparing import Compared, of_experiment, of_production
from pharos_operator.reconcile.counters import Counters
from pharos_operator.reconcile.coverage import LabelCoverage
from pharos_operator.reconcile.latest import Latest, Share
from pharos_operator.render.metric_queries import Place, value_queries

AUDIT_EVERY_S = 1.0
VALUES_EVERY_S = 5.0
LOGGED_EVERY_S, LOGGED_EVERY_LATER_S = 15.0, 60.0
_LATER_S = 600.0
# A log that grows takes longer to sum up: it is looked at less often, and serves predictions first.
_OF_THE_DATABASE = Share(of_time=0.05, longest_s=600.0)
# Row RBK-1: production is looked at every minute, and over that minute.
PRODUCTION_EVERY_S = 60.0
PRODUCTION_WINDOW_S = 60.0

Logged = tuple[LabelSample | None, PairSample | None]
AskLog = Callable[[ABExperiment, datetime], Awaitable[Logged]]
"""What the prediction log says of an experiment; None for what it does not need. Never raises."""


async def no_log(_: ABExperiment, __: datetime) -> Logged:
    """For an installation without a database."""
    return None, None


class Sampling:
    """Adds to a look what is known of the traffic."""

    def __init__(
        self,
        metrics: Metrics,
        counters: Counters,
        ask_log: AskLog = no_log,
        covered: LabelCoverage | None = None,
    ) -> None:
        self._metrics, self._counters, self._ask_log = metrics, counters, ask_log
        self._covered = covered
        self._samples: Latest[Sample] = Latest()
        self._values: Latest[tuple[QueryValue, ...]] = Latest()
        self._logged: Latest[Logged] = Latest(share=_OF_THE_DATABASE)
        self._clocks: dict[str, Clocks] = {}

    async def with_facts(self, obs: ExperimentObservation, now: datetime) -> ExperimentObservation:
        """The same look, with facts where something has been answered."""
        compared = of_experiment(obs.experiment)
        if compared is None or not _is_counted(compared, obs.experiment):
            return obs
        facts = await self.facts(obs, compared, now)
        if compared.beside:
            facts = self._timed(obs.experiment, compared, facts, now)
        return replace(obs, facts=facts)

    async def facts(self, obs: ExperimentObservation, compared: Compared, now: datetime) -> Facts:
        """All that is known of an experiment's two sides at ``now``."""
        window_s = _elapsed(compared, now)
        audited, values, logged = await asyncio.gather(
            self._audited(compared, window_s, AUDIT_EVERY_S),
            self._answers(obs.experiment, compared, window_s),
            self._from_log(obs.experiment, compared, now),
        )
        labels, pairs = logged or (None, None)
        return Facts(
            audited=audited,
            fast=self._counters.sample(compared.key),
            labels=labels,
            pairs=pairs,
            values=values,
            exposure=obs.experiment.status.exposure,
            recent=self._counters.recent(compared.key) if compared.beside else (),
        )

    async def with_labels(self, obs: ModelObservation, now: datetime) -> ModelObservation:
        """The same look, with whether labels come for what production answers."""
        known = ArmLog() if self._covered is None else await self._covered.of(obs, now)
        return replace(obs, labelled=known)

    async def with_production(self, obs: ModelObservation, now: datetime) -> ModelObservation:
        """The same look, with what production did of late, in the candidate's arm.

        The gateways' own counters where they can be read, else what Prometheus says each minute.
        """
        compared = of_production(obs.model)
        if compared is None or compared.since is None:
            return obs
        window_s = min(PRODUCTION_WINDOW_S, _elapsed(compared, now))
        fast = self._counters.lately(compared.key, PRODUCTION_WINDOW_S)
        if fast is not None and not fast.error:
            return replace(obs, production=fast)
        audited = await self._audited(compared, window_s, PRODUCTION_EVERY_S)
        return replace(obs, production=audited or fast)

    def forget_all_but(self, keys: frozenset[str]) -> None:
        """Drop the answers of comparisons that are over."""
        self._samples.forget_all_but(keys)
        self._values.forget_all_but(keys)
        self._logged.forget_all_but(keys)
        self._clocks = {key: clocks for key, clocks in self._clocks.items() if key in keys}

    def _timed(
        self, experiment: ABExperiment, compared: Compared, facts: Facts, now: datetime
    ) -> Facts:
        """The facts with for how long each metric has had no value, or been beyond its limit.

        Kept in memory: after a restart a policy acts later, and never too early.
        """
        before = self._clocks.get(compared.key, Clocks())
        known, self._clocks[compared.key] = followed(before, experiment.spec, facts, now)
        return known

    async def _audited(self, compared: Compared, window_s: float, every_s: float) -> Sample | None:
        control = compared.control if compared.beside else ""

        async def ask() -> Sample:
            return await self._metrics.sample(control, compared.candidate, window_s)

        return await self._samples.get(compared.key, every_s, ask)

    async def _answers(
        self, experiment: ABExperiment, compared: Compared, window_s: float
    ) -> tuple[QueryValue, ...]:
        if not compared.beside:
            return ()
        control, candidate = _places(experiment)
        asked = value_queries(experiment.spec.metrics, control, candidate, window_s)
        if not asked:
            return ()
        answers = await self._values.get(
            compared.key, VALUES_EVERY_S, lambda: self._metrics.values(asked)
        )
        return answers or ()

    async def _from_log(
        self, experiment: ABExperiment, compared: Compared, now: datetime
    ) -> Logged | None:
        young = _elapsed(compared, now) < _LATER_S
        every_s = LOGGED_EVERY_S if young else LOGGED_EVERY_LATER_S
        return await self._logged.get(compared.key, every_s, lambda: self._ask_log(experiment, now))


def _is_counted(compared: Compared, experiment: ABExperiment) -> bool:
    """Whether anybody has been answered yet that counts."""
    status = experiment.status
    return compared.since is not None and bool(
        status.exposure or status.mirror or not compared.beside
    )


def _elapsed(compared: Compared, now: datetime) -> float:
    since = compared.since or now
    return max(1.0, float(ceil((now - since).total_seconds())))


def _places(experiment: ABExperiment) -> tuple[Place, Place]:
    status, meta = experiment.status, experiment.metadata
    arms = (Arm.OUTSIDE, Arm.SHADOW) if status.mirror else (Arm.CONTROL, Arm.CANDIDATE)
    versions = (status.control_version, status.candidate_version)
    model = experiment.spec.model_ref.name
    control, candidate = (
        Place(meta.namespace, model, version, arm, meta.uid)
        for version, arm in zip(versions, arms, strict=True)
    )
    return control, candidate
