"""Token numbers of texts in an Arrow file: tokenised once, mapped into memory ever after.

The file's name is a digest of the texts, the tokenizer and the limit, so that another run, another
trial or a restarted pod with the same data set finds it, and a changed tokenizer never does. A file
that cannot be read is made again.
"""

import hashlib
import json
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pharos_jobs import storage

_log = logging.getLogger(__name__)
_COLUMN = "input_ids"
_FORMAT = 1
# What a tokenizer was last told about lengths is no part of what it is.
_PASSING = ("truncation", "padding")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token numbers of many texts: text ``i`` is ``values[offsets[i]:offsets[i + 1]]``."""

    values: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, index: int) -> list[int]:
        """Token numbers of one text."""
        row: list[int] = self.values[self.offsets[index] : self.offsets[index + 1]].tolist()
        return row

    @property
    def lengths(self) -> list[int]:
        """Tokens of each text."""
        counted: list[int] = np.diff(self.offsets).tolist()
        return counted


class TokenStore:
    """Arrow files below a folder of the artifact store; without a folder nothing is kept."""

    def __init__(self, folder_uri: str | None = None) -> None:
        self._folder_uri = folder_uri

    def tokens(self, texts: Sequence[str], tokenizer: Any, max_tokens: int) -> Tokens:
        """Token numbers, each text cut at ``max_tokens``; from the file where there is one."""
        if self._folder_uri is None:
            return _of_table(_tokenised(texts, tokenizer, max_tokens))
        uri = f"{self._folder_uri}/{token_key(texts, tokenizer, max_tokens)}.arrow"
        kept = self._kept(uri, len(texts))
        if kept is not None:
            return kept
        _write(uri, _tokenised(texts, tokenizer, max_tokens))
        return _mapped(uri)

    def _kept(self, uri: str, texts: int) -> Tokens | None:
        if not storage.exists(uri):
            return None
        try:
            found = _mapped(uri)
        except (pa.ArrowInvalid, KeyError, OSError) as error:
            _log.warning(
                "A file of tokens cannot be read and is made again",
                extra={"uri": uri, "reason": str(error)},
            )
            return None
        return found if len(found) == texts else None


def token_key(texts: Sequence[str], tokenizer: Any, max_tokens: int) -> str:
    """SHA-256 over what decides the token numbers."""
    digest = hashlib.sha256(f"{_FORMAT} {max_tokens} {_fingerprint(tokenizer)}\n".encode())
    for text in texts:
        data = text.encode()
        digest.update(f"{len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def _fingerprint(tokenizer: Any) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        described = {"class": type(tokenizer).__name__, "vocabulary": tokenizer.get_vocab()}
    else:
        described = json.loads(backend.to_str())
        described = {key: value for key, value in described.items() if key not in _PASSING}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _tokenised(texts: Sequence[str], tokenizer: Any, max_tokens: int) -> pa.Table:
    rows = tokenizer(
        list(texts),
        truncation=True,
        max_length=max_tokens,
        padding=False,
        return_attention_mask=False,
        return_token_type_ids=False,
    )["input_ids"]
    return pa.table({_COLUMN: pa.array(rows, type=pa.large_list(pa.int32()))})


def _write(uri: str, table: pa.Table) -> None:
    with tempfile.TemporaryFile() as file:
        with pa.ipc.new_file(file, table.schema) as writer:
            # One batch: the column then lies in one piece and is read without a copy.
            writer.write_table(table, max_chunksize=max(1, table.num_rows))
        file.seek(0)
        storage.write_stream(uri, file)


def _mapped(uri: str) -> Tokens:
    path = storage.local_path(uri)
    if path is not None:
        return _read(path)
    with tempfile.TemporaryDirectory(prefix="tokens-") as folder:
        copied = Path(folder) / "tokens.arrow"
        storage.copy(uri, copied.as_uri())
        # A mapped file stays readable after its name is gone.
        return _read(copied)


def _read(path: Path) -> Tokens:
    with pa.memory_map(str(path)) as source:
        return _of_table(pa.ipc.open_file(source).read_all())


def _of_table(table: pa.Table) -> Tokens:
    column = table[_COLUMN].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    return Tokens(
        values=column.values.to_numpy(zero_copy_only=True),
        offsets=column.offsets.to_numpy(zero_copy_only=True),
    )
