"""Options, golden files and the skips that name their reason."""

import difflib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every run of CI; new ones on a developer's machine, where they are looked at.
# No example has a deadline: a busy machine is no fault of the code.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

# pytest-xdist tells its workers the width of a terminal; what they print goes into a pipe.
os.environ.pop("COLUMNS", None)

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="accept what is rendered now")
    parser.addoption("--e2e", action="store_true", help="run the tier that needs a real cluster")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        tier = Path(item.path).relative_to(ROOT / "tests").parts[0]
        if tier in ("integration", "e2e"):
            item.add_marker(tier)
        if tier == "e2e" and not config.getoption("--e2e"):
            item.add_marker(pytest.mark.skip(reason="needs a real cluster: run `make test-e2e`"))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with ``tests/golden/<name>``; ``--update-golden`` accepts the new text."""

    def compare(name: str, text: str) -> None:
        path = ROOT / "tests" / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.exists(), f"{name} is missing: look at it, then run `make golden`"
        wanted = path.read_text()
        if wanted != text:
            diff = difflib.unified_diff(
                wanted.splitlines(), text.splitlines(), "committed", "rendered", lineterm=""
            )
            pytest.fail("\n".join(diff) + "\n\nIf that is meant, run `make golden`.")

    return compare
