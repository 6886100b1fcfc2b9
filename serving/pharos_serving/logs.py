"""JSON logs on stdout, and to a file or syslog where a setting asks for it (rows LOG-1 to LOG-5).

Loggers of this package get constant messages and numbers; no text of a user ever reaches one.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler, SysLogHandler

from pharos_serving.settings import Settings

_FILE_LIMIT_BYTES = 10 << 20


class JSONFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record with the keys of row LOG-1, and ``exception`` when there is one."""
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "module": record.module,
            "function": record.funcName,
            "line": record.lineno,
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line |= {key: value for key, value in fields.items() if key not in line}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure_logging(settings: Settings) -> None:
    """Send every log record of the process through the JSON formatter."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if settings.log_file is not None:
        settings.log_file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(
            RotatingFileHandler(settings.log_file, maxBytes=_FILE_LIMIT_BYTES, backupCount=3)
        )
    if settings.syslog_address:
        host, _, port = settings.syslog_address.rpartition(":")
        handlers.append(SysLogHandler(address=(host, int(port))))
    for handler in handlers:
        handler.setFormatter(JSONFormatter())
    logging.basicConfig(level=settings.log_level.upper(), handlers=handlers, force=True)
