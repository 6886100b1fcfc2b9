"""What a failed call says to a person."""

import errno

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from sqlalchemy.exc import OperationalError

from pharos_operator.adapters.problems import in_words

KEY = ConnectionKey("prometheus.ns.svc", 9090, False, True, None, None, None)
CASES = {
    "a refused connection": (
        aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "Connect call failed")),
        "Connection refused",
    ),
    "a timeout": (TimeoutError(), "no answer in time"),
    "a timeout of the library": (aiohttp.ServerTimeoutError(), "no answer in time"),
    "an unknown name": (
        aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")),
        "its name is not known",
    ),
    "a closed connection": (aiohttp.ServerDisconnectedError(), "Server disconnected"),
    "a database that refuses": (
        OperationalError("SELECT 1", {}, OSError("server closed the connection\nat once")),
        "server closed the connection",
    ),
    "something without words": (ValueError(), "ValueError"),
}


@pytest.mark.parametrize(("problem", "said"), CASES.values(), ids=CASES.keys())
def test_a_problem_is_said_in_words(problem: Exception, said: str) -> None:
    assert in_words(problem) == said
