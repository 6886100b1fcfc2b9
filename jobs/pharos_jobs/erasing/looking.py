"""Looks for a user in the artifact store, before anything is touched.

What is found here is written down and then cleared (``clearing``): texts are known only as long as
a data set holds them, so all that is found by a text must be found first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from pharos_api.erasing import ErasureInput
from pharos_jobs import storage
from pharos_jobs.drift.reports import reports_with_words
from pharos_jobs.erasing.account import Account
from pharos_jobs.erasing.learnt import trained_on
from pharos_jobs.erasing.quotes import quoting_versions
from pharos_jobs.erasing.samples import marked_papers, marked_samples

# What is still being written is of a step that goes on; nothing takes an hour.
_WRITTEN_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Traces:
    """What the artifact store holds of a user, and the texts themselves."""

    account: Account = field(default_factory=Account)
    texts: frozenset[str] = frozenset()


def look(told: ErasureInput, marks: frozenset[str], now: datetime) -> Traces:
    """Everything of the marked requests, here and in the archives."""
    if not marks:
        return Traces()
    root, places = told.artifact_root, _places(told)
    found = marked_samples(root, marks)
    texts = frozenset(chain.from_iterable(each.texts for each in found.values()))
    papers = [marked_papers(f"{place}/raw", marks) for place in places]
    account = Account(
        samples={digest: each.samples for digest, each in found.items()},
        papers={uri: rows for each in papers for uri, rows in each.items()},
        caches=frozenset(chain(_tokens(root, found), *(_drafts(each, now) for each in places))),
        # Reports on drift say which words came more often and not whose: all that name words go.
        reports=frozenset(reports_with_words(root)),
        models=frozenset(trained_on(root, found)),
        quoting=frozenset(quoting_versions(places, texts)),
    )
    return Traces(account, texts)


def _places(told: ErasureInput) -> Sequence[str]:
    return told.artifact_root, *(archive.rstrip("/") for archive in told.archives)


def _tokens(root: str, found: object) -> Iterator[str]:
    """Tokens say what a text was and not whose: all go, and are made again when needed."""
    if found:
        yield from (f"{root}/tokens/{file.path}" for file in storage.walk(f"{root}/tokens"))


def _drafts(place: str, now: datetime) -> Iterator[str]:
    """What processes that were killed had half written, whosever it was."""
    for file in storage.walk(place):
        is_hidden = file.path.rpartition("/")[2].startswith(".")
        if is_hidden and now - file.changed_at > _WRITTEN_WITHIN:
            yield f"{place}/{file.path}"
