"""Which mapped files are let go of, and that nothing is lost by it."""

import subprocess
import sys
from pathlib import Path

from pharos_serving.memory import clean_files

_SMAPS = """\
7f00-7f10 r--s 00000000 08:01 12 /models/a b/weights
Rss: 64 kB
Anonymous: 0 kB
VmFlags: rd sh
7f20-7f30 r-xp 00000000 08:01 13 /lib/openvino/libs/plugin.so
Anonymous: 0 kB
7f30-7f40 r--p 00000000 08:01 13 /lib/openvino/libs/relocated.so
Anonymous: 4 kB
7f40-7f50 rw-p 00000000 08:01 13 /lib/openvino/libs/written.so
Anonymous: 0 kB
7f50-7f60 rw-p 00000000 00:00 0
Anonymous: 0 kB
7f60-7f70 r--p 00000000 00:00 0 [vvar]
Anonymous: 0 kB
"""

_PROGRAM = """
import mmap, sys, zlib
from pathlib import Path
from pharos_serving.memory import unmap_files

def resident_mib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

with open(sys.argv[1], "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
before = zlib.crc32(mapped)
held = resident_mib()
unmap_files([sys.argv[1]])
print(held - resident_mib(), zlib.crc32(mapped) == before)
"""


def test_what_was_changed_or_can_be_is_no_clean_file() -> None:
    assert [path for _, _, path in clean_files(_SMAPS.splitlines())] == [
        "/models/a b/weights",
        "/lib/openvino/libs/plugin.so",
    ]
    assert next(clean_files(_SMAPS.splitlines()))[:2] == (0x7F00, 0x7F10)


def test_a_file_that_was_read_is_held_no_more_and_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(range(256)) * (32 << 12))
    line = [sys.executable, "-c", _PROGRAM, str(path)]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    assert float(said[0]) > 30
    assert said[1] == "True"
