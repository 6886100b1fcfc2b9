"""The ``arxiv`` library's client, taught our manners: pace, time limit, Retry-After."""

import re
from typing import Any

import arxiv
import requests

from pharos_api.jobio import FailureReason
from pharos_jobs.errors import RateLimitError, Terminal
from pharos_jobs.sources.pace import Limiter, retry_after_seconds

API_URL = "https://export.arxiv.org/api/query"
TIMEOUT_S = 60.0
_ERROR_ENTRY = re.compile(rb"arxiv\.org/api/errors#([\w-]+)")
_ASKS_FOR_PATIENCE = frozenset({429, 503})


class PoliteSession(requests.Session):
    """Waits for its turn before each request and turns a refusal into RateLimitError."""

    def __init__(self, limiter: Limiter, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__()
        self._limiter, self._timeout_s = limiter, timeout_s

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        """Send one request at the host's pace."""
        self._limiter.wait()
        settings["timeout"] = self._timeout_s
        answer = super().send(request, **settings)
        if answer.status_code in _ASKS_FOR_PATIENCE:
            raise RateLimitError(
                f"arXiv answered HTTP {answer.status_code} and asks for patience.",
                retry_after_seconds(answer.headers.get("Retry-After")),
            )
        # A mistake comes back as a feed of one entry that names the error, with HTTP 400 or 200.
        refused = _ERROR_ENTRY.search(answer.content)
        if refused:
            raise Terminal(
                FailureReason.INVALID_SPEC,
                f"arXiv refuses the request: {refused[1].decode().replace('_', ' ')}. Check the "
                "categories and the dates.",
            )
        return answer


class PoliteClient(arxiv.Client):  # type: ignore[misc] # the library carries no type marker
    """One page a request; remembers how many results the query has in all."""

    def __init__(self, session: PoliteSession, page_size: int, api_url: str = API_URL) -> None:
        super().__init__(page_size=page_size, delay_seconds=0.0, num_retries=0)
        self._session = session
        self.query_url_format = api_url + "?{}"
        self.total_results = 0

    def _parse_feed(self, *given: Any, **named: Any) -> Any:
        feed = super()._parse_feed(*given, **named)
        self.total_results = feed.header.total_results
        return feed
