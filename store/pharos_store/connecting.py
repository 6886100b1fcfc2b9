"""The one place that opens databases."""

from typing import Any

from sqlalchemy import URL, Engine, create_engine, make_url

# A server that vanished without a word is noticed within half a minute, also amid a query.
_NOTICE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
}


def open_engine(url: str, *, connect_timeout_s: int = 5) -> Engine:
    """A pool on ``postgresql://…`` or ``sqlite:///…``; a dead connection is replaced unnoticed.

    The URL names no driver, because which one is installed is this release's affair.
    """
    parsed, arguments = connection(url, connect_timeout_s)
    return create_engine(parsed, **arguments)


def connection(url: str, connect_timeout_s: int = 5) -> tuple[URL, dict[str, Any]]:
    """The URL with its driver, and the engine's arguments, for those who make their own engine."""
    parsed = make_url(url)
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    postgres = parsed.get_backend_name() == "postgresql"
    arguments = {"connect_timeout": connect_timeout_s} | _NOTICE if postgres else {}
    return parsed, {"pool_pre_ping": True, "connect_args": arguments}
