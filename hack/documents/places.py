"""Where the documents lie in a checkout."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = "docs"
# Pages at the checkout's root that belong to the site; README.md is what GitHub shows in its place
ROOT_PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
LINKED_PAGES = ("README.md", *ROOT_PAGES)


def pages() -> dict[str, str]:
    """Every page by its path in the checkout, with its text."""
    found = sorted((CHECKOUT / DOCS).rglob("*.md"))
    paths = [*LINKED_PAGES, *(path.relative_to(CHECKOUT).as_posix() for path in found)]
    return {path: (CHECKOUT / path).read_text() for path in paths}
