"""Every test that the page of traps names exists, so that no row promises what nobody checks."""

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "reference" / "traps.md"
ROW = re.compile(
    r"^\| (?P<trap>[^|]+) \|[^|]+\|[^|]+\| `(?P<where>tests/[\w/.]+): (?P<name>.+)` \|$"
)
ROWS = [found for line in PAGE.read_text().splitlines() if (found := ROW.match(line))]


@functools.cache
def names_in(where: str) -> frozenset[str]:
    """Names of tests and whole sentences below a folder, or in a file."""
    path = ROOT / where
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["trap"])
def test_the_test_of_a_trap_exists(row: re.Match[str]) -> None:
    assert (ROOT / row["where"]).exists()
    assert row["name"] in names_in(row["where"]), f"no test of that name below {row['where']}"


def test_every_row_of_the_page_is_read() -> None:
    told = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    headings = [line for line in told if line.startswith(("| trap", "| ---"))]
    assert len(ROWS) == len(told) - len(headings)
    assert len(ROWS) > 50
