"""Hooks of mkdocs: the menu, the pages at the checkout's root, and links to files beside them.

A link from a page to a file outside of `docs/` takes that file along, so the site is whole.
"""

from functools import cache

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from documents import links, navigation
from documents.places import CHECKOUT, DOCS, ROOT_PAGES, pages


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the menu from the pages that there are."""
    config.nav = navigation.navigation(place(page) for page in _site_pages())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add root pages, and whatever a page links to outside of `docs/`."""
    for path in (*ROOT_PAGES, *sorted(_attachments())):
        files.append(File.generated(config, path, abs_src_path=str(CHECKOUT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links into the repository lead to where the files are in the site."""
    del config, files
    path = page.file.src_uri
    return links.moved(path if path in ROOT_PAGES else f"{DOCS}/{path}", markdown, place)


def place(path: str) -> str:
    """Where a file of the checkout lies in the site."""
    return path.removeprefix(f"{DOCS}/")


@cache
def _site_pages() -> dict[str, str]:
    return {path: text for path, text in pages().items() if path != "README.md"}


def _attachments() -> set[str]:
    found = (link.path for path, text in _site_pages().items() for link in links.links(path, text))
    outside = {path for path in found if not path.startswith(f"{DOCS}/")}
    return {path for path in outside if (CHECKOUT / path).is_file()} - set(ROOT_PAGES)
