"""The steps that a strategy takes, and where on them an experiment stands, in words."""

from typing import assert_never

from pharos_api.abexperiment import (
    ABExperimentSpec,
    ABExperimentStatus,
    ExperimentPhase,
    ExperimentStrategy,
)
from pharos_api.delivery import Step


def steps_of(spec: ABExperimentSpec) -> list[Step]:
    """The shares that the candidate gets one after the other; none where it gets all at once."""
    match spec.strategy:
        case ExperimentStrategy.CANARY | ExperimentStrategy.SHADOW:
            return list(spec.steps)
        case ExperimentStrategy.AB_TEST:
            return [Step(percent=spec.ab_test.percent, hold_for=spec.ab_test.duration)]
        case ExperimentStrategy.BLUE_GREEN:
            return []
        case _:
            assert_never(spec.strategy)


def step_of(spec: ABExperimentSpec, status: ABExperimentStatus) -> Step:
    """The present step."""
    return steps_of(spec)[status.current_step]


def where(spec: ABExperimentSpec, status: ABExperimentStatus) -> str:
    """Where the experiment stands, as the beginning of a sentence."""
    if status.phase is ExperimentPhase.WATCHING:
        return f"watching {status.candidate_version} in production"
    if status.exposure == 0:
        return f"shadow of {spec.shadow.percent} % of the requests"
    step, steps = step_of(spec, status), steps_of(spec)
    if spec.strategy is ExperimentStrategy.AB_TEST:
        return f"two arms of {step.percent} %"
    return f"step {status.current_step + 1} of {len(steps)} at {step.percent} %"
