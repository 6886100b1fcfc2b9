"""The rows of everything, once a replica starts to lead: what a former leader still had to write.

Rows are written beside the reconciling, so a process that dies can take some along. They follow
from the objects, and an upsert that changes nothing is harmless.
"""

import dataclasses
from collections.abc import Iterator
from datetime import datetime

from pharos_operator.decide.decision import (
    Platform,
    RecordExperiment,
    RecordRetraining,
    RecordVersion,
)
from pharos_operator.decide.experiments import row as experiment_row
from pharos_operator.decide.runs import row as run_row
from pharos_operator.decide.versions import modelversion
from pharos_operator.errors import Invalid
from pharos_operator.ports import Rows
from pharos_operator.reconcile.index import Entry, Index
from pharos_operator.reconcile.observe import Observer


async def record_all(
    rows: Rows, index: Index, observer: Observer, platform: Platform, now: datetime
) -> None:
    """Hand every row to the writer, which works through them in the background."""
    for entry in index.of_kind("ModelVersion"):
        for row in _of_version(observer, entry, platform, now):
            await rows.record(row)
    for entry in index.of_kind("ABExperiment"):
        for other in _of_experiment(observer, entry):
            await rows.record(other)
    for entry in index.of_kind("TrainingRun"):
        for retraining in _of_run(observer, entry):
            await rows.record(retraining)


def _of_version(
    observer: Observer, entry: Entry, platform: Platform, now: datetime
) -> Iterator[RecordVersion]:
    try:
        seen = observer.version(entry)
    except Invalid:
        return  # its own reconcile says so in its status
    unrecorded = seen.version.status.model_copy(update={"recorded_digest": ""})
    version = seen.version.model_copy(update={"status": unrecorded})
    decision = modelversion.decide(dataclasses.replace(seen, version=version), platform, now)
    yield from (action for action in decision.actions if isinstance(action, RecordVersion))


def _of_experiment(observer: Observer, entry: Entry) -> Iterator[RecordExperiment]:
    try:
        seen = observer.experiment(entry)
    except Invalid:
        return  # its own reconcile says so in its status
    row = experiment_row.row(seen, seen.experiment.status)
    if row is not None:
        yield row


def _of_run(observer: Observer, entry: Entry) -> Iterator[RecordRetraining]:
    try:
        seen = observer.run(entry)
    except Invalid:
        return  # its own reconcile says so in its status
    row = run_row.row(seen, seen.run.status)
    if row is not None:
        yield row
