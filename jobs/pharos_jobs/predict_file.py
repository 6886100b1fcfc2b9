"""``python -m pharos_jobs predict``: classify the rows of a JSON Lines file.

Rows keep their order and their fields. The output appears whole or not at all: one bad row, and
there is none, but a sentence for each of the first bad rows.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pharos_api.artifacts import MANIFEST, Manifest
from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.core.questions import RowFlaw, answered, parsed_row, question
from pharos_jobs.errors import Terminal
from pharos_jobs.predicting import Predictor

_SHOWN_FLAWS = 5
_AT_ONCE = 512
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Question:
    """A row and the text to classify."""

    row: dict[str, Any]
    text: str


def predict_file(model: Path, source: Path, target: Path) -> int:
    """Classify ``source`` with the registered model in the folder ``model``; how many rows.

    Raises Terminal when the model is not whole or a row cannot be classified.
    """
    manifest = checked_manifest(model)
    questions = read_questions(source)
    predictor = Predictor(model, manifest.max_tokens)
    lines = "".join(_answers(predictor, manifest.labels, questions))
    storage.write_bytes(storage.to_uri(target), lines.encode())
    return len(questions)


def checked_manifest(model: Path) -> Manifest:
    """The manifest of a registered model. Raises Terminal where a file is not as it says."""
    try:
        manifest = Manifest.model_validate_json((model / MANIFEST).read_bytes())
        for entry in manifest.files:
            with (model / entry.path).open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
            if actual != entry.sha256:
                raise _unfit(model, f"{entry.path} was changed after it was registered")
    except FileNotFoundError as error:
        raise _unfit(model, f"there is no file {error.filename}") from error
    except ValidationError as error:
        raise _unfit(model, f"its {MANIFEST} cannot be read") from error
    return manifest


def read_questions(source: Path) -> list[Question]:
    """All rows. Raises Terminal with the first flaws and their line numbers."""
    questions, flaws = [], []
    for number, line in _numbered_lines(source):
        try:
            row = parsed_row(line)
            questions.append(Question(row, question(row)))
        except RowFlaw as flaw:
            flaws.append(f"line {number}: {flaw}")
    if flaws:
        shown = "; ".join(flaws[:_SHOWN_FLAWS])
        more = f"; and {len(flaws) - _SHOWN_FLAWS} more" if len(flaws) > _SHOWN_FLAWS else ""
        raise Terminal(
            FailureReason.SOURCE_UNREADABLE,
            f"{source} cannot be classified: {shown}{more}. Each line must be a JSON object with "
            "title and abstract; mend or remove these, nothing was written.",
        )
    return questions


def _numbered_lines(source: Path) -> Iterator[tuple[int, str]]:
    try:
        data = source.read_bytes()
        data = gzip.decompress(data) if data.startswith(_GZIP) else data
        lines = data.decode("utf-8-sig").split("\n")
    except FileNotFoundError as error:
        message = f"There is no file {source}."
        raise Terminal(FailureReason.SOURCE_UNREADABLE, message) from error
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
        message = f"{source} is no UTF-8 text: {error}. Save it as UTF-8 JSON Lines."
        raise Terminal(FailureReason.SOURCE_UNREADABLE, message) from error
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _answers(predictor: Predictor, labels: list[str], questions: list[Question]) -> Iterator[str]:
    for start in range(0, len(questions), _AT_ONCE):
        part = questions[start : start + _AT_ONCE]
        shares = predictor.probabilities([each.text for each in part])
        for each, row in zip(part, shares, strict=True):
            yield json.dumps(answered(each.row, labels, list(row)), ensure_ascii=False) + "\n"


def _unfit(model: Path, what: str) -> Terminal:
    return Terminal(
        FailureReason.DIGEST_MISMATCH,
        f"{model} is no whole model: {what}. Give the folder of a registered version, the one "
        f"that holds {MANIFEST}.",
    )
