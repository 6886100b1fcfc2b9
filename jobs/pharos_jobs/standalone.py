"""Steps on a desk: the requirement's command-line flags, without a cluster."""

import argparse

from pharos_api.jobio import ExitCode


def add_flags(name: str, command: argparse.ArgumentParser) -> None:
    """Add the flags of one command."""
    if name == "receive":
        command.add_argument("uri", help="where to write")
    elif name != "project":
        command.add_argument(
            "--step-input", metavar="FILE", help="StepInput as JSON; - reads stdin"
        )


def run_with_flags(options: argparse.Namespace) -> ExitCode:
    """Run a step by its flags."""
    raise NotImplementedError(options.command)
