"""A pod gives freed memory back."""

import subprocess
import sys

_PROGRAM = """
from pathlib import Path
from threading import Thread

from pharos_serving.memory import give_back, keep_little


def resident_mib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def use():
    blocks = [bytes(20_000) for _ in range(2_000)]
    del blocks[1::2]


keep_little()
before = resident_mib()
threads = [Thread(target=use) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
give_back()
print(resident_mib() - before)
"""


def test_of_160_mib_that_were_used_and_freed_next_to_nothing_is_kept() -> None:
    line = [sys.executable, "-c", _PROGRAM]
    kept_mib = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert float(kept_mib) < 16
