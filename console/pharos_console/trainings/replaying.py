"""A TrainingRun once more: the run that repeats it, and whether the two came to the same. Pure.

The same papers, as they were collected then, the same split, seed and hyperparameters, those that a
search had found among them. Nothing is registered. Metrics are the same when they differ by no more
than a tolerance: on one image and one kind of machine they are equal to the last digit; other
processors add up in another order.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pharos_api.data import DatasetSource
from pharos_api.jobio import Output, gathered_outputs, tuned
from pharos_api.meta import API_VERSION
from pharos_api.names import bounded
from pharos_api.trainingrun import StepName, StepState, TrainingRun
from pharos_console.errors import UsageError

TOLERANCE = Decimal("0.005")
_RAW = "rawUri"
_COMPARED = ("validationAccuracy", "testAccuracy", "macroF1", "calibrationError")
# What may explain a difference, and is none itself.
_CIRCUMSTANCES = ("software", "computedOn", "microBatch")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other: a line for each thing compared, and whether all agree."""

    lines: tuple[str, ...]
    is_same: bool


def replay_name(original: str) -> str:
    """Name of the run that repeats another."""
    return bounded(original, "-replay")


def replay_manifest(original: TrainingRun) -> dict[str, Any]:
    """The TrainingRun that repeats ``original``.

    Raises UsageError when the original has not been trained and measured yet.
    """
    outputs = _outputs(original)
    if _RAW not in outputs or not _is_measured(original):
        phase = original.status.phase
        raise UsageError(
            f"TrainingRun {original.metadata.name} is {phase}: only a run that was trained and "
            "measured can be replayed. Wait for it, or name another"
        )
    spec = original.spec.to_json()
    spec.pop("search", None)
    spec["replayOf"] = original.metadata.name
    spec["data"] = {**spec["data"], "source": {"dataset": _as_collected(original, outputs[_RAW])}}
    spec["trainer"] = tuned(original.spec.trainer, outputs).to_json()
    return {
        "apiVersion": API_VERSION,
        "kind": "TrainingRun",
        "metadata": {
            "name": replay_name(original.metadata.name),
            "namespace": original.metadata.namespace,
        },
        "spec": {**spec, "suspend": False},
    }


def compared(
    original: TrainingRun, again: TrainingRun, tolerance: Decimal = TOLERANCE
) -> Comparison:
    """What two measured runs have in common. Other data are never the same run."""
    before, after = _outputs(original), _outputs(again)
    digest = Output.DATASET_SHA256.value
    is_same_data = before.get(digest) == after.get(digest)
    lines = [_line("data set", before.get(digest, ""), after.get(digest, ""), is_same_data)]
    verdicts = [is_same_data]
    for name in _COMPARED:
        mine, theirs = original.status.metrics.get(name), again.status.metrics.get(name)
        if mine is None:
            continue
        is_near = theirs is not None and abs(Decimal(mine) - Decimal(theirs)) <= tolerance
        lines.append(_line(name, mine, theirs or "missing", is_near))
        verdicts.append(is_near)
    lines += [
        f"{name}: {before[name]} then, {after[name]} now"
        for name in _CIRCUMSTANCES
        if name in before and name in after and before[name] != after[name]
    ]
    return Comparison(tuple(lines), len(verdicts) > 1 and all(verdicts))


def _line(name: str, before: str, after: str, is_same: bool) -> str:
    verdict = "same" if is_same else "DIFFERENT"
    return f"{name}: {before[:16]} then, {after[:16]} now: {verdict}"


def _outputs(run: TrainingRun) -> dict[str, str]:
    return gathered_outputs([step.outputs for step in run.status.steps])


def _is_measured(run: TrainingRun) -> bool:
    return any(
        step.name is StepName.EVALUATE and step.state is StepState.SUCCEEDED
        for step in run.status.steps
    )


def _as_collected(run: TrainingRun, raw_uri: str) -> dict[str, Any]:
    """The source's choice of papers, made among those that were collected then."""
    source = run.spec.data.source.given
    return DatasetSource(
        uri=raw_uri,
        categories=source.categories,
        papers_per_category=source.papers_per_category,
        label_policy=source.label_policy,
    ).to_json()
