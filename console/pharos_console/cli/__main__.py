"""The entry point of ``pharos`` and ``kubectl pharos``."""

import sys

from rich.text import Text

from pharos_console.cli import (
    attributions,
    demo,
    experiments,
    feedback,
    label,
    load,
    predict,
    privacy,
    registry,
    run,
    status,
    trials,
    upload,
    verbs,
)
from pharos_console.cli.app import app, err
from pharos_console.errors import UsageError

COMMANDS = (
    attributions,
    demo,
    experiments,
    feedback,
    label,
    load,
    predict,
    privacy,
    registry,
    run,
    status,
    trials,
    upload,
    verbs,
)  # importing them registers their commands


def main() -> None:
    """Run the command line; a UsageError is a sentence and exit status 1."""
    try:
        app()
    except UsageError as error:
        err.print(Text.assemble(("error:", "red"), f" {error}"))
        sys.exit(1)


if __name__ == "__main__":
    main()
