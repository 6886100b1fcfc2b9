"""The check itself: measures each trigger, weighs them, and answers with a CheckResult.

It has no access to Kubernetes: the operator reads the answer and acts on it. What is away becomes
an error in its own reading; the other triggers still count.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pharos_analysis.confidence import MIN_USERS
from pharos_analysis.dropping import accuracy_drop, split_totals
from pharos_api.checking import CheckedVersion, CheckInput, CheckResult
from pharos_api.jobio import ExitCode, FailureReason, StepError
from pharos_api.meta import rfc3339
from pharos_api.model import FeedbackUse
from pharos_api.retraining import DriftReading, Trigger, TriggerReading
from pharos_jobs.checking.growth import count_new_feedback, count_new_papers
from pharos_jobs.checking.production_log import ProductionLog, production_log
from pharos_jobs.checking.yardstick import Yardstick, yardstick
from pharos_jobs.core import triggers
from pharos_jobs.core.triggers import Growth
from pharos_jobs.datasets import Dataset, open_dataset
from pharos_jobs.drift.reports import report_folder
from pharos_jobs.drift.watching import assess
from pharos_jobs.errors import StepFault

_NOTHING = "There is no version in production to compare with."
_NO_LOG = "There is no prediction log: PHAROS_DATABASE_URL is not set."
_NO_DATASET = "The version in production names no data set (it was imported)."
_OTHER_LABELS = (
    "The Model has other labels than production's data set, which so cannot be extended. Start a "
    "TrainingRun without data.extends."
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a check needs beside its input: the moment, and a scratch folder."""

    now: datetime
    work_dir: Path


def run_check(told: CheckInput, world: Surroundings) -> tuple[CheckResult, ExitCode]:
    """Check as a process: an unexpected fault becomes a sentence. Never raises."""
    try:
        return Check(told, world).result(), ExitCode.OK
    except Exception as error:
        _log.exception("Unexpected error")
        message = f"Unexpected {type(error).__name__} in the check: {error}. See the log."
        fault = StepError(reason=FailureReason.STEP_FAILED, message=message)
        return CheckResult(reason=message, error=fault), ExitCode.UNEXPECTED


class Check:
    """One look at a Model.

    Args:
        told: what the operator says of it.
        world: the moment, and a scratch folder.
    """

    def __init__(self, told: CheckInput, world: Surroundings) -> None:
        self._told, self._world = told, world
        self._growth: Growth | None = None
        self._drift: DriftReading | None = None

    def result(self) -> CheckResult:
        """Read every trigger, then weigh them."""
        policy, readings = self._told.policy.triggers, []
        if self._told.forced:
            readings.append(triggers.manual_reading(self._told.forced))
        with ExitStack() as stack:
            log = stack.enter_context(production_log(self._told, self._world.now))
            measured = [
                _read(Trigger.DATA_GROWTH, lambda: self._growth_reading(log)),
                _read(Trigger.ACCURACY_DROP, lambda: self._accuracy_reading(log)),
                _read(Trigger.DRIFT, lambda: self._drift_reading(log)),
            ]
        readings += [triggers.unanswered(each, self._told.attempt) for each in measured]
        readings.append(triggers.scheduled_reading(policy.on_schedule == "Always"))
        told_of = self._told.production.version if self._told.production else ""
        found = triggers.verdict(readings, self._growth, self._drift)
        return found.model_copy(update={"production": told_of})

    def _growth_reading(self, log: ProductionLog | None) -> TriggerReading:
        production = self._told.production
        if production is None or self._told.data is None:
            why = _NOTHING if production is None else "The policy's template names no data."
            return triggers.unknown(Trigger.DATA_GROWTH, why)
        if not production.dataset_sha256:
            return triggers.unknown(Trigger.DATA_GROWTH, _NO_DATASET)
        dataset = self._dataset(production)
        if self._told.labels and set(self._told.labels) != set(dataset.labels):
            return triggers.failed(Trigger.DATA_GROWTH, _OTHER_LABELS)
        today = self._world.now.astimezone(UTC).date().isoformat()
        beside = yardstick(self._told, dataset, today)
        found = count_new_papers(self._told.data, beside, today, self._world.work_dir)
        feedback = self._feedback(log, beside)
        self._growth = Growth(
            found + feedback, beside.samples, beside.whose, feedback, beside.earlier
        )
        return triggers.growth_reading(self._growth, self._told.policy.triggers.data_growth_percent)

    def _feedback(self, log: ProductionLog | None, beside: Yardstick) -> int:
        """Texts that users labelled since the last training, where the policy takes them."""
        wanted = self._told.policy.feedback is FeedbackUse.LABELLED
        if not wanted or log is None or not beside.labels_since:
            return 0
        rows = log.labelled_since(datetime.fromisoformat(beside.labels_since))
        return count_new_feedback(rows, beside)

    def _accuracy_reading(self, log: ProductionLog | None) -> TriggerReading:
        production = self._told.production
        if production is None or log is None:
            why = _NOTHING if production is None else _NO_LOG
            return triggers.unknown(Trigger.ACCURACY_DROP, why)
        if production.accuracy is None:
            why = "What accuracy the version in production had is not known."
            return triggers.unknown(Trigger.ACCURACY_DROP, why)
        now, limit = log.accuracy(), self._told.policy.triggers.accuracy_drop_percent
        texts = self._tested_texts(production)
        then = split_totals(round(float(production.accuracy) * texts), texts)
        drop = accuracy_drop(then, now, limit / 100)
        if drop is None:
            return triggers.unknown(
                Trigger.ACCURACY_DROP,
                f"{now.n:.0f} ripe labels of {now.users} users beside {texts} texts of the test "
                f"split: of each at least {MIN_USERS} are needed.",
            )
        return triggers.accuracy_reading(drop, limit)

    def _tested_texts(self, production: CheckedVersion) -> int:
        """How many texts its accuracy was measured on."""
        return int(self._dataset(production).card["splits"]["test"])

    def _drift_reading(self, log: ProductionLog | None) -> TriggerReading:
        production = self._told.production
        if production is None or log is None or not production.dataset_sha256:
            why = _NOTHING if production is None else _NO_LOG if log is None else _NO_DATASET
            return triggers.unknown(Trigger.DRIFT, why)
        watch, window = self._told.drift, log.window()
        dataset = self._dataset(production)
        self._drift = assess(dataset, production, watch, window, self._reports())
        return triggers.drift_reading(self._drift, watch.above, self._told.policy.triggers.on_drift)

    def _reports(self) -> str:
        """Where the report on drift goes; a check that is run again writes beside the first."""
        told, moment = self._told, rfc3339(self._world.now)
        return report_folder(told.artifact_root, told.namespace, told.model, moment)

    def _dataset(self, production: CheckedVersion) -> Dataset:
        return open_dataset(f"{self._told.artifact_root}/datasets/{production.dataset_sha256}")


def _read(trigger: Trigger, measure: Callable[[], TriggerReading]) -> TriggerReading:
    """One trigger's reading; whatever fails in it stays in it."""
    try:
        return measure()
    except StepFault as fault:
        _log.error(fault.message, extra={"trigger": trigger, "reason": fault.reason})
        return triggers.failed(trigger, fault.message)
    except Exception as error:
        _log.exception("Unexpected error", extra={"trigger": trigger})
        return triggers.failed(trigger, f"Unexpected {type(error).__name__}: {error}.")
