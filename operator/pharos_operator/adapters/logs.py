"""Log lines as JSON on stdout, and to a file or syslog where a setting asks for it.

A line has a constant message, and what varies beside it as fields: those of its ``extra``, and the
object that is being reconciled.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler, SysLogHandler
from pathlib import Path
from types import MappingProxyType

from pharos_api.loglines import line

_FILE_LIMIT_BYTES = 10 << 20
# Libraries that tell of every request at INFO
_CHATTY = ("kopf", "aiohttp.access", "kubernetes", "asyncio")
IDS: ContextVar[Mapping[str, str]] = ContextVar("ids", default=MappingProxyType({}))


class JSONFormatter(logging.Formatter):
    """One JSON object a line, with the ids of what this code is at."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        exception = self.formatException(record.exc_info) if record.exc_info else ""
        return line(vars(record), record.getMessage(), exception, IDS.get())


@contextmanager
def naming(**ids: str) -> Iterator[None]:
    """Every line that is written inside carries these ids, in tasks that it starts too."""
    token = IDS.set({**IDS.get(), **ids})
    try:
        yield
    finally:
        IDS.reset(token)


def configure(level: str, as_json: bool, file: Path | None = None, syslog: str = "") -> None:
    """Send all logs to stdout, and to ``file`` (turned over at 10 MiB) and ``syslog`` besides.

    ``syslog`` is host:port; it gets UDP, as RFC 5426 says.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(RotatingFileHandler(file, maxBytes=_FILE_LIMIT_BYTES, backupCount=3))
    if syslog:
        host, _, port = syslog.rpartition(":")
        handlers.append(SysLogHandler(address=(host, int(port))))
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    for handler in handlers:
        handler.setFormatter(JSONFormatter() if as_json else text)
    logging.basicConfig(level=level, handlers=handlers, force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
