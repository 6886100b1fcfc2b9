"""Every command that a document tells people to type exists, with the options that it is given."""

import argparse
import re
from typing import Any

import pytest
import typer
from helm_chart import ROOT

from documents.commands import Command, commands
from documents.places import pages
from pharos_console.cli import __main__ as _commands  # noqa: F401 - importing registers them
from pharos_console.cli.app import app
from pharos_jobs.__main__ import _parser

PAGES = {path: text for path, text in pages().items() if path != "CHANGELOG.md"}
EACH = pytest.mark.parametrize("page", PAGES)
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

FOUND = {
    "in a block": ("```console\n$ pharos status -n x\n```", [("status", "-n", "x")]),
    "in an indented block": ("Do:\n\n    pharos status\n", [("status",)]),
    "between words": ("Try `pharos status` now", [("status",)]),
    "over two lines": ("```\npharos load m \\\n    --rate 2\n```", [("load", "m", "--rate", "2")]),
    "behind variables and a folder": ("`A=b .venv/bin/pharos demo`", [("demo",)]),
    "behind another one": ("`make setup && pharos run -f a.yaml`", [("run", "-f", "a.yaml")]),
    "with a comment": ("    pharos upload f  # prints its digest", [("upload", "f")]),
    "with a quote that is not closed": ("`pharos abort X --by '…`", [("abort", "X", "--by")]),
    "not where another program begins": ("`kubectl pharos status`", []),
    "not where it is a word": ("pharos is a lighthouse", []),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), FOUND.values(), ids=FOUND.keys())
def test_a_command_is_found(text: str, words: list[tuple[str, ...]]) -> None:
    assert [each.words for each in commands(text, ("pharos",))] == words


@EACH
def test_what_it_tells_of_pharos_exists(page: str) -> None:
    for command in named(page, "pharos"):
        known = verb(command)
        options = {option for each in known.params for option in (*each.opts, *each.secondary_opts)}
        assert command.options - {"--help"} <= options, command.words


@EACH
def test_what_it_tells_of_make_exists(page: str) -> None:
    for command in named(page, "make"):
        targets = {word for word in command.words if re.fullmatch(r"[a-z0-9-]+", word)}
        assert targets <= TARGETS, command.words


@EACH
def test_what_it_tells_of_the_steps_exists(page: str) -> None:
    subparsers = next(
        action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    for command in named(page, "python", "-m", "pharos_jobs"):
        if command.words[0] != "STEP":
            known = subparsers.choices[command.words[0]]
            assert command.options <= known._option_string_actions.keys(), command.words


def verb(command: Command) -> Any:
    """What the command line knows by the command's first words: one, or a group's and its own."""
    known: Any = typer.main.get_command(app)
    for word in command.words:
        if not hasattr(known, "commands"):
            break
        known = known.commands[word]
    return known


def named(page: str, *program: str) -> list[Command]:
    """The commands of a page that say more than the program's name."""
    return [command for command in commands(PAGES[page], program) if command.words]


def test_the_documents_tell_many_commands() -> None:
    found = [command for page in PAGES for command in named(page, "pharos")]
    assert len(found) > 80
