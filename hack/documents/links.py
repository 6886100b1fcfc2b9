"""What a page of Markdown links to, what it can be linked at, and which links lead nowhere. Pure.

Addresses of the web are not asked: a document's check must not depend on somebody else's server.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from markdown.extensions.toc import slugify

_FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2`*\s*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_FOREIGN = re.compile(r"^[a-z][a-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a page: ``target`` is what stands in it, ``line`` begins with 1."""

    page: str
    line: int
    target: str

    @property
    def path(self) -> str:
        """The linked file's path in the checkout; the page itself where only an anchor is given."""
        file = self.target.partition("#")[0]
        beside = posixpath.join(posixpath.dirname(self.page), file)
        return posixpath.normpath(beside) if file else self.page

    @property
    def anchor(self) -> str:
        """The heading that is meant, or an empty text."""
        return self.target.partition("#")[2]


def prose(text: str) -> str:
    """The page without its code, line for line."""
    without_blocks = _FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
    return _CODE.sub("", without_blocks)


def links(page: str, text: str) -> Iterator[Link]:
    """The links of a page into the repository, in their order."""
    for number, line in enumerate(prose(text).splitlines(), start=1):
        for _, target, _ in _LINK.findall(line):
            if not _FOREIGN.match(target):
                yield Link(page, number, target)


def anchors(text: str) -> frozenset[str]:
    """What can stand behind ``#`` in a link to this page, as the site names it."""
    without_blocks = _FENCE.sub("", text)
    return frozenset(slugify(_spoken(found), "-") for found in _HEADING.findall(without_blocks))


def _spoken(heading: str) -> str:
    """A heading's words, without the marks of code and links."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")


def problems(pages: Mapping[str, str], is_there: Callable[[str], bool]) -> list[str]:
    """A sentence for each link that leads to no file, or to no heading of a page."""
    found = (link for page, text in pages.items() for link in links(page, text))
    return [
        f"{link.page}:{link.line}: {flaw}"
        for link in found
        if (flaw := _flaw(link, pages, is_there))
    ]


def _flaw(link: Link, pages: Mapping[str, str], is_there: Callable[[str], bool]) -> str:
    if not is_there(link.path):
        return f"({link.target}) leads to no file"
    if link.anchor and link.anchor not in anchors(pages.get(link.path, "")):
        return f"({link.target}) leads to no heading of {link.path}"
    return ""


def moved(page: str, text: str, place: Callable[[str], str]) -> str:
    """The page with its links into the repository rewritten: ``place`` says where a path lies now.

    ``page`` is its path in the checkout; links become relative to ``place(page)``.
    """
    here = posixpath.dirname(place(page))

    def rewritten(found: re.Match[str]) -> str:
        link = Link(page, 0, found[2])
        if _FOREIGN.match(link.target) or not link.target.partition("#")[0]:
            return found[0]
        target = posixpath.relpath(place(link.path), here or ".")
        return f"{found[1]}{target}{'#' * bool(link.anchor)}{link.anchor}{found[3]}"

    return _LINK.sub(rewritten, text)
