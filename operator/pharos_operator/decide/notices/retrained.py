"""The notice of a retraining that has ended (rows RET-20, RET-21 and RET-25).

It is sent when it is known what becomes of the new version: promoted, not promoted, or waiting for
a person. Every figure comes from the objects; what they do not say is left out, never guessed.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from pharos_api.model import NotificationKind
from pharos_api.modelversion import ModelVersion
from pharos_api.retraining import Cause
from pharos_api.trainingrun import StepName, TrainingRun, TrainingRunPhase
from pharos_operator.decide.conditions import ModelCondition, RetrainingReason, RunCondition, find
from pharos_operator.decide.decision import Notice, Tone
from pharos_operator.decide.models.production import named
from pharos_operator.decide.notices.outcome import (
    Ending,
    Fate,
    Retrained,
    ending,
    performance,
)
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.runs.pipeline import gathered

_MEGABYTE = 1_000_000
_HOUR_S, _MINUTE_S = 3600, 60


def notices(obs: ModelObservation) -> Iterator[Notice]:
    """Of each run that the operator started by itself and that has ended, or was refused."""
    yield from _refused(obs)
    for run in obs.runs:
        cause, finished = run.spec.cause, run.status.finished_at
        if cause is None or finished is None:
            continue
        if run.status.phase is TrainingRunPhase.FAILED:
            yield _failed(obs, run, cause, finished)
        else:
            yield from _completed(obs, run, cause, finished)


def _completed(
    obs: ModelObservation, run: TrainingRun, cause: Cause, finished: datetime
) -> Iterator[Notice]:
    """Nothing before it is known what becomes of the version."""
    version = next((v for v in obs.versions if v.metadata.name == run.status.model_version), None)
    if version is None:
        return
    found = Retrained(run, cause, version, _before(obs, version, cause), finished)
    known = ending(obs, found)
    if known is not None:
        yield _complete(obs, found, known)


def _before(obs: ModelObservation, version: ModelVersion, cause: Cause) -> ModelVersion | None:
    """What it was compared with: production by then, which may have moved since the run began."""
    compared = named(obs, version.spec.lineage.parent or "")
    return compared or next((v for v in obs.versions if v.spec.version == cause.parent), None)


def _failed(obs: ModelObservation, run: TrainingRun, cause: Cause, at: datetime) -> Notice:
    why = find(run.status.conditions, RunCondition.SUCCEEDED)
    return Notice(
        NotificationKind.RETRAINING_FAILED,
        f"retraining-failed/{run.metadata.uid}",
        at,
        f"Model Retraining Failed - {obs.model.metadata.name}",
        f"TrainingRun: {run.metadata.name}\nStarted because: {cause.reason or cause.trigger}\n"
        f"Reason: {why.message if why else 'see its conditions'}",
        Tone.FAILURE,
    )


def _refused(obs: ModelObservation) -> Iterator[Notice]:
    """The last one, where the API server would not have it: there is no run that could tell."""
    due = find(obs.model.status.conditions, ModelCondition.RETRAINING_DUE)
    kept = obs.model.status.retraining
    if due is None or due.reason != RetrainingReason.RUN_REFUSED:
        return
    if kept is None or kept.run_finished_at is None:
        return
    yield Notice(
        NotificationKind.RETRAINING_FAILED,
        f"retraining-failed/{kept.run}",
        kept.run_finished_at,
        f"Model Retraining Failed - {obs.model.metadata.name}",
        f"Started because: {kept.reason}\nReason: {due.message}",
        Tone.FAILURE,
    )


def _complete(obs: ModelObservation, of: Retrained, known: Ending) -> Notice:
    blocks = (
        _headline(of, known),
        _dataset(of),
        _performance(of),
        f"Decision: {known.fate}\nReason: {known.reason}",
        _cost(of),
    )
    return Notice(
        NotificationKind.RETRAINING_COMPLETE,
        f"retraining-complete/{of.run.metadata.uid}/{known.fate.name.lower()}",
        known.at,
        f"Model Retraining Complete - {obs.model.metadata.name}_{of.version.spec.version}",
        "\n\n".join(block for block in blocks if block),
        Tone.SUCCESS if known.fate is Fate.PROMOTED else Tone.INFO,
    )


def _headline(of: Retrained, known: Ending) -> str:
    """The sentences of rows RET-20 and RET-21; a worse version has a minus instead of the plus."""
    gained = performance(of).improvement
    by = "" if gained is None else f" ({gained:+.1%})"
    match known.fate:
        case Fate.PROMOTED:
            what = "promoted"
        case Fate.NOT_PROMOTED:
            what = "not promoted"
        case Fate.WAITS:
            what = "waits for approval"
        case _:
            assert_never(known.fate)
    return f"New model {of.version.spec.version} {what}{by}"


def _dataset(of: Retrained) -> str:
    before, added = _samples(of)
    if before is None or added is None:
        return ""
    growth = f" (+{added / before:.0%})" if before else ""
    return (
        f"Dataset:\n- Previous: {before:,} papers\n- New: {before + added:,} papers{growth}\n"
        f"- Growth: {added:,} new papers"
    )


def _samples(of: Retrained) -> tuple[int | None, int | None]:
    """Production's and new ones: as the run has counted them, else as its check expected them."""
    made = gathered(of.run.status)
    if "previousSamples" in made and "newSamples" in made:
        return int(made["previousSamples"]), int(made["newSamples"])
    return of.cause.previous_samples, of.cause.new_samples


def _performance(of: Retrained) -> str:
    """Row RET-25; figures of different texts are no comparison, and it says so."""
    lines = []
    found = performance(of)
    old, new, gained = found.production, found.new, found.improvement
    if old is not None and of.production is not None:
        lines.append(f"- Production ({of.production.spec.version}): {old:.1%}")
    if new is not None:
        by = "" if gained is None else f" ({gained:+.1%})"
        lines.append(f"- New ({of.version.spec.version}): {new:.1%}{by}")
    apart = gained is not None and not found.same_texts
    title = "Performance (each on its own test split):" if apart else "Performance:"
    return "\n".join([title, *lines]) if lines else ""


def _cost(of: Retrained) -> str:
    lines = []
    training_s = _training_s(of.run)
    if training_s is not None:
        lines.append(f"Training time: {_duration(training_s)}")
    if of.version.spec.artifact.size_bytes:
        lines.append(f"Model size: {of.version.spec.artifact.size_bytes / _MEGABYTE:.0f} MB")
    return "\n".join(lines)


def _training_s(run: TrainingRun) -> float | None:
    """Of the step train alone; None where it was not run or its times are not known."""
    step = next((s for s in run.status.steps if s.name is StepName.TRAIN), None)
    if step is None or step.started_at is None or step.finished_at is None:
        return None
    return (step.finished_at - step.started_at).total_seconds()


def _duration(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} seconds"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} minutes"
    return f"{seconds / _HOUR_S:.1f} hours"
