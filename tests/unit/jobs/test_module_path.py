"""Where Python looks for modules when a command is typed in a folder of papers and models."""

from pathlib import Path

import pytest

from pharos_jobs.module_path import without_folder

CASES: dict[str, tuple[list[str], list[str]]] = {
    "the folder that python -m puts first": (["/home/ada", "/usr/lib"], ["/usr/lib"]),
    "an empty entry, which means the same": (["", "/usr/lib"], ["/usr/lib"]),
    "a dot": ([".", "/usr/lib"], ["/usr/lib"]),
    "a folder below it was meant": (["/home/ada/plugins", "/usr/lib"],) * 2,
    "elsewhere": (["/opt/pharos", "/usr/lib"],) * 2,
}


@pytest.mark.parametrize(("path", "kept"), CASES.values(), ids=CASES)
def test_what_is_kept(path: list[str], kept: list[str]) -> None:
    assert without_folder(path, Path("/home/ada")) == kept
