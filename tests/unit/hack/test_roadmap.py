"""The roadmap lists what the requirements leave open, with the reason that stands there."""

import re

import pytest
from helm_chart import ROOT

from generated import roadmap
from generated.roadmap_tasks import TASKS

TEXT = """\
- **AAA-1, AAA-3 to AAA-4.** Nobody has
  measured it ([quality](../developer/quality.md)).
- **AAA-2.** Done otherwise.

## AAA: the first

| row | state | other proof |
| --- | --- | --- |
| AAA-1 | later |  |
| AAA-2 | done |  |
| AAA-4 | later |  |

## BBB: the second

| BBB-1 | done |  |
| BBB-2 | later |  |
"""


@pytest.mark.requirement("DOC-12")
def test_a_row_that_is_not_done_stands_there_with_what_keeps_it_open() -> None:
    page = roadmap.page(TEXT)
    reason = "Nobody has measured it ([quality](quality.md))."
    lines = [line for line in page.splitlines() if line.startswith(("| A", "| B", "## "))]
    assert lines == [
        "## AAA: the first",
        f"| AAA-1 |  | {reason} |",
        f"| AAA-4 |  | {reason} |",
        "## BBB: the second",
        "| BBB-2 |  |  |",
    ]


def test_every_row_that_is_open_says_what_is_to_do() -> None:
    text = (ROOT / "docs" / "reference" / "requirements.md").read_text()
    open_rows = set(re.findall(r"^\| ([A-Z]{3}-\d+) \| later", text, re.MULTILINE))
    assert open_rows - TASKS.keys() == set()


def test_when_all_is_done_it_says_so() -> None:
    assert roadmap.page("| AAA-2 | done |  |").endswith("Nothing is open.\n")
