"""``python -m pharos_jobs STEP``: reads a StepInput, runs the step, leaves a StepResult.

In a pod the input comes from PHAROS_STEP_INPUT; on a desk from ``--step-input FILE`` or from flags.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pharos_api.jobio import ExitCode, RegistryInput, StepInput
from pharos_api.names import (
    ENV_CHECK_INPUT,
    ENV_REGISTRY_INPUT,
    ENV_STEP_INPUT,
    ENV_VERIFY_INPUT,
)
from pharos_api.verification import VerifyInput
from pharos_jobs import launching, logs, storage
from pharos_jobs.module_path import without_folder
from pharos_jobs.standalone.flags import add_flags, run_with_flags
from pharos_jobs.steps_help import COMMANDS


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the process's exit code."""
    # Artifacts hold papers and models: nobody else on the machine reads them (row SEC-8).
    os.umask(0o077)
    options = _parser().parse_args(arguments)
    return _COMMANDS.get(options.command, _step)(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pharos_jobs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (summary, details) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary}\n\n{details}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_flags(name, command)
    return parser


def _step(options: argparse.Namespace) -> int:
    from pharos_jobs.running import run_step, write_result  # noqa: PLC0415 - keeps --help quick

    text = _given_input(options.step_input)
    if text is None:
        logs.configure(sys.stderr)
        return int(run_with_flags(options))
    logs.configure(sys.stdout)
    step_input = StepInput.model_validate_json(text)
    if step_input.step != options.command:
        print(
            f"The input is for the step {step_input.step}, not {options.command}.", file=sys.stderr
        )
        return int(ExitCode.BAD_INPUT)
    logs.configure(sys.stdout, ids=_ids(step_input))
    together = launching.crew(step_input, os.environ)
    if not together.is_alone and not launching.is_started(os.environ):
        return launching.launch(together, step_input.step)
    if not launching.is_first(os.environ):
        step_input = step_input.model_copy(update={"progress": None})
    result, code = run_step(step_input)
    write_result(result)
    return int(code)


def _ids(of: StepInput) -> dict[str, str]:
    names = {"namespace": of.namespace, "model": of.model, "run": of.run, "step": of.step}
    return {name: str(value) for name, value in names.items()}


def _given_input(file: str | None) -> str | None:
    if file == "-":
        return sys.stdin.read()
    if file is not None:
        return storage.read_bytes(file).decode()
    return os.environ.get(ENV_STEP_INPUT)


def _receive(options: argparse.Namespace) -> int:
    written = storage.write_stream(options.uri, sys.stdin.buffer)
    print(f"{written.sha256} {written.size_bytes}")
    return int(ExitCode.OK)


def _project(_: argparse.Namespace) -> int:
    from pharos_jobs.registry import project  # noqa: PLC0415 - keeps --help quick

    text = os.environ.get(ENV_REGISTRY_INPUT) or sys.stdin.read()
    changed = project(RegistryInput.model_validate_json(text))
    print("changed" if changed else "unchanged")
    return int(ExitCode.OK)


def _verify(_: argparse.Namespace) -> int:
    from pharos_jobs.running import write_result  # noqa: PLC0415 - keeps --help quick
    from pharos_jobs.verification.verifying import run_verify  # noqa: PLC0415

    logs.configure(sys.stdout)
    text = os.environ.get(ENV_VERIFY_INPUT) or sys.stdin.read()
    result, code = run_verify(VerifyInput.model_validate_json(text))
    write_result(result)
    return int(code)


def _check(_: argparse.Namespace) -> int:
    from pharos_jobs.checking.process import check_from_text  # noqa: PLC0415 - keeps --help quick
    from pharos_jobs.running import write_result  # noqa: PLC0415

    logs.configure(sys.stdout)
    result, code = check_from_text(os.environ.get(ENV_CHECK_INPUT) or sys.stdin.read())
    write_result(result)
    return int(code)


def _retain(options: argparse.Namespace) -> int:
    from pharos_jobs.retention.command import run_retain  # noqa: PLC0415 - keeps --help quick

    return run_retain(options.show)


def _erase(_: argparse.Namespace) -> int:
    from pharos_jobs.erasing.command import run_erase  # noqa: PLC0415 - keeps --help quick

    return run_erase()


def _predict(options: argparse.Namespace) -> int:
    from pharos_jobs.errors import Terminal  # noqa: PLC0415 - keeps --help quick
    from pharos_jobs.predict_file import predict_file  # noqa: PLC0415

    try:
        rows = predict_file(options.model, options.input, options.output)
    except Terminal as fault:
        print(f"error: {fault.message}", file=sys.stderr)
        return int(fault.exit_code)
    print(f"{rows} rows: {options.output}")
    return int(ExitCode.OK)


def _keep(options: argparse.Namespace) -> int:
    from pharos_jobs.errors import StepFault  # noqa: PLC0415 - keeps --help quick
    from pharos_jobs.keeping.command import run  # noqa: PLC0415

    logs.configure(sys.stderr)
    try:
        run(options)
    except StepFault as fault:
        print(f"error: {fault.message}", file=sys.stderr)
        return int(fault.exit_code)
    return int(ExitCode.OK)


# Every other command is a step.
_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "receive": _receive,
    "project": _project,
    "verify": _verify,
    "check": _check,
    "retain": _retain,
    "erase": _erase,
    "predict": _predict,
    **dict.fromkeys(("send", "inventory", "compare", "restore", "sign"), _keep),
}


if __name__ == "__main__":
    sys.path[:] = without_folder(sys.path, Path.cwd())
    sys.exit(main())
