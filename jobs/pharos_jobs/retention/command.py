"""The command ``retain``: its input from the environment or a stream, its answer where it belongs.

A Job's answer goes into the termination message; a person's, with ``--show``, to standard output.
"""

import json
import os
import sys

from pharos_api.jobio import ExitCode
from pharos_api.names import ENV_RETENTION_INPUT
from pharos_api.retaining import RetentionInput
from pharos_jobs import logs
from pharos_jobs.context import utc_now
from pharos_jobs.retention.retaining import planned, retain, shown
from pharos_jobs.running import write_result


def run_retain(show: bool) -> int:
    """Run it; the process's exit code."""
    logs.configure(sys.stderr if show else sys.stdout)
    text = os.environ.get(ENV_RETENTION_INPUT) or sys.stdin.read()
    told = RetentionInput.model_validate_json(text)
    now = utc_now()
    if show:
        rows = [shown(item, now).to_json() for item in planned(told, now)]
        sys.stdout.write(json.dumps(rows) + "\n")
        return int(ExitCode.OK)
    result, code = retain(told, now)
    write_result(result)
    return int(code)
