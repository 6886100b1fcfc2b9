"""`python -m requirements [--brief]`: each row of the requirements with its tests.

Reads docs/reference/requirements.md (row, state, and what else meets it) and the marks
`@pytest.mark.requirement("COL-6")` in tests/. Fails when a row that is marked done has neither a
test nor another proof that exists, and when a mark names a row that the page does not know.
"""

import ast
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "reference" / "requirements.md"
LINE = re.compile(r"^\| (?P<row>[A-Z]{3}-\d+) \| (?P<state>done|later) \| (?P<proof>.*?) *\|$")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the page. ``proof`` is a path in the repository, or empty."""

    name: str
    done: bool
    proof: str


def rows() -> list[Row]:
    """The page's rows, in its order."""
    found = (LINE.match(line) for line in PAGE.read_text().splitlines())
    return [Row(m["row"], m["state"] == "done", m["proof"].strip("`")) for m in found if m]


def marked_tests() -> dict[str, list[str]]:
    """Row to the tests that carry its mark."""
    tests: dict[str, list[str]] = defaultdict(list)
    for path in sorted((CHECKOUT / "tests").rglob("*.py")):
        where = path.relative_to(CHECKOUT)
        for node in ast.walk(ast.parse(path.read_text())):
            owner = getattr(node, "name", "")
            decorators = getattr(node, "decorator_list", [])
            for row in (row for decorator in decorators for row in marks(decorator)):
                tests[row].append(f"{where}::{owner}")
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
                for row in marks(node.value):
                    tests[row].append(str(where))
    return tests


def marks(node: ast.AST) -> list[str]:
    """The rows named by requirement marks inside an expression."""
    return [
        argument.value
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("mark.requirement")
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def main() -> int:
    """Print the rows, then what is wrong."""
    brief, listed, tests = "--brief" in sys.argv[1:], rows(), marked_tests()
    wrong = [
        f"{row}: no such row in {PAGE.name}" for row in tests.keys() - {r.name for r in listed}
    ]
    for row in listed:
        proofs = tests.get(row.name, []) + ([row.proof] if row.proof else [])
        if row.done and not proofs:
            wrong.append(f"{row.name} is marked done and has no test and no other proof")
        if row.proof and not (CHECKOUT / row.proof).exists():
            wrong.append(f"{row.name} names {row.proof}, which is not there")
        if not brief:
            print(f"{row.name:<8} {'done ' if row.done else 'later'} {', '.join(proofs)}")
    done = sum(row.done for row in listed)
    print(f"{done} of {len(listed)} rows are done, {len(wrong)} problems", *wrong, sep="\n  ")
    return 1 if wrong or not listed else 0


if __name__ == "__main__":
    sys.exit(main())
