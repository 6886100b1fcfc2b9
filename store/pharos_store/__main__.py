"""``python -m pharos_store upgrade``: what the chart's migration hook runs."""

import argparse
import logging
import os
import sys

from pharos_api.jobio import ExitCode
from pharos_api.names import ENV_DATABASE_URL
from pharos_store.upgrading import DatabaseNotReady, upgrade


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Returns the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m pharos_store", description=__doc__)
    parser.add_argument("command", choices=["upgrade"])
    parser.add_argument("--timeout-s", type=float, default=120.0, help="wait this long at most")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    url = os.environ.get(ENV_DATABASE_URL, "")
    if not url:
        print(f"{ENV_DATABASE_URL} is not set; name the database to upgrade.", file=sys.stderr)
        return ExitCode.BAD_INPUT
    try:
        upgrade(url, patience_s=options.timeout_s)
    except DatabaseNotReady as error:
        print(error, file=sys.stderr)
        return ExitCode.RETRYABLE
    print("The database has the schema of this release.")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
