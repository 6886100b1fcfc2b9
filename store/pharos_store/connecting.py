"""The one place that opens databases."""

from sqlalchemy import Engine, create_engine, make_url

_DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
}


def open_engine(url: str, *, connect_timeout_s: int = 5) -> Engine:
    """A pool on ``postgresql://…`` or ``sqlite:///…``; a dead connection is replaced unnoticed.

    The URL names no driver, because which one is installed is this release's affair.
    """
    parsed = make_url(url)
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    postgres = parsed.get_backend_name() == "postgresql"
    arguments = {"connect_timeout": connect_timeout_s} if postgres else {}
    return create_engine(parsed, pool_pre_ping=True, connect_args=arguments)
