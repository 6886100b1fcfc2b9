"""Runs other programs. A failure becomes a `Problem` that shows what the program printed."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from machine.problem import Problem

Word = str | Path | int


@dataclass(frozen=True, slots=True)
class Options:
    """How a program is run: its folder, its standard input and what is added to the environment."""

    cwd: Path | None = None
    text: str | None = None
    stdin: IO[bytes] | None = None
    env: Mapping[str, str] | None = None
    timeout_s: float | None = None


PLAIN = Options()


def words(command: Sequence[Word]) -> list[str]:
    """The command as the strings that the operating system wants."""
    return [str(word) for word in command]


def attempt(*command: Word, options: Options = PLAIN) -> str | None:
    """What the program printed, or None when it failed, is missing or took too long."""
    try:
        done = _run(command, options)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def output(*command: Word, options: Options = PLAIN) -> str:
    """What the program printed.

    Raises:
        Problem: it is not installed, took longer than `timeout_s`, or ended with an error.
    """
    line = " ".join(words(command))
    try:
        done = _run(command, options)
    except FileNotFoundError as missing:
        raise Problem(f"{command[0]} is not installed; it is needed for: {line}") from missing
    except subprocess.TimeoutExpired as late:
        raise Problem(f"no answer within {options.timeout_s:g} s from: {line}") from late
    if done.returncode:
        printed = f"{done.stdout}{done.stderr}".strip()
        raise Problem(f"this command ended with status {done.returncode}: {line}\n{printed}")
    return done.stdout


def _run(command: Sequence[Word], options: Options) -> subprocess.CompletedProcess[str]:
    source: dict[str, object] = {"stdin": options.stdin or subprocess.DEVNULL}
    if options.text is not None:
        source = {"input": options.text}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]  # one of stdin and input
        words(command),
        text=True,
        capture_output=True,
        check=False,
        cwd=options.cwd,
        timeout=options.timeout_s,
        env={**os.environ, **(options.env or {})},
        **source,
    )
