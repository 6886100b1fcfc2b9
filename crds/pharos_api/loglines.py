"""One line of a log, the same in every program (rows LOG-1 and LOG-2). Pure.

A record comes as the mapping of its attributes, so that this kernel writes no log itself. ``ids``
say what the program was at: a request, a run, an experiment, an object.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# What every record of Python's logging has; all else was given as ``extra``.
_STANDARD = frozenset(
    {"name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info"}
    | {"exc_text", "stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated"}
    | {"thread", "threadName", "processName", "process", "taskName", "message", "asctime", "fields"}
)


def line(record: Mapping[str, Any], message: str, exception: str, ids: Mapping[str, str]) -> str:
    """The record as JSON; extras and ids never hide a fixed key."""
    fixed: dict[str, object] = {
        "timestamp": datetime.fromtimestamp(record["created"], UTC).isoformat(
            timespec="milliseconds"
        ),
        "level": record["levelname"],
        "logger": record["name"],
        "message": message,
        "module": record["module"],
        "function": record["funcName"],
        "line": record["lineno"],
    }
    if exception:
        fixed["exception"] = exception
    given = record.get("fields")
    extras = {name: value for name, value in record.items() if name not in _STANDARD}
    more = {**ids, **extras, **(given if isinstance(given, dict) else {})}
    found = fixed | {name: value for name, value in more.items() if name not in fixed}
    return json.dumps(found, ensure_ascii=False, default=str)
