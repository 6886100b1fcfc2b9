"""Fetches a file over HTTP and tells a wrong address from a server that is away."""

from pathlib import Path

import httpx

from pharos_api.jobio import FailureReason
from pharos_jobs.errors import Retryable, Terminal

_TIMEOUT_S = 60.0
_TRY_AGAIN = frozenset({408, 425, 429})


def fetch(url: str, target: Path) -> None:
    """Write what the address answers to a local file.

    Raises Terminal when the server refuses (4xx), Retryable when it is busy, broken or away.
    """
    try:
        with httpx.stream("GET", url, timeout=_TIMEOUT_S, follow_redirects=True) as answer:
            _check(url, answer.status_code)
            with target.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
    except httpx.TransportError as error:
        message = f"{url} could not be fetched: {type(error).__name__} {error}."
        raise Retryable(FailureReason.SOURCE_UNAVAILABLE, message) from error


def _check(url: str, status: int) -> None:
    if httpx.codes.is_success(status):
        return
    if httpx.codes.is_client_error(status) and status not in _TRY_AGAIN:
        raise Terminal(
            FailureReason.SOURCE_UNREADABLE,
            f"{url} answers HTTP {status}. Check the address and who may read it.",
        )
    raise Retryable(FailureReason.SOURCE_UNAVAILABLE, f"{url} answers HTTP {status}.")
