"""The order of the site's pages, from the pages that there are. Pure.

A page that is new shows up by itself: what `FIRST` does not name follows in the alphabet.
"""

import posixpath
from collections.abc import Iterable, Sequence

Entry = str | dict[str, "list[Entry]"]

TITLES = {
    "user": "Using it",
    "administrator": "Running it",
    "administrator/runbooks": "Runbooks",
    "developer": "Building it",
    "reference": "Reference",
    "reference/kinds": "Kinds",
    "adr": "Decisions",
}
FIRST = {
    "": ("index.md", "user", "administrator", "developer", "reference", "adr"),
    "user": (
        "quickstart.md",
        "training.md",
        "search.md",
        "serving.md",
        "experiments.md",
        "statistics.md",
    ),
    "administrator": ("install.md", "sizes.md", "security.md", "upgrade.md", "backup.md"),
    "administrator/runbooks": ("README.md",),
    "reference": ("kinds", "cli.md", "chart.md", "settings.md", "metrics.md"),
    "reference/kinds": ("model.md", "trainingrun.md", "modelversion.md", "abexperiment.md"),
}
# Root pages, and the section that they stand in
ADOPTED = {
    "ARCHITECTURE.md": "developer",
    "CONTRIBUTING.md": "developer",
    "CHANGELOG.md": "reference",
}


def navigation(pages: Iterable[str]) -> list[Entry]:
    """The entries of the site's menu; ``pages`` are paths in the site, such as ``user/a.md``."""
    return _entries("", sorted(pages))


def _entries(folder: str, pages: Sequence[str]) -> list[Entry]:
    children = {_child(folder, page) for page in pages if _is_within(folder, page)}
    return [
        name if name.endswith(".md") else {_title(name): _entries(name, pages)}
        for name in sorted(children, key=lambda name: _rank(folder, name))
    ]


def _home(page: str) -> str:
    """Where a page stands in the menu: its folder, or the one that has adopted it."""
    return ADOPTED.get(page) or posixpath.dirname(page)


def _is_within(folder: str, page: str) -> bool:
    home = _home(page)
    return not folder or home == folder or home.startswith(f"{folder}/")


def _child(folder: str, page: str) -> str:
    """The page itself, or the folder right below ``folder`` that leads to it."""
    home = _home(page)
    if home == folder:
        return page
    below = home[len(folder) :].lstrip("/").split("/")[0]
    return posixpath.join(folder, below)


def _rank(folder: str, name: str) -> tuple[int, str]:
    order, own = FIRST.get(folder, ()), posixpath.basename(name)
    return (order.index(own) if own in order else len(order), name)


def _title(folder: str) -> str:
    return TITLES.get(folder) or posixpath.basename(folder).capitalize()
