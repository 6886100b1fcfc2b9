"""Replay of a TrainingRun: starts the run that repeats it, or compares the two."""

import typer

from pharos_api.abexperiment import ABExperiment
from pharos_api.model import Model
from pharos_api.trainingrun import TrainingRun, TrainingRunPhase
from pharos_console.cli.app import out
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.trainings.replaying import (
    TOLERANCE,
    compared,
    replay_manifest,
    replay_name,
)

_PREFIXES = ("trainingrun/", "trun/")


def is_training(target: Cluster, name: str) -> bool:
    """Whether a name means a TrainingRun: by its prefix, or because nothing else has it."""
    if name.startswith(_PREFIXES):
        return True
    others = (ABExperiment, Model)
    if any(target.find(kind, name) is not None for kind in others):
        return False
    return target.find(TrainingRun, name) is not None


def replay_training(target: Cluster, name: str) -> None:
    """Start a run's replay, or compare when it has ended; exit status 1 where they differ."""
    original = target.get(TrainingRun, name.rpartition("/")[2])
    again = target.find(TrainingRun, replay_name(original.metadata.name))
    if again is None:
        target.apply(replay_manifest(original))
        wanted = replay_name(original.metadata.name)
        out.print(f"started {wanted}; ask again when it has ended: pharos status {wanted}")
        return
    _check(original, again)
    found = compared(original, again)
    for line in found.lines:
        out.print(line)
    told = "the same run" if found.is_same else "not the same run"
    out.print(f"{told}, to a tolerance of {TOLERANCE}")
    if not found.is_same:
        raise typer.Exit(1)


def _check(original: TrainingRun, again: TrainingRun) -> None:
    """Raise UsageError unless ``again`` is a replay of ``original`` that has succeeded."""
    name, phase = again.metadata.name, again.status.phase
    if again.spec.replay_of != original.metadata.name:
        raise UsageError(f"TrainingRun {name} exists and replays something else; delete it first")
    if not phase.finished:
        raise UsageError(f"TrainingRun {name} is {phase}; wait for it and ask again")
    if phase is not TrainingRunPhase.SUCCEEDED:
        raise UsageError(
            f"TrainingRun {name} is {phase}; see why with: pharos status {name}, then delete it"
        )
