"""HTTP with our manners: the host's pace, a time limit, and faults that say whether to try again.

An answer's body is never quoted here: some sources repeat the key in what they say.
"""

from collections.abc import Mapping

import httpx

from pharos_api.jobio import FailureReason
from pharos_jobs.errors import RateLimitError, Retryable
from pharos_jobs.sources.pace import Limiter, retry_after_seconds

TIMEOUT_S = 60.0
_ASKS_FOR_PATIENCE = frozenset({429, 503})
_TRY_AGAIN = frozenset({408, 425})


class PoliteHttp:
    """One host, asked one request at a time.

    Args:
        name: what people call the source.
        limiter: the host's pace.
        timeout_s: of each wait for the host.
        headers: go with every request.
    """

    def __init__(
        self,
        name: str,
        limiter: Limiter,
        timeout_s: float = TIMEOUT_S,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._limiter = limiter
        self._client = httpx.Client(timeout=timeout_s, headers=headers)

    def get(self, url: str, parameters: Mapping[str, str]) -> httpx.Response:
        """GET with parameters in the address; see ``_sent`` for faults."""
        return self._sent(self._client.build_request("GET", url, params=parameters))

    def post(self, url: str, form: Mapping[str, str]) -> httpx.Response:
        """POST of a form, whose values stand in no address and so in nobody's log."""
        return self._sent(self._client.build_request("POST", url, data=form))

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """The answer, also where it refuses (4xx).

        Raises RateLimitError when the host asks for patience, Retryable when it is away or broken.
        """
        self._limiter.wait()
        try:
            answer = self._client.send(request)
        except httpx.RequestError as error:
            message = f"{self.name} was not reached: {type(error).__name__}."
            raise Retryable(FailureReason.SOURCE_UNAVAILABLE, message) from error
        status = answer.status_code
        if status in _ASKS_FOR_PATIENCE:
            raise RateLimitError(
                f"{self.name} answered HTTP {status} and asks for patience.",
                retry_after_seconds(answer.headers.get("Retry-After")),
            )
        if status in _TRY_AGAIN or answer.is_server_error:
            message = f"{self.name} answered HTTP {status}."
            raise Retryable(FailureReason.SOURCE_UNAVAILABLE, message)
        return answer
