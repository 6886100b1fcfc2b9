"""Runs one step and turns whatever happens into a StepResult and an exit code: the one edge.

An unexpected error keeps its trace in the log and becomes a sentence in the result.
"""

import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from pharos_api.checking import CheckResult
from pharos_api.jobio import ExitCode, FailureReason, StepError, StepInput, StepResult
from pharos_api.names import ENV_TERMINATION_LOG
from pharos_api.retaining import RetentionResult
from pharos_api.trainingrun import StepName
from pharos_api.verification import VerifyResult
from pharos_jobs import launching
from pharos_jobs.context import StepContext
from pharos_jobs.errors import StepFault
from pharos_jobs.progress import ProgressPusher
from pharos_jobs.retention.claiming import claim_dataset, claim_run

TERMINATION_LOG = "/dev/termination-log"
_log = logging.getLogger(__name__)
Result = StepResult | VerifyResult | CheckResult | RetentionResult
_Run = Callable[[StepInput, StepContext], StepResult]


def run_step(step_input: StepInput) -> tuple[StepResult, ExitCode]:
    """Run the input's step. Never raises; SIGTERM sets the context's stop."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        return _in_context(step_input, stop)
    finally:
        signal.signal(signal.SIGTERM, before)


def _in_context(step_input: StepInput, stop: threading.Event) -> tuple[StepResult, ExitCode]:
    with (
        tempfile.TemporaryDirectory(prefix="pharos-") as work_dir,
        ProgressPusher(step_input) as progress,
    ):
        return _outcome(step_input, StepContext(Path(work_dir), progress, stop))


def _outcome(step_input: StepInput, context: StepContext) -> tuple[StepResult, ExitCode]:
    try:
        if launching.is_first(os.environ):
            claim_run(step_input, context.now())
        result = _step(step_input.step)(step_input, context)
        if launching.is_first(os.environ):
            claim_dataset(step_input, result, context.now())
    except StepFault as fault:
        _log.error(fault.message, extra={"reason": fault.reason})
        return _failed(step_input.step, fault.reason, fault.message), fault.exit_code
    except OSError as error:
        # A store that is full or away; the next try may find it back.
        _log.exception("The store or the disk failed")
        message = f"The artifact store or the disk failed: {error}"
        return _failed(step_input.step, FailureReason.STEP_FAILED, message), ExitCode.RETRYABLE
    except Exception as error:
        _log.exception("Unexpected error")
        message = f"Unexpected {type(error).__name__} in {step_input.step}: {error}. See the log."
        return _failed(step_input.step, FailureReason.STEP_FAILED, message), ExitCode.UNEXPECTED
    return result, ExitCode.OK if result.error is None else ExitCode.GATE


def _step(name: StepName) -> _Run:
    """The step's function; imported here, so that each step loads only what it needs."""
    run: _Run = import_module(f"pharos_jobs.steps.{name}").run
    return run


def _failed(step: StepName, reason: FailureReason, message: str) -> StepResult:
    return StepResult(step=step, error=StepError(reason=reason, message=message))


def _speaks(result: Result, path: Path) -> bool:
    """Whether one of several processes tells the result: the first of them, or who failed first."""
    if getattr(result, "error", None) is None:
        return launching.is_first(os.environ)
    return not path.exists() or path.stat().st_size == 0


def write_result(result: Result) -> None:
    """Leave the result where Kubernetes reads it; on a machine without that file, in the log."""
    path = Path(os.environ.get(ENV_TERMINATION_LOG, TERMINATION_LOG))
    if launching.is_started(os.environ) and not _speaks(result, path):
        return
    text = result.to_termination_message()
    try:
        path.write_text(text, encoding="utf-8")
    except (FileNotFoundError, PermissionError):
        _log.info("Result", extra={"result": text})
