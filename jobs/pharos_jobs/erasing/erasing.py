"""``python -m pharos_jobs erase``: forgets one user and leaves a receipt (row SEC-14).

In this order, so that it may be stopped anywhere and done again: nobody stores rows of the user any
more; rows go, and with them stays known, as marks, which requests they were; samples and caches
are looked for by these marks, noted, and then cleared; the receipt of all that was ever noted is
written to the store and to the database.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from pharos_api.erasing import ErasureInput, ErasureReceipt
from pharos_api.jobio import FailureReason
from pharos_api.meta import rfc3339
from pharos_api.sanitising import sanitize_text
from pharos_jobs import storage
from pharos_jobs.erasing.account import Account, account_from_json
from pharos_jobs.erasing.clearing import clear
from pharos_jobs.erasing.looking import look
from pharos_jobs.erasing.samples import rests_after
from pharos_jobs.errors import Terminal
from pharos_store import erasing
from pharos_store.identity import mark, user_uuid

RECEIPTS = "receipts"
_BACKUPS = "Backups of the database and of the artifact store: restore none without erasing again."
_MODELS = "Models that learnt from these texts keep what they learnt: retrain, then archive them."
_ANONYMOUS = "Rows that were anonymised before cannot be told to be of this user by anyone."


def erase(told: ErasureInput, key: str, engine: Engine, now: datetime) -> ErasureReceipt:
    """Forget the user. Raises Terminal without a key, SQLAlchemyError and OSError."""
    user_id = _identified(key, told.user)
    reason, root = sanitize_text(told.reason), told.artifact_root
    earlier = _earlier(erasing.begin(engine, user_id, reason, now))
    rows = erasing.erase_rows(engine, user_id, now)
    marks = erasing.request_marks(engine, user_id, now)
    traces = look(told, marks, now)
    account = _noted(engine, user_id, traces.account)
    clear(root, traces, marks)
    rests = (earlier.datasets if earlier else {}) | rests_after(root, account.samples)
    receipt = ErasureReceipt(
        user_mark=mark(user_id),
        reason=reason,
        at=now.replace(microsecond=0),
        known=bool(rows.predictions or marks or (earlier and earlier.known)),
        earlier=earlier and earlier.at,
        predictions=rows.predictions,
        feedback=rows.feedback,
        samples=sum(account.samples.values()),
        raw_papers=sum(account.papers.values()),
        datasets=rests,
        caches=len(account.caches),
        reports=len(account.reports),
        models=_still_there(root, account.models),
        left=_left(root, account),
    )
    _keep(root, receipt)
    erasing.finish(engine, user_id, receipt.to_json())
    return receipt


def _earlier(receipt: dict[str, Any] | None) -> ErasureReceipt | None:
    return None if receipt is None else ErasureReceipt.model_validate(receipt)


def _identified(key: str, user: str) -> UUID:
    user_id = user_uuid(key, user)
    if user_id is None:
        raise Terminal(
            FailureReason.INVALID_SPEC,
            "There is no key of the user hashes, so no row can be told to be of a user. Set "
            "PHAROS_USER_HASH_KEY to the one that the serving pods have.",
        )
    return user_id


def _noted(engine: Engine, user_id: UUID, found: Account) -> Account:
    """All that was ever found, written down: once it is cleared nobody can find it again."""
    account = found.with_earlier(account_from_json(erasing.found_before(engine, user_id)))
    erasing.note(engine, user_id, account.to_json())
    return account


def _left(root: str, account: Account) -> list[str]:
    """What an erasure does not reach, in sentences."""
    quoted = [
        f"{path} quotes a text of the user in its reference answers: delete that version."
        for path in _still_there(root, account.quoting)
    ]
    return [_BACKUPS, _ANONYMOUS, *([_MODELS] if account.samples else []), *quoted]


def _still_there(root: str, paths: Iterable[str]) -> list[str]:
    """Those that were not deleted since; in an archive they are named by their URI."""
    uris = {path: path if "://" in path else f"{root}/{path}" for path in paths}
    return sorted(path for path, uri in uris.items() if storage.names(uri))


def _keep(root: str, receipt: ErasureReceipt) -> None:
    name = f"{rfc3339(receipt.at).replace(':', '')}-{receipt.user_mark[:16]}.json"
    storage.write_json(f"{root}/{RECEIPTS}/{name}", receipt.to_json())
