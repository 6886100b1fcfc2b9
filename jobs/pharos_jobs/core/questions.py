"""Rows of a file that wait for a label: what is read of them, and what is put into them. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pharos_jobs.core.cleaning import clean_text, joined_text

_TEXT_FIELDS = ("title", "abstract", "text")
_DECIMALS = 6


class RowFlaw(ValueError):
    """A row cannot be classified; ``str()`` says why."""


def parsed_row(line: str) -> dict[str, Any]:
    """A line of JSON Lines as an object. Raises RowFlaw."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise RowFlaw(f"no JSON ({error.msg} at character {error.pos + 1})") from error
    if not isinstance(row, dict):
        raise RowFlaw(f"no JSON object but {line[:40]}")
    return row


def question(row: Mapping[str, Any]) -> str:
    """The text to classify, cleaned and joined as training texts are. Raises RowFlaw.

    ``title`` and ``abstract`` come first; a row without an abstract may have a ``text``.
    """
    for name in _TEXT_FIELDS:
        if not isinstance(row.get(name, ""), str | None):
            raise RowFlaw(f"{name} is {type(row[name]).__name__}, no string")
    title = clean_text(row.get("title") or "")
    body = clean_text(row.get("abstract") or row.get("text") or "")
    text = body if row.get("text") and not row.get("abstract") else joined_text(title, body)
    if not text:
        raise RowFlaw("neither title nor abstract nor text holds a word")
    return text


def answered(
    row: Mapping[str, Any], names: Sequence[str], shares: Sequence[float]
) -> dict[str, Any]:
    """The row with ``label``, ``confidence`` and ``scores``.

    What stood under ``label`` before stays as ``givenLabel``; every other field stays as it was.
    """
    scores = {name: round(float(s), _DECIMALS) for name, s in zip(names, shares, strict=True)}
    label = max(scores, key=lambda name: scores[name])
    given = {"givenLabel": row["label"]} if "label" in row else {}
    return {**row, **given, "label": label, "confidence": scores[label], "scores": scores}
