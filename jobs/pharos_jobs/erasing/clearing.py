"""Takes out of the artifact store what ``looking`` found there. May be stopped and done again."""

from collections.abc import Iterable

from pharos_jobs import storage
from pharos_jobs.erasing.looking import Traces
from pharos_jobs.erasing.quotes import clean_runs
from pharos_jobs.erasing.samples import clean_dataset, clean_papers
from pharos_jobs.retention.archiving import remove


def clear(root: str, traces: Traces, marks: frozenset[str]) -> None:
    """Clear what was found. Quotations go first: without the data sets nobody knows the texts."""
    account = traces.account
    clean_runs(root, traces.texts)
    for digest in sorted(account.samples):
        clean_dataset(root, digest, marks)
    for uri in sorted(account.papers):
        clean_papers(uri, marks)
    for uri in sorted(account.caches):
        storage.remove_file(uri)
    drop_folders(sorted(account.reports))


def drop_folders(folders: Iterable[str]) -> None:
    """Remove folders with all that lies in them."""
    for folder in folders:
        remove(folder, [file.path for file in storage.walk(folder)])
