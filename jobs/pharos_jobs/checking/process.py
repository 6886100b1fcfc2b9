"""The check as a process: its input as text, a scratch folder, the clock."""

import tempfile
from pathlib import Path

from pydantic import ValidationError

from pharos_api.checking import CheckInput, CheckResult
from pharos_api.jobio import ExitCode, FailureReason, StepError
from pharos_jobs.checking.check import Surroundings, run_check
from pharos_jobs.context import utc_now


def check_from_text(text: str) -> tuple[CheckResult, ExitCode]:
    """Check what a CheckInput (JSON) names. Never raises for its content."""
    try:
        told = CheckInput.model_validate_json(text)
    except ValidationError as error:
        message = f"The check's input is no CheckInput: {error.errors()[0]['msg']}."
        fault = StepError(reason=FailureReason.INVALID_SPEC, message=message)
        return CheckResult(reason=message, error=fault), ExitCode.BAD_INPUT
    with tempfile.TemporaryDirectory(prefix="pharos-") as folder:
        return run_check(told, Surroundings(utc_now(), Path(folder)))
