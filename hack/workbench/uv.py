"""Finds uv, or installs it into a folder of its own in the cache."""

import sys

from localcluster.places import cache
from machine.command import attempt, output
from machine.problem import Problem
from machine.progress import Progress

OLDEST = (0, 9)


def ensure() -> str:
    """The path or name of a uv that is new enough.

    Raises:
        Problem: there is none and pip cannot install one.
    """
    folder = cache() / "uv"
    for program in ("uv", f"{folder}/bin/uv"):
        version = attempt(program, "--version")
        if version and is_new_enough(version):
            return program
    with Progress("installing uv"):
        try:
            output(sys.executable, "-m", "venv", "--clear", folder)
        except Problem as problem:
            raise Problem(
                "Python cannot make virtual environments here; on Debian and Ubuntu: "
                "apt-get install python3-venv"
            ) from problem
        output(folder / "bin" / "pip", "install", "--quiet", f"uv>={OLDEST[0]}.{OLDEST[1]}")
    return f"{folder}/bin/uv"


def is_new_enough(version: str) -> bool:
    """Reads the answer of `uv --version`, for example `uv 0.9.3 (abc 2025-10-14)`."""
    words = version.split()
    numbers = words[1].split(".")[:2] if words[:1] == ["uv"] else []
    return len(numbers) == 2 and tuple(int(number) for number in numbers) >= OLDEST
