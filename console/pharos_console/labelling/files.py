"""The queue as a file of JSON Lines, and labels that come back in one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pharos_console.errors import UsageError
from pharos_console.labelling.sampling import Candidate


@dataclass(frozen=True, slots=True)
class Told:
    """A label that a person gave a request."""

    request_id: str
    label: str


def write_queue(file: Path, queue: Iterable[Candidate], texts: Mapping[str, str]) -> int:
    """Write one row a prediction, with an empty ``label`` to fill in; returns how many."""
    rows = [
        {
            "requestId": each.row.request_id,
            "label": "",
            "predicted": each.row.predicted,
            "why": each.why,
            "scores": each.row.scores,
            "text": texts[each.row.request_id],
        }
        for each in queue
        if each.row.request_id in texts
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(text, encoding="utf-8")
    return len(rows)


def read_labels(file: Path, labels: frozenset[str]) -> list[Told]:
    """Rows with ``requestId`` and ``label``; rows whose label is empty are left out.

    Raises UsageError that names the line, before anything is written: ``labels`` alone are taken.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    found = [_told(line, number, labels) for number, line in enumerate(lines, 1) if line.strip()]
    return [each for each in found if each.label]


def _told(line: str, number: int, labels: frozenset[str]) -> Told:
    try:
        row = json.loads(line)
        told = Told(str(row["requestId"]), str(row["label"] or "").strip())
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"line {number} is no JSON object with requestId and label; nothing was written"
        ) from error
    if told.label and told.label not in labels:
        raise UsageError(
            f"line {number}: {told.label!r} is none of the labels {', '.join(sorted(labels))}; "
            "nothing was written"
        )
    return told
