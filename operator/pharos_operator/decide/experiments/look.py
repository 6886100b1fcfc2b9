"""One look at an admitted experiment: what a strategy decides from, with what the evidence says.

Which evidence there is depends on the phase: two arms, the pairs and copies of a shadow, or
production alone after a switch. Must not decide what follows from it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from pharos_analysis.judgement import Judgement, Ruling
from pharos_analysis.record import Case, Way, judged
from pharos_analysis.samples import Facts
from pharos_api.abexperiment import ABExperimentSpec, Arms, ExperimentPhase
from pharos_api.meta import ConditionStatus
from pharos_api.metrics import MetricRole
from pharos_api.model import Model
from pharos_operator.decide.conditions import ModelCondition, find
from pharos_operator.decide.experiments.counts import arms_of
from pharos_operator.decide.observation import ExperimentObservation

_USERS = frozenset({ExperimentPhase.PROGRESSING, ExperimentPhase.PAUSED, ExperimentPhase.PROMOTING})
_SWITCHED = frozenset({ExperimentPhase.PROMOTING, ExperimentPhase.WATCHING})
_TRUSTWORTHY = ModelCondition.ANALYSIS_TRUSTWORTHY
_MIRRORED = frozenset({ExperimentPhase.SHADOWING, ExperimentPhase.PAUSED})


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a running experiment.

    ``case`` is what was put to the judge and ``judgement`` the answer; None where nothing was due.
    ``arms`` are the arms' requests so far; None where the facts cannot say.
    """

    obs: ExperimentObservation
    model: Model
    now: datetime
    case: Case | None = None
    judgement: Judgement | None = None
    arms: Arms | None = None

    @property
    def spec(self) -> ABExperimentSpec:
        """The experiment's spec."""
        return self.obs.experiment.spec

    @property
    def uid(self) -> str:
        """The experiment's UID."""
        return self.obs.experiment.metadata.uid

    @property
    def ruling(self) -> Ruling | None:
        """The ruling of this very look; None where nothing was judged."""
        return None if self.judgement is None else self.judgement.ruling

    @property
    def has_goals(self) -> bool:
        """Whether something is to be reached before a promotion."""
        return any(metric.role is MetricRole.GOAL for metric in self.spec.metrics)

    def without_evidence(self) -> Self:
        """The look after the phase moved: what was measured belongs to the phase before."""
        return replace(self, case=None, judgement=None, arms=None)


def look_at(obs: ExperimentObservation, model: Model, now: datetime) -> Look:
    """The look, judged by the phase in which the experiment was seen."""
    facts = obs.facts
    cases = () if facts is None else _cases(obs, facts, now)
    if not cases or facts is None:
        return Look(obs, model, now)
    found = [(case, judged(case)) for case in cases]
    case, judgement = min(found, key=lambda each: _ORDER[each[1].ruling])
    arms = arms_of(obs.experiment, facts) if case.way is Way.ARMS else None
    return Look(obs, model, now, case, judgement, arms)


# Of two sources that saw production alone: harm counts from either, and so does a full view.
_ORDER = {Ruling.HARM: 0, Ruling.WON: 1, Ruling.PROCEED: 2, Ruling.HOLD: 3}


def _cases(obs: ExperimentObservation, facts: Facts, now: datetime) -> tuple[Case, ...]:
    status, spec = obs.experiment.status, obs.experiment.spec
    if status.phase in _SWITCHED and status.switched_at is not None:
        limits = tuple(spec.metrics)
        seen = (Facts(fast=facts.fast), Facts(audited=facts.audited))
        return tuple(
            Case(Way.ALONE, each, now, None, limits, spec.decision)
            for each in seen
            if each != Facts()
        )
    # Before anybody was exposed there is nothing that two arms could say.
    if status.phase in _USERS and status.exposure and status.exposed_at is not None:
        return (Case(Way.ARMS, _tested(facts, obs.model), now, spec),)
    copied = facts.pairs is not None or facts.fast is not None
    if status.phase in _MIRRORED and not status.exposure and copied:
        return (Case(Way.PAIRS, facts, now, spec),)
    return ()


def _tested(facts: Facts, model: Model | None) -> Facts:
    """The facts with what the Model's self-test says, where that failed."""
    found = None if model is None else find(model.status.conditions, _TRUSTWORTHY)
    failed = found is not None and found.status is ConditionStatus.FALSE
    return replace(facts, self_test=found.message) if found and failed else facts
