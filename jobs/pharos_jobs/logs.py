"""Logs as JSON lines on standard output (rows LOG-1 to LOG-3)."""

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_CHATTY = (
    *("httpx", "httpcore", "botocore", "aiobotocore", "urllib3", "arxiv"),
    *("onnx_ir", "onnxscript", "matplotlib"),
)


class JSONFormatter(logging.Formatter):
    """One line of JSON a record; what is passed as ``extra`` stands beside the fixed keys."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "timestamp": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "module": record.module,
            "function": record.funcName,
            "line": record.lineno,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(stream: TextIO, level: int = logging.INFO) -> None:
    """Send every logger's records to a stream as JSON."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # These report every request; their warnings still come through.
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
