"""``compare``: two registered versions on the same texts, that neither of them has learnt from.

Without a file it takes the test split of the second version's data set, less what the first one
learnt from. Nothing is written.
"""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from pharos_api.artifacts import METADATA
from pharos_api.inventory import Compared
from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.core.pairing import paired
from pharos_jobs.core.papers import Sample
from pharos_jobs.datasets import open_dataset, read_related, read_split
from pharos_jobs.errors import Terminal
from pharos_jobs.keeping.whole import check_files, damaged, read_manifest
from pharos_jobs.predict_file import read_questions
from pharos_jobs.predicting import Predictor


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts with their true labels, and where they are from."""

    texts: list[str]
    labels: list[str]
    source: str
    left_out: int = 0


def compare(first: str, second: str, root: str, data: Path | None) -> Compared:
    """Compare the versions in two folders. Raises Terminal where that cannot be done."""
    given = from_file(data) if data else unseen(first, second, root)
    if not given.texts:
        raise Terminal(
            FailureReason.TOO_FEW_PAPERS,
            "The two versions share no text that neither has learnt from. Give labelled texts with "
            "--data.",
        )
    found = paired(_right(first, given), _right(second, given))
    return Compared(**asdict(found), source=given.source, left_out=given.left_out)


def from_file(file: Path) -> Labelled:
    """JSON Lines with title and abstract, or text, and ``label``."""
    questions = read_questions(file)
    missing = next((n for n, q in enumerate(questions, 1) if not q.row.get("label")), 0)
    if missing:
        raise Terminal(
            FailureReason.SOURCE_UNREADABLE,
            f"Row {missing} of {file} has no label. A comparison needs the true label of each row.",
        )
    labels = [str(each.row["label"]) for each in questions]
    return Labelled([each.text for each in questions], labels, "the file that was given")


def unseen(first: str, second: str, root: str) -> Labelled:
    """The second's test split without what the first learnt from or was chosen by."""
    old, new = (_dataset_sha256(uri) for uri in (first, second))
    test = read_split(open_dataset(f"{root}/datasets/{new}"), "test")
    known = set() if old == new else _learnt(f"{root}/datasets/{old}")
    kept = [sample for sample in test if sample.text not in known]
    return Labelled(
        [sample.text for sample in kept],
        [sample.label for sample in kept],
        f"the test split of data set {new[:12]}",
        len(test) - len(kept),
    )


def _learnt(uri: str) -> set[str]:
    dataset = open_dataset(uri)
    samples: list[Sample] = [*read_split(dataset, "train"), *read_split(dataset, "val")]
    return {sample.text for sample in (*samples, *read_related(dataset))}


def _dataset_sha256(uri: str) -> str:
    try:
        return str(storage.read_json(f"{uri}/{METADATA}")["dataset"]["sha256"])
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise damaged(uri, f"its {METADATA} names no data set") from error


def _right(uri: str, given: Labelled) -> list[bool]:
    """Whether the version's answer is the true label, text by text."""
    manifest = read_manifest(uri)
    check_files(uri, manifest)
    with tempfile.TemporaryDirectory(prefix="pharos-compare-") as scratch:
        folder = storage.download_folder(uri, Path(scratch) / "model")
        shares = Predictor(folder, manifest.max_tokens).probabilities(given.texts)
    names = [manifest.labels[number] for number in shares.argmax(axis=1)]
    return [name == label for name, label in zip(names, given.labels, strict=True)]
