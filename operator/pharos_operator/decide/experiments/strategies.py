"""Which file knows a strategy's course; all of them have the same three functions."""

from typing import Protocol, assert_never

from pharos_api.abexperiment import ExperimentStrategy
from pharos_operator.decide.experiments import abtest, bluegreen, canary, shadow
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.transitions import ExperimentDraft


class Course(Protocol):
    """What a strategy is to the life of an experiment."""

    def begin(self, look: Look, draft: ExperimentDraft) -> ExperimentDraft:
        """The first move, once the candidate has passed staging; may hold where it is."""

    def progress(self, look: Look, draft: ExperimentDraft) -> ExperimentDraft:
        """The next draft while it is Shadowing, Progressing, Paused or Watching."""

    def arrived(self, look: Look, draft: ExperimentDraft) -> ExperimentDraft:
        """What follows when the candidate is production and every gateway has confirmed it."""


def course_of(strategy: ExperimentStrategy) -> Course:
    """The course of a strategy."""
    match strategy:
        case ExperimentStrategy.CANARY:
            return canary
        case ExperimentStrategy.AB_TEST:
            return abtest
        case ExperimentStrategy.BLUE_GREEN:
            return bluegreen
        case ExperimentStrategy.SHADOW:
            return shadow
        case _:
            assert_never(strategy)
