"""The page of what is still to do: rows of the requirements that are not done, and why. Pure."""

import re
from collections.abc import Iterator, Mapping

from generated.roadmap_tasks import TASKS
from generated.tables import heading, table

OPENING = """
The next tasks: rows of the [requirements](../reference/requirements.md) that are not done yet, each
with what is to do, and with what keeps it open where that page says so. A row leaves this page when
a test or another proof stands beside it: `make requirements` checks that. Take one, and see
[Contributing](../../CONTRIBUTING.md).
"""
_GROUP = re.compile(r"^## ([A-Z]{3}: .+)$")
_ROW = re.compile(r"^\| ([A-Z]{3}-\d+) \| later \|")
_WORDS = re.compile(r"^- \*\*([^*]+)\.\*\* (.+?)(?=^- |^$)", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"([A-Z]{3})-(\d+)(?: to (?:[A-Z]{3}-)?(\d+))?")


def page(requirements: str) -> str:
    """The page; ``requirements`` is the text of that of the requirements."""
    reasons = _reasons(requirements)
    groups = _open(requirements)
    parts = [heading("Roadmap", "docs/reference/requirements.md"), OPENING]
    for title, rows in groups.items():
        cells = ((row, TASKS.get(row, ""), reasons.get(row, "")) for row in rows)
        parts += [f"\n## {title}\n\n", table(("row", "to do", "what keeps it open"), cells)]
    return "".join(parts if groups else [*parts, "\nNothing is open.\n"])


def _open(text: str) -> Mapping[str, list[str]]:
    """The rows that are not done, by the heading that they stand under."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in text.splitlines():
        if group := _GROUP.match(line):
            title = group[1]
        elif row := _ROW.match(line):
            found.setdefault(title, []).append(row[1])
    return found


def _reasons(text: str) -> Mapping[str, str]:
    """What the page says of single rows, in the list before its tables."""
    return {
        row: words.replace("(../developer/", "(")
        for names, words in _WORDS.findall(text)
        for row in _named(names)
    }


def _named(names: str) -> Iterator[str]:
    """``FUT-1, COL-3 to COL-5`` is FUT-1, COL-3, COL-4 and COL-5."""
    for group, first, last in _NAMED.findall(names):
        for number in range(int(first), int(last or first) + 1):
            yield f"{group}-{number}"
