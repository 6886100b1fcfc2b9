import hashlib
import io
from pathlib import Path
from typing import IO

import pytest

from pharos_jobs import storage


class Torn(io.BytesIO):
    """A stream that breaks after its first piece."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError("the connection broke")
        return super().read(4)


def test_a_file_is_written_with_its_digest(tmp_path: Path) -> None:
    written = storage.write_bytes((tmp_path / "a" / "b.txt").as_uri(), b"hello")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"hello"
    assert written.sha256 == hashlib.sha256(b"hello").hexdigest()
    assert written.size_bytes == 5


def test_a_torn_stream_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    source: IO[bytes] = Torn(b"new content")
    with pytest.raises(OSError, match="broke"):
        storage.write_stream(target.as_uri(), source)
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_same_rows_give_the_same_bytes() -> None:
    rows = [{"a": 1}, {"a": "é"}]
    assert storage.gzip_lines(rows) == storage.gzip_lines(rows)


@pytest.mark.requirement("SEC-6")
def test_checkpoint_hash_is_sha256(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"x" * 10_000)
    assert storage.compute_checkpoint_hash(str(path)) == hashlib.sha256(b"x" * 10_000).hexdigest()


@pytest.mark.requirement("SEC-7")
def test_an_altered_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"x")
    storage.verify_checkpoint(str(path), hashlib.sha256(b"x").hexdigest())
    with pytest.raises(ValueError, match=r"Checkpoint integrity check failed\. Expected: 00, Got:"):
        storage.verify_checkpoint(str(path), "00")


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_a_folder_is_walked_and_its_files_removed(scheme: str, tmp_path: Path) -> None:
    root = f"{scheme}://{tmp_path}"
    for name in ("b/2", "a", "b/1"):
        storage.write_bytes(f"{root}/{name}", name.encode())
    found = storage.walk(root)
    assert [(file.path, file.size_bytes) for file in found] == [("a", 1), ("b/1", 3), ("b/2", 3)]
    assert all(file.changed_at.tzinfo for file in found)
    storage.remove_file(f"{root}/b/1")
    storage.remove_file(f"{root}/b/1")
    assert [file.path for file in storage.walk(f"{root}/b")] == ["2"]
    assert storage.walk(f"{root}/nowhere") == []
