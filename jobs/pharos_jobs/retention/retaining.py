"""``python -m pharos_jobs retain``: plan, show or carry out, and say what was done.

The edge: reads the clock, takes stock, writes the log. The plan itself is ``core.retention``.
"""

import logging
import os
from datetime import datetime

from pharos_api.jobio import ExitCode, FailureReason, StepError
from pharos_api.retaining import PlannedItem, RetentionInput, RetentionResult
from pharos_jobs.core.retention import Planned, Verdict, plan
from pharos_jobs.errors import StepFault
from pharos_jobs.retention.acting import Done, act
from pharos_jobs.retention.prediction_log import anonymise_log
from pharos_jobs.retention.stock import take_stock

_log = logging.getLogger(__name__)


def planned(told: RetentionInput, now: datetime) -> tuple[Planned, ...]:
    """The plan for what lies in the store at this moment."""
    return plan(take_stock(told), told, now)


def retain(told: RetentionInput, now: datetime) -> tuple[RetentionResult, ExitCode]:
    """Look, plan and, unless it is a dry run, act. Never raises for a store that is away."""
    dry_run = told.dry_run or told.policy.dry_run
    try:
        wanted = planned(told, now)
        for item in wanted:
            _log.info("Planned", extra={"item": shown(item, now).to_json()})
        done = Done(_changes(wanted), [], []) if dry_run else act(wanted, told)
        log = anonymise_log(told, os.environ, now, dry_run=dry_run)
    except StepFault as fault:
        return _failed(fault.reason, fault.message, dry_run), fault.exit_code
    except OSError as error:
        message = f"The artifact store failed: {error}"
        return _failed(FailureReason.STEP_FAILED, message, dry_run), ExitCode.RETRYABLE
    counted = {"anonymised": log.rows, "aggregated": log.days}
    return _result(wanted, done, dry_run).model_copy(update=counted), ExitCode.OK


def shown(item: Planned, now: datetime) -> PlannedItem:
    """One line of the plan for people."""
    thing = item.thing
    return PlannedItem(
        path=thing.path,
        kind=thing.kind,
        verdict=item.verdict,
        reason=item.reason,
        age_days=max(0, (now - thing.since).days),
        size_bytes=thing.size_bytes,
    )


def _changes(wanted: tuple[Planned, ...]) -> list[Planned]:
    return [item for item in wanted if item.verdict is not Verdict.KEEP]


def _result(wanted: tuple[Planned, ...], done: Done, dry_run: bool) -> RetentionResult:
    deleted = [item for item in done.done if item.verdict is Verdict.DELETE]
    archived = [item for item in done.done if item.verdict is Verdict.ARCHIVE]
    return RetentionResult(
        dry_run=dry_run,
        kept=len(wanted) - len(_changes(wanted)),
        deleted=len(deleted),
        archived=len(archived),
        left=len(done.left),
        freed_bytes=sum(item.thing.size_bytes for item in (*deleted, *archived)),
        archived_bytes=sum(item.thing.size_bytes for item in archived),
        warnings=done.warnings[:5],
    )


def _failed(reason: FailureReason, message: str, dry_run: bool) -> RetentionResult:
    return RetentionResult(dry_run=dry_run, error=StepError(reason=reason, message=message))
