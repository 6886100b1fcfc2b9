"""What a call to a server met, in words that a person reads; not what to do about it."""

import os

import aiohttp
from sqlalchemy.exc import SQLAlchemyError


def in_words(problem: BaseException) -> str:
    """``Connection refused``, ``no answer in time``, or what the problem says of itself."""
    match problem:
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientOSError() if problem.errno:
            return os.strerror(problem.errno)
        case aiohttp.ClientResponseError():
            return f"status {problem.status}"
        case SQLAlchemyError():
            # The driver's first line; SQLAlchemy's own words repeat the whole statement.
            cause = getattr(problem, "orig", None) or problem
            return (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        case _:
            return str(problem) or type(problem).__name__
