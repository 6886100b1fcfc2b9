"""Run a TrainingRun's steps one after another as processes on this machine.

The same ``python -m pharos_jobs STEP`` that a Job runs, the same StepInput and StepResult, with
``file://`` artifacts and rows in SQLite. Nothing here trains or reads model files.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pharos_api import names
from pharos_api.jobio import (
    ExitCode,
    StepInput,
    StepResult,
    gathered_outputs,
    parse_result,
    pipeline,
    tuned,
)
from pharos_api.model import Model
from pharos_api.trainingrun import StepName, TrainingRun
from pharos_api.versioning import Registered, next_version, trained_architecture
from pharos_console.errors import UsageError


@dataclass(frozen=True, slots=True)
class LocalStep:
    """One finished step."""

    name: StepName
    seconds: float
    attempts: int
    result: StepResult


@dataclass(frozen=True, slots=True)
class LocalRun:
    """What is run, for which model, where its artifacts go and what was registered before.

    ``version`` is the one that this very run registered earlier, when it is run again.
    """

    run: TrainingRun
    model: Model
    uid: str
    artifact_root: str
    registered: tuple[Registered, ...] = ()
    version: str = ""


def execute(plan: LocalRun) -> Iterator[LocalStep]:
    """Run every step in order and yield each as it ends.

    Raises UsageError with the step's own sentence when one fails for good.
    """
    outputs: list[dict[str, str]] = []
    for step in pipeline(plan.run.spec):
        done = _attempts(plan, step, gathered_outputs(outputs))
        outputs.append(done.result.outputs)
        yield done


def _attempts(plan: LocalRun, step: StepName, inputs: dict[str, str]) -> LocalStep:
    begin, divisor, sentence = time.monotonic(), 1, ""
    for attempt in range(1, plan.run.spec.max_attempts + 1):
        step_input = _step_input(plan, step, inputs).model_copy(
            update={"attempt": attempt, "batch_divisor": divisor}
        )
        code, result = _process(step_input)
        if code == ExitCode.OK and result is not None:
            return LocalStep(step, round(time.monotonic() - begin, 2), attempt, result)
        sentence = result.error.message if result and result.error else f"exit status {code}"
        if code == ExitCode.OUT_OF_MEMORY:
            divisor *= 2
        elif code not in (ExitCode.RETRYABLE, ExitCode.UNEXPECTED):
            break
    raise UsageError(f"step {step.value} failed: {sentence}")


def _step_input(plan: LocalRun, step: StepName, inputs: dict[str, str]) -> StepInput:
    spec = plan.run.spec
    version = plan.version
    if step is StepName.REGISTER and not version:
        dataset = inputs.get("datasetSha256", "")
        trained = Registered("", trained_architecture(spec.trainer), dataset)
        version = next_version(plan.registered, trained)
    return StepInput(
        step=step,
        namespace="local",
        run=plan.run.metadata.name,
        uid=plan.uid,
        model=plan.model.metadata.name,
        artifact_root=plan.artifact_root,
        data=spec.data,
        trainer=tuned(spec.trainer, inputs),
        search=spec.search,
        gate=plan.model.spec.quality_gate,
        labels=plan.model.spec.labels,
        card=plan.model.spec.card,
        version=version,
        inputs=inputs,
    )


def _process(step_input: StepInput) -> tuple[int, StepResult | None]:
    with tempfile.TemporaryDirectory(prefix="pharos-") as folder:
        message = Path(folder, "termination-log")
        environment = os.environ | {
            names.ENV_STEP_INPUT: step_input.model_dump_json(by_alias=True, exclude_none=True),
            names.ENV_TERMINATION_LOG: str(message),
        }
        command = [sys.executable, "-m", "pharos_jobs", step_input.step.value]
        code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own module
        return code, parse_result(message.read_text()) if message.exists() else None
