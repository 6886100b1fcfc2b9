"""Logs as JSON lines on standard output (rows LOG-1 to LOG-3)."""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import TextIO

from pharos_api.loglines import line

_CHATTY = (
    *("httpx", "httpcore", "botocore", "aiobotocore", "urllib3", "arxiv"),
    *("onnx_ir", "onnxscript", "matplotlib"),
)


_NOTHING: Mapping[str, str] = MappingProxyType({})


class JSONFormatter(logging.Formatter):
    """One JSON object a line, with the ids of what this process is for."""

    def __init__(self, ids: Mapping[str, str] = _NOTHING) -> None:
        super().__init__()
        self._ids = ids

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        exception = self.formatException(record.exc_info) if record.exc_info else ""
        return line(vars(record), record.getMessage(), exception, self._ids)


def configure(stream: TextIO, level: int = logging.INFO, ids: Mapping[str, str] = _NOTHING) -> None:
    """Send every logger's records to a stream as JSON, each with ``ids``: the run and its step."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter(ids))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # These report every request; their warnings still come through.
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
