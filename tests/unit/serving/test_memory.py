"""A pod gives back freed memory, and pages of files that it does not use again."""

import mmap
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pharos_serving.memory import mapped_below, page_out

FOLDER = Path("/cache/model")
SMAPS = Path("/proc/self/smaps")
MAPS = {
    "a file there": (
        "7f00-7f10 r--s 00000000 fe:00 42    /cache/model/weights.bin",
        [(0x7F00, 0x7F10)],
    ),
    "a file whose name has a space": (
        "7f00-7f10 r--s 00000000 fe:00 42    /cache/model/the weights",
        [(0x7F00, 0x7F10)],
    ),
    "a file further down": (
        "7f00-7f10 r--p 00000000 fe:00 42    /cache/model/deep/weights.bin",
        [(0x7F00, 0x7F10)],
    ),
    "a file beside it whose path begins alike": (
        "7f00-7f10 r--s 00000000 fe:00 42    /cache/model-2/weights.bin",
        [],
    ),
    "the heap": ("5500-5600 rw-p 00000000 00:00 0     [heap]", []),
    "memory without a name": ("7f00-7f10 rw-p 00000000 00:00 0", []),
}


@pytest.mark.parametrize(("line", "expected"), MAPS.values(), ids=MAPS.keys())
def test_only_files_of_the_model_are_let_go(line: str, expected: list[tuple[int, int]]) -> None:
    assert list(mapped_below(FOLDER, [line])) == expected


@pytest.fixture
def mapped(tmp_path: Path) -> Iterator[mmap.mmap]:
    """Eight MiB of a file, mapped and read."""
    content = bytes(range(256)) * (32 << 10)
    (tmp_path / "weights").write_bytes(content)
    with (tmp_path / "weights").open("rb") as file:
        pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    assert pages[:] == content
    yield pages
    pages.close()


def resident_kib(path: Path) -> int:
    """What of a mapped file lies in memory for this process."""
    lines = iter(SMAPS.read_text().splitlines())
    next(line for line in lines if line.endswith(str(path)))
    return int(next(line for line in lines if line.startswith("Rss:")).split()[1])


@pytest.mark.skipif(not SMAPS.exists(), reason="only Linux tells what of a mapping is resident")
def test_pages_of_a_mapped_file_go_and_come_back_as_they_were(
    tmp_path: Path, mapped: mmap.mmap
) -> None:
    path = tmp_path / "weights"
    before = resident_kib(path)
    page_out(tmp_path)
    assert resident_kib(path) < before / 2
    assert mapped[:] == path.read_bytes()


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
