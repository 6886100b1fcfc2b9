"""The documents hang together: every link leads somewhere, every page is in the site's menu."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from documents import links, navigation, places
from documents.site import place


@dataclass(frozen=True)
class Case:
    page: str
    problems: list[str]


OTHER = "# Other page\n\n## What it `waits` for\n"
CASES = {
    "a link to a page": Case("[a](other.md)", []),
    "a link to a heading with code in it": Case("[a](other.md#what-it-waits-for)", []),
    "a link to a heading of its own": Case("# Here\n[a](#here)", []),
    "a link out of the folder": Case("[a](../kept.yaml)", []),
    "an address of the web is not asked": Case("[a](https://example.com/gone)", []),
    "a link in code is none": Case("`[a](gone.md)`\n```\n[b](gone.md)\n```", []),
    "a page that is gone": Case("\n[a](gone.md)", ["docs/a.md:2: (gone.md) leads to no file"]),
    "a line is counted behind code": Case(
        "```\ncode\n```\n[a](gone.md)", ["docs/a.md:4: (gone.md) leads to no file"]
    ),
    "a heading that is gone": Case(
        "[a](other.md#gone)", ["docs/a.md:1: (other.md#gone) leads to no heading of docs/other.md"]
    ),
    "a heading that stands in code": Case(
        "```\n# here\n```\n[a](#here)", ["docs/a.md:4: (#here) leads to no heading of docs/a.md"]
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_link_leads_somewhere(case: Case) -> None:
    pages = {"docs/a.md": case.page, "docs/other.md": OTHER}
    assert links.problems(pages, {*pages, "kept.yaml"}.__contains__) == case.problems


MOVED = {
    "between pages nothing changes": ("docs/user/a.md", "[x](b.md#c)", "[x](b.md#c)"),
    "out of docs": ("docs/user/a.md", "[x](../../manifests/m.yaml)", "[x](../manifests/m.yaml)"),
    "from the root into docs": ("CONTRIBUTING.md", "[x](docs/user/a.md)", "[x](user/a.md)"),
    "to a root page": ("docs/index.md", "[x](../ARCHITECTURE.md)", "[x](ARCHITECTURE.md)"),
    "the web stays": ("docs/a.md", "[x](https://example.com)", "[x](https://example.com)"),
    "an anchor stays": ("docs/a.md", "[x](#here)", "[x](#here)"),
}


@pytest.mark.parametrize(("page", "text", "expected"), MOVED.values(), ids=MOVED.keys())
def test_in_the_site_a_link_leads_to_the_same_file(page: str, text: str, expected: str) -> None:
    assert links.moved(page, text, place) == expected


def test_every_link_of_the_documents_leads_somewhere() -> None:
    found = links.problems(places.pages(), lambda path: (places.CHECKOUT / path).exists())
    assert found == []


def test_every_path_of_the_repository_that_the_documents_name_is_there() -> None:
    roots = "manifests docs hack tests helm images crds benchmarks operator jobs serving console"
    pattern = rf"(?<![\w/.])((?:{'|'.join(roots.split())})/[\w./-]*\w)(?![\w*<{{/])"
    told = {
        (page, path)
        for page, text in places.pages().items()
        if page != "CHANGELOG.md"
        for path in re.findall(pattern, text)
    }
    assert len(told) > 100
    assert sorted(each for each in told if not (places.CHECKOUT / each[1]).exists()) == []


GUIDE = (places.CHECKOUT / "docs" / "user" / "training.md").read_text()


@pytest.mark.requirement("DOC-1", "DOC-2")
def test_the_training_guide_has_its_title_and_sections() -> None:
    wanted = [
        "# Model Training Guide",
        "## Quick Start",
        "## Detailed Steps",
        "### 1. Dataset Collection",
        "### 2. Data Preprocessing",
        "### 3. Model Training",
        "### 4. Evaluation",
        "## Hyperparameter Tuning",
        "## Troubleshooting",
    ]
    assert [line for line in GUIDE.splitlines() if line in wanted] == wanted


@pytest.mark.requirement("DOC-4", "DOC-5", "DOC-6")
def test_the_training_guide_tells_what_to_try_in_trouble() -> None:
    troubles = GUIDE.split("\n## Troubleshooting\n")[1]
    told = {
        "out of memory": ["--batch-size 8"],
        "slow training": ["torch.cuda.is_available()", "--fp16"],
        "low accuracy": ["--epochs 5", "--num-papers 20000", "--learning-rate 3e-5"],
    }
    for trouble, tries in told.items():
        row = next(line for line in troubles.splitlines() if line.startswith(f"| {trouble} "))
        assert [one for one in tries if one not in row] == []


def test_a_page_that_nobody_named_stands_in_the_menu_behind_those_that_are() -> None:
    pages = ("user/zebra.md", "index.md", "user/aardvark.md", "user/quickstart.md", "new/deep/x.md")
    assert navigation.navigation(pages) == [
        "index.md",
        {"Using it": ["user/quickstart.md", "user/aardvark.md", "user/zebra.md"]},
        {"New": [{"Deep": ["new/deep/x.md"]}]},
    ]


def test_the_menu_holds_each_page_once() -> None:
    pages = [place(page) for page in places.pages() if page != "README.md"]
    assert sorted(leaves(navigation.navigation(pages))) == sorted(pages)


def test_what_the_menu_names_first_is_there() -> None:
    named = {Path(folder) / name for folder, names in navigation.FIRST.items() for name in names}
    assert [
        str(path) for path in sorted(named) if not (places.CHECKOUT / "docs" / path).exists()
    ] == []


def test_the_site_is_strict_and_loads_nothing_from_elsewhere() -> None:
    settings = yaml.safe_load((places.CHECKOUT / "mkdocs.yml").read_text())
    assert settings["strict"] is True
    assert settings["theme"]["font"] is False
    assert settings["plugins"] == ["search"]


def leaves(entries: list[Any]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        children = [] if isinstance(entry, str) else next(iter(entry.values()))
        found += [entry] if isinstance(entry, str) else leaves(children)
    return found
