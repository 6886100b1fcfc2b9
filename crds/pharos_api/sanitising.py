"""Takes personal data out of a text before anything keeps it (rows SEC-2 to SEC-5, SEC-13).

Pure. Keys and tokens of well-known kinds go as well, since people paste them where they should not.
The three first patterns are those of the requirements. Two of them, run as they stand, take time
quadratic in the text's length on hostile input ("a.a.a.a…"), so they are matched from their rare
middle (``@``, ``://``) outwards: the same replacements in linear time.
"""

import re
from collections.abc import Mapping
from typing import Any

EMAIL = re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Z|a-z]{2,}\b")
PHONE = re.compile(r"\b\d{3}[-.]?\d{3}[-.]?\d{4}\b")
URL_WITH_QUERY = re.compile(r"https?://[^\s]+\?[^\s]+")

# Secrets by their makers' prefixes, JSON web tokens, and what an Authorization header carries. Each
# begins with a fixed word and goes on with one class of characters: linear on any input.
SECRET = re.compile(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}"
    r"|\bgh[opsur]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}"
    r"|\bhf_[A-Za-z0-9]{20,}|\bxox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|\bA(?:KI|SI)A[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{30,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_.-]{10,}"
    r"|\bBearer [A-Za-z0-9._~+/-]{16,}=*"
)

_EMAIL_DOMAIN = re.compile(r"@[A-Za-z0-9.-]+\.[A-Z|a-z]{2,}\b")
_EMAIL_LOCAL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+-")
_RUN = re.compile(r"\S+")
_SCHEME = re.compile(r"https?://")

_KEPT_WHEN_ANONYMOUS = ("model_version", "predictions", "latency_ms", "timestamp")


def sanitize_text(text: str) -> str:
    """The text with e-mail addresses, phone numbers, URLs with a query, and keys replaced.

    >>> sanitize_text("ask a.b@example.org or 555-123-4567, see https://x.org/a?token=1")
    'ask [EMAIL] or [PHONE], see [URL]'
    """
    return _without_urls(PHONE.sub("[PHONE]", _without_emails(SECRET.sub("[KEY]", text))))


def anonymize_prediction_log(log: Mapping[str, Any]) -> dict[str, Any]:
    """What may be kept of a log entry for ever: no user, no text, no address."""
    return {key: log[key] for key in _KEPT_WHEN_ANONYMOUS if key in log}


def _without_emails(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for domain in _EMAIL_DOMAIN.finditer(text):
        start = _local_part_start(text, done, domain.start())
        if start is None:
            continue
        pieces += (text[done:start], "[EMAIL]")
        done = domain.end()
    pieces.append(text[done:])
    return "".join(pieces)


def _local_part_start(text: str, lowest: int, at: int) -> int | None:
    """Leftmost word boundary in the local part that ends at ``at``; None if there is none."""
    first = at
    while first > lowest and text[first - 1] in _EMAIL_LOCAL:
        first -= 1
    for start in range(first, at):
        if _is_word(text, start - 1) != _is_word(text, start):
            return start
    return None


def _is_word(text: str, index: int) -> bool:
    """Whether a word character stands there; outside of the text there is none."""
    return 0 <= index < len(text) and (text[index].isalnum() or text[index] == "_")


def _without_urls(text: str) -> str:
    return _RUN.sub(lambda run: _run_without_url(run.group()), text)


def _run_without_url(run: str) -> str:
    scheme = _SCHEME.search(run)
    if scheme is None or run.find("?", scheme.end() + 1, len(run) - 1) < 0:
        return run
    return f"{run[: scheme.start()]}[URL]"
