"""``python -m pharos_jobs erase``: forgets one user and leaves a receipt (row SEC-14).

In this order, so that it may be stopped anywhere and done again: nobody stores rows of the user any
more; rows go, and with them stays known, as marks, which requests they were; samples and caches go
by these marks; the receipt is written to the store and to the database.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from pharos_api.erasing import ErasureInput, ErasureReceipt
from pharos_api.jobio import FailureReason
from pharos_api.meta import rfc3339
from pharos_api.sanitising import sanitize_text
from pharos_jobs import storage
from pharos_jobs.datasets import ERASED
from pharos_jobs.drift.reports import reports_with_words
from pharos_jobs.erasing.quotes import clean_runs, quoting_versions
from pharos_jobs.erasing.samples import Cleaned, clean_datasets, clean_rows, texts_of
from pharos_jobs.errors import Terminal
from pharos_jobs.retention.archiving import remove
from pharos_jobs.retention.stock import dataset_of, version_paths
from pharos_store import erasing
from pharos_store.identity import mark, user_uuid

RECEIPTS = "receipts"
_BACKUPS = "Backups of the database and of the artifact store: restore none without erasing again."
_MODELS = "Models that learnt from these texts keep what they learnt: retrain, then archive them."
_ANONYMOUS = "Rows that were anonymised before cannot be told to be of this user by anyone."


def erase(told: ErasureInput, key: str, engine: Engine, now: datetime) -> ErasureReceipt:
    """Forget the user. Raises Terminal without a key, SQLAlchemyError and OSError."""
    user_id = _identified(key, told.user)
    reason = sanitize_text(told.reason)
    earlier = erasing.begin(engine, user_id, reason, now)
    rows = erasing.erase_rows(engine, user_id, now)
    marks = erasing.request_marks(engine, user_id, now)
    found = _artifacts(told, marks)
    receipt = ErasureReceipt(
        user_mark=mark(user_id),
        reason=reason,
        at=now.replace(microsecond=0),
        known=bool(rows.predictions or marks or (earlier or {}).get("known")),
        earlier=None if earlier is None else datetime.fromisoformat(str(earlier["at"])),
        predictions=rows.predictions,
        feedback=rows.feedback,
        samples=sum(each.samples for each in found.cleaned),
        raw_papers=found.papers,
        datasets={each.before: each.after for each in found.cleaned},
        caches=found.caches,
        reports=found.reports,
        models=trained_on(told.artifact_root, found.cleaned),
        left=_left(found),
    )
    _keep(told.artifact_root, receipt)
    erasing.finish(engine, user_id, receipt.to_json())
    return receipt


def _identified(key: str, user: str) -> UUID:
    user_id = user_uuid(key, user)
    if user_id is None:
        raise Terminal(
            FailureReason.INVALID_SPEC,
            "There is no key of the user hashes, so no row can be told to be of a user. Set "
            "PHAROS_USER_HASH_KEY to the one that the serving pods have.",
        )
    return user_id


@dataclass(frozen=True, slots=True)
class _Found:
    """What the artifact store held."""

    cleaned: list[Cleaned] = field(default_factory=list)
    papers: int = 0
    caches: int = 0
    quoting: list[str] = field(default_factory=list)
    reports: int = 0


def _artifacts(told: ErasureInput, marks: frozenset[str]) -> _Found:
    if not marks:
        return _Found()
    root = told.artifact_root
    texts = texts_of(root, marks)
    clean_runs(root, texts)
    quoting = quoting_versions(root, texts)
    cleaned = clean_datasets(root, marks)
    places = (root, *(archive.rstrip("/") for archive in told.archives))
    papers = sum(clean_rows(f"{place}/raw", marks) for place in places)
    tokens = _drop_tokens(root) if cleaned else 0
    return _Found(cleaned, papers, tokens, quoting, drop_reports(root))


def _left(found: _Found) -> list[str]:
    """What an erasure does not reach, in sentences."""
    quoted = [
        f"{path} quotes a text of the user in its reference answers: delete that version."
        for path in found.quoting
    ]
    return [_BACKUPS, _ANONYMOUS, *([_MODELS] if found.cleaned else []), *quoted]


def _drop_tokens(root: str) -> int:
    """Tokens say what a text was and not whose: all go, and are made again when needed."""
    files = [file.path for file in storage.walk(f"{root}/tokens")]
    for name in files:
        storage.remove_file(f"{root}/tokens/{name}")
    return len(files)


def drop_reports(root: str) -> int:
    """Reports on drift say which words came more often and not whose: all that name words go."""
    folders = reports_with_words(root)
    for folder in folders:
        remove(folder, [file.path for file in storage.walk(folder)])
    return len(folders)


def trained_on(root: str, cleaned: list[Cleaned]) -> list[str]:
    """The versions that learnt from data sets that lost samples, by path in the store."""
    digests = {digest for each in cleaned for digest in _line_of(root, each.before)}
    return [
        path
        for path in sorted(version_paths(root))
        if dataset_of(storage.read_json(f"{root}/{path}/metadata.json")) in digests
    ]


def _line_of(root: str, digest: str) -> set[str]:
    """A data set and those that it is the rest of, after earlier erasures."""
    line, uri = {digest}, f"{root}/datasets"
    while True:
        more = {
            name
            for name in storage.names(uri)
            if name not in line
            and storage.exists(f"{uri}/{name}/{ERASED}")
            and storage.read_json(f"{uri}/{name}/{ERASED}")["replacedBy"] in line
        }
        if not more:
            return line
        line |= more


def _keep(root: str, receipt: ErasureReceipt) -> None:
    name = f"{rfc3339(receipt.at).replace(':', '')}-{receipt.user_mark[:16]}.json"
    storage.write_json(f"{root}/{RECEIPTS}/{name}", receipt.to_json())
