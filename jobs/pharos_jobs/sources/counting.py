"""Counts what is new in a source with as few requests as it allows.

Where the source tells how many answers a question has, the first page that holds papers is enough:
the share of it that is new stands for all. Elsewhere pages are read until enough are counted.
"""

from collections.abc import Callable

from pharos_jobs.core.papers import Paper
from pharos_jobs.sources.port import BEGINNING, Cursor, PagedSource, Question


def count_new(
    source: PagedSource, question: Question, most: int, is_new: Callable[[Paper], bool]
) -> int:
    """How many papers of a question are new, at most ``most``.

    Exact where one page holds them all or the source tells no total; else an estimate. Raises as
    ``PagedSource.page`` does.
    """
    cursor: Cursor | None = BEGINNING
    total: int | None = None
    seen: set[str] = set()
    new = 0
    while cursor is not None and new < most:
        page = source.page(question, cursor)
        # A search that the source cuts into parts tells of the whole at first, of a part later.
        total = page.total if total is None else total
        fresh = {p.id: p for p in page.papers if p.id not in seen}
        seen |= fresh.keys()
        new += sum(map(is_new, fresh.values()))
        if seen and total is not None and total > len(seen):
            return min(most, round(total * new / len(seen)))
        cursor = page.following
    return min(most, new)
