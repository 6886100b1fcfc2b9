"""Erasures, each a process that is killed just before its n-th write: an order a line, JSON.

A write is a commit in the database, or a file that gets its name or loses it. Each process is a
fork of this one, so that dozens of them cost no start of Python.
"""

import io
import json
import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from pharos_jobs.erasing.command import run_erase

WRITING = ("os.rename", "os.remove", "os.rmdir")


def erased(order: dict[str, Any]) -> int:
    """Erase in this process, as far as it comes."""
    writes = count(1)

    def before_a_write() -> None:
        if next(writes) == order["killedAt"]:
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(name: str, arguments: tuple[Any, ...]) -> None:
        if name in WRITING and order["folder"] in str(arguments[0]):
            before_a_write()

    sys.addaudithook(audited)
    event.listen(Engine, "commit", lambda _: before_a_write())
    sys.stdin = io.StringIO(json.dumps(order["told"]))
    with Path(order["receipt"]).open("w", encoding="utf-8") as sys.stdout:
        return run_erase()


for line in sys.stdin:
    process = os.fork()
    if not process:
        os._exit(erased(json.loads(line)))
    _, status = os.waitpid(process, 0)
    sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
    sys.stdout.flush()
