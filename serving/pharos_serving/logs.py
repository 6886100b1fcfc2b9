"""JSON logs on stdout, and to a file or syslog where a setting asks for it (rows LOG-1 to LOG-5).

Loggers of this package get constant messages and numbers; no text of a user ever reaches one.
"""

import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler, SysLogHandler
from types import MappingProxyType

from pharos_api.loglines import line
from pharos_serving.settings import Settings

_FILE_LIMIT_BYTES = 10 << 20


IDS: ContextVar[Mapping[str, str]] = ContextVar("ids", default=MappingProxyType({}))


class JSONFormatter(logging.Formatter):
    """One JSON object a line, with the ids of what this code is at."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        exception = self.formatException(record.exc_info) if record.exc_info else ""
        return line(vars(record), record.getMessage(), exception, IDS.get())


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
