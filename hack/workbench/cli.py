"""Prepares this checkout: Python packages, and the servers that integration tests start.

setup             everything; quick when nothing has changed
setup --python    the virtual environment alone
"""

import argparse
import sys
import time

from machine.problem import Problem
from workbench import environment, servers


def main(arguments: list[str] | None = None) -> int:
    """Prepare; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="setup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--python", action="store_true", help="the virtual environment alone")
    parsed = parser.parse_args(arguments)
    started_s = time.monotonic()
    try:
        print(f"python: {environment.ensure()}/bin/python")
        if not parsed.python:
            print_servers()
    except Problem as problem:
        print(f"setup: {problem}", file=sys.stderr)
        return 1
    print(f"ready in {time.monotonic() - started_s:.1f} s")
    return 0


def print_servers() -> None:
    """Install them and say where each is; one that is missing only leaves out its tests."""
    print(f"envoy: {servers.ensure_envoy()}")
    for sentence in servers.ensure_debian_servers():
        print(f"without: {sentence}")
    print(f"postgres: {servers.postgres_folder() or 'not here; its tests are left out'}")
    print(f"prometheus: {servers.prometheus() or 'not here; its tests are left out'}")
    print(f"alertmanager: {servers.alertmanager() or 'not here; its tests are left out'}")
