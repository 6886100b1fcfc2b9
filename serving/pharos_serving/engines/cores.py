"""How many cores this container may use.

An engine with more threads than the cgroup's quota is throttled in the middle of a request, which
costs more than the threads gain. Reads ``/proc`` and ``/sys/fs/cgroup`` only.
"""

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = _CGROUP) -> int:
    """The CPU limit rounded up, at most the cores that the scheduler offers; at least 1."""
    offered = len(os.sched_getaffinity(0))
    quota = _quota(cgroup)
    return offered if quota is None else max(1, min(offered, math.ceil(quota)))


def _quota(cgroup: Path) -> float | None:
    """CPUs that the cgroup grants (``cpu.max`` of v2, ``cpu.cfs_*`` of v1), None if unlimited."""
    second_version = cgroup / "cpu.max"
    if second_version.is_file():
        limit, period = second_version.read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    first_version = cgroup / "cpu" / "cpu.cfs_quota_us"
    if first_version.is_file():
        limit_us = int(first_version.read_text())
        period_us = int((cgroup / "cpu" / "cpu.cfs_period_us").read_text())
        return None if limit_us < 0 else limit_us / period_us
    return None
