"""The site of the documents builds as by `make docs`, and is whole without the internet."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from helm_chart import ROOT

from documents.places import pages

LOADED = re.compile(r'(?:src|data-src)="(https?:[^"]+)"|<link[^>]+href="(https?:[^"]+)"[^>]*>')
CODE = re.compile(r"<(pre|code)\b.*?</\1>", re.DOTALL)
# Markdown that no extension has read, so that people would see its marks
MARKS = re.compile(r"\n(?:- |\* |\d+\. |\| |#+ )[^\n]{0,40}|```|\*\*|\]\(")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, in a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    command = (sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder))
    environment = {"PYTHONPATH": str(ROOT / "hack"), "NO_MKDOCS_2_WARNING": "1", "PATH": ""}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_it_holds_every_page(site: Path) -> None:
    wanted = {path.removeprefix("docs/") for path in pages()} - {"README.md"}
    there = {path.replace("README.md", "index.md").removesuffix(".md") + ".html" for path in wanted}
    assert [page for page in sorted(there) if not (site / page).is_file()] == []


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    found = {
        address
        for page in site.rglob("*.html")
        for match in LOADED.findall(page.read_text())
        for address in match
        if address
    }
    assert found == set()


def test_a_sample_that_a_page_links_to_is_there(site: Path) -> None:
    assert (site / "manifests" / "samples" / "abexperiment-canary.yaml").is_file()


def test_no_mark_of_markdown_is_left_to_be_read(site: Path) -> None:
    left = {}
    for page in sorted(site.rglob("*.html")):
        _, _, article = page.read_text().partition("<article")
        marks = MARKS.findall(CODE.sub("", article.partition("</article>")[0]))
        if marks:
            left[page.name] = marks
    assert left == {}
