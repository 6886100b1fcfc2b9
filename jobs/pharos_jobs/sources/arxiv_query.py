"""How a request is written for the arXiv API, and how its results read as papers. Pure.

Syntax: https://info.arxiv.org/help/api/user-manual.html#query_details
"""

import re
from datetime import datetime

import arxiv

from pharos_jobs.core.papers import Paper
from pharos_jobs.sources.port import Window

_VERSION = re.compile(r"v\d+$")
_FIRST_DAY = "1991-01-01"


def search_query(category: str, excluded: tuple[str, ...], window: Window) -> str:
    """The query for one category without the others.

    >>> search_query("cs.NE", ("cs.AI",), Window("2007-01-01", "2017-03-31"))
    'cat:cs.NE ANDNOT (cat:cs.AI) AND submittedDate:[200701010000 TO 201703312359]'
    """
    start = (window.start or _FIRST_DAY).replace("-", "") + "0000"
    end = window.end.replace("-", "") + "2359"
    others = " OR ".join(f"cat:{name}" for name in excluded)
    without = f" ANDNOT ({others})" if others else ""
    return f"cat:{category}{without} AND submittedDate:[{start} TO {end}]"


def paper_of(result: arxiv.Result) -> Paper:
    """A result as a paper with all fields of row DBM-1; the id without its version."""
    primary = result.primary_category
    others = tuple(c for c in result.categories if c != primary)
    return Paper(
        id=_VERSION.sub("", result.get_short_id()),
        title=_one_line(result.title),
        abstract=_one_line(result.summary),
        categories=(primary, *others) if primary else others,
        authors=tuple(author.name for author in result.authors),
        published=_iso(result.published) or "",
        extra={
            "updated": _iso(result.updated),
            "pdf_url": result.pdf_url,
            "comment": result.comment,
            "journal_ref": result.journal_ref,
        },
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _iso(moment: datetime) -> str | None:
    # The library says "year one" for a missing date.
    return None if moment.year == 1 else moment.isoformat()
