"""What becomes of the version that a retraining made: promoted, not promoted, or left to a person.

Says what is already decided elsewhere, and why; decides nothing itself.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from pharos_api.abexperiment import ABExperiment, Verdict
from pharos_api.meta import decimal
from pharos_api.modelversion import ModelVersion, Stage
from pharos_api.names import parse_version
from pharos_api.retraining import Cause
from pharos_api.trainingrun import TrainingRun
from pharos_operator.decide.conditions import ModelCondition, ModelReason, find
from pharos_operator.decide.notices.news import experiment_of
from pharos_operator.decide.observation import ModelObservation


class Fate(StrEnum):
    """What becomes of the new version, in the words of row RET-25."""

    PROMOTED = "PROMOTED to production"
    NOT_PROMOTED = "NOT PROMOTED"
    WAITS = "WAITS for approval"


@dataclass(frozen=True, slots=True)
class Ending:
    """The fate of a version, since when it is known, and why."""

    fate: Fate
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Retrained:
    """A finished run with the version that came of it and what was in production before it."""

    run: TrainingRun
    cause: Cause
    version: ModelVersion
    production: ModelVersion | None
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Performance:
    """Accuracies in 0..1 of what was in production and of the new version; None for unknown ones.

    ``same_texts`` says whether both were measured on the same ones.
    """

    production: Decimal | None
    new: Decimal | None
    same_texts: bool

    @property
    def improvement(self) -> Decimal | None:
        """New less old."""
        if self.new is None or self.production is None:
            return None
        return self.new - self.production


def ending(obs: ModelObservation, of: Retrained) -> Ending | None:
    """None while nothing is decided yet.

    ``at`` never moves, not even when the version returns to production later: it is told once.
    """
    status, name = obs.model.status, of.version.metadata.name
    tried = experiment_of(obs, name)
    if status.production is not None and status.production.name == name:
        moved = (tried.status.switched_at or tried.status.finished_at) if tried else None
        return Ending(Fate.PROMOTED, moved or of.finished_at, _why_promoted(obs, of))
    return _ending_of(tried, obs, of) if tried else _untried(obs, of)


def _ending_of(tried: ABExperiment, obs: ModelObservation, of: Retrained) -> Ending | None:
    """What the experiment came to; a shadow that passed leaves the last word to a person."""
    ended, verdict = tried.status.finished_at, tried.status.verdict
    if ended is None or verdict is None:
        return None
    match verdict:
        case Verdict.PROMOTE:
            return Ending(Fate.PROMOTED, ended, _why_promoted(obs, of))
        case Verdict.PASSED:
            return Ending(Fate.WAITS, ended, tried.status.reason)
        case Verdict.ROLLBACK | Verdict.ABORT | Verdict.SUPERSEDED | Verdict.INVALID:
            return Ending(Fate.NOT_PROMOTED, ended, tried.status.reason)
        case _:
            assert_never(verdict)


def _untried(obs: ModelObservation, of: Retrained) -> Ending | None:
    """Promoted once, archived, passed over or left to a person; None while its turn is to come."""
    finished, previous = of.finished_at, obs.model.status.previous
    if previous is not None and previous.name == of.version.metadata.name:
        return Ending(Fate.PROMOTED, finished, _why_promoted(obs, of))
    if of.version.status.stage in (Stage.ARCHIVED, Stage.QUARANTINED):
        return Ending(Fate.NOT_PROMOTED, finished, _why_archived(obs, of))
    if _is_passed_over(obs, of.version):
        return Ending(Fate.NOT_PROMOTED, finished, "a newer version came before its turn")
    rollout = find(obs.model.status.conditions, ModelCondition.ROLLOUT)
    names_it = rollout is not None and of.version.spec.version in rollout.message
    if rollout is not None and names_it and rollout.reason == ModelReason.MANUAL:
        return Ending(Fate.WAITS, finished, rollout.message)
    return None


def _is_passed_over(obs: ModelObservation, version: ModelVersion) -> bool:
    number = parse_version(version.spec.version)
    return any(parse_version(other.spec.version) > number for other in obs.versions)


def _why_promoted(obs: ModelObservation, of: Retrained) -> str:
    tried = experiment_of(obs, of.version.metadata.name)
    measured = _threshold(obs, of)
    by = tried.status.reason if tried else ""
    return "; ".join(part for part in (measured, by) if part) or "promoted by hand"


def _why_archived(obs: ModelObservation, of: Retrained) -> str:
    return _threshold(obs, of) or "it was archived"


def _threshold(obs: ModelObservation, of: Retrained) -> str:
    """How the measured improvement lies to the policy's; empty where one was not measured."""
    gained = performance(of).improvement
    if gained is None:
        return ""
    limit = decimal(obs.model.spec.promotion.min_improvement)
    verb = "Exceeds" if gained > limit else "Does not exceed"
    return f"{verb} {_plain(limit * 100)}% improvement threshold"


def performance(of: Retrained) -> Performance:
    """Both accuracies, on the same texts where the evaluation compared them there (row RET-19)."""
    metrics = of.version.spec.metrics
    if metrics.improvement is None or metrics.production_accuracy is None:
        return Performance(_accuracy(of.production), _accuracy(of.version), same_texts=False)
    old = decimal(metrics.production_accuracy)
    return Performance(old, old + decimal(metrics.improvement), same_texts=True)


def _accuracy(version: ModelVersion | None) -> Decimal | None:
    """Accuracy on its own test split, as a share; None where it was not measured."""
    measured = version.spec.metrics.test_accuracy if version else None
    return None if measured is None else decimal(measured)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
