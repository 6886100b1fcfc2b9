"""The commands that a page of Markdown tells people to type: in blocks and between words. Pure."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^    (.*)$", re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_CONTINUED = re.compile(r"\\\n\s*")
_SEPARATOR = re.compile(r"\s(?:&&|\|\||\||;)\s")
# What may stand before a command: a prompt, variables, the folder of the virtual environment
_BEFORE = re.compile(r"^(?:\$ )?(?:[A-Z][A-Z_]*=\S+ )*(?:\.venv/bin/)?")
_PLACEHOLDERS = str.maketrans({"<": "", ">": "", "…": "", "[": "", "]": ""})


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words as a shell would split them."""

    words: tuple[str, ...]

    @property
    def options(self) -> frozenset[str]:
        """Words such as ``--name``; what follows ``=`` is their value."""
        found = (word.partition("=")[0] for word in self.words if re.match(r"^--?[a-z]", word))
        return frozenset(found)


def commands(text: str, program: tuple[str, ...]) -> Iterator[Command]:
    """Every command of the page that begins with ``program``, without what may stand before it."""
    for line in _lines(text):
        for part in _SEPARATOR.split(line):
            words = _words(_BEFORE.sub("", part.strip()))
            if words[: len(program)] == program:
                yield Command(words[len(program) :])


def _lines(text: str) -> Iterator[str]:
    whole = _CONTINUED.sub(" ", text)
    for block in _BLOCK.findall(whole):
        yield from block.splitlines()
    yield from _INDENTED.findall(_BLOCK.sub("", whole))
    yield from _INLINE.findall(_BLOCK.sub("", whole))


def _words(line: str) -> tuple[str, ...]:
    """The words of a line; those before a quote that is not closed, where there is one."""
    try:
        return tuple(shlex.split(line.translate(_PLACEHOLDERS), comments=True))
    except ValueError:
        return tuple(line.split("'", maxsplit=1)[0].split('"', maxsplit=1)[0].split())
