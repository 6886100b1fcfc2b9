"""Asks PubMed by the E-utilities: esearch leaves the answers on the history server, efetch reads.

Requests are POSTs, so that neither the key nor a long query stands in an address.
Terms of use: https://www.ncbi.nlm.nih.gov/books/NBK25497/.
"""

from dataclasses import replace

import httpx
from lxml import etree

from pharos_api.jobio import FailureReason
from pharos_api.names import ENV_NCBI_KEY
from pharos_jobs.core.papers import Paper
from pharos_jobs.errors import Retryable, Terminal
from pharos_jobs.sources.polite import PoliteHttp
from pharos_jobs.sources.port import Cursor, Page, Question
from pharos_jobs.sources.pubmed_place import Place
from pharos_jobs.sources.pubmed_records import document, history_of, papers_of, unknown_words

API_URL = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
NAME = "PubMed"
PAGE_SIZE = 200
_TOOL = "pharos"
_SEARCH, _FETCH = "esearch", "efetch"
_FIRST_DAY = "1781/01/01"
_FORGOTTEN = ("history", "webenv", "query_key", "unable to obtain query")
_BACKEND = "backend failed"


class PubMed:
    """PubMed as a paged source; a search and each read of it are pages of their own.

    Args:
        http: the host.
        api_url: where the E-utilities are.
        key: allows ten requests a second; it is sent and never told.
        page_size: records a read.
    """

    name = NAME

    def __init__(
        self,
        http: PoliteHttp,
        api_url: str = API_URL,
        key: str | None = None,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._http, self._api_url, self._page_size = http, api_url.rstrip("/"), page_size
        self._common = {"db": "pubmed", "tool": _TOOL, **({"api_key": key} if key else {})}

    def page(self, question: Question, cursor: Cursor) -> Page:
        """A search, or the next records of one."""
        place = Place.at(cursor, question.window)
        return (
            self._search(question, place) if place.history is None else self._read(question, place)
        )

    def _search(self, question: Question, place: Place) -> Page:
        days = place.windows[0]
        root = self._asked(
            _SEARCH,
            {
                "term": term(question.query, question.excluded),
                "usehistory": "y",
                "retmax": "0",
                "sort": "pub_date",
                "datetype": "pdat",
                "mindate": (days.start or _FIRST_DAY).replace("-", "/"),
                "maxdate": days.end.replace("-", "/"),
            },
        )
        unknown = unknown_words(root)
        if unknown:
            raise _refused(f"it does not know {', '.join(unknown)} and would leave that out")
        try:
            history = history_of(root)
        except ValueError as error:
            raise _broken() from error
        return replace(_behind((), place.searched(history)), total=history.count)

    def _read(self, question: Question, place: Place) -> Page:
        if place.history is None:
            raise AssertionError("a search comes before its records")
        try:
            root = self._asked(
                _FETCH,
                {
                    "WebEnv": place.history.web_env,
                    "query_key": place.history.query_key,
                    "retstart": str(place.start),
                    "retmax": str(self._page_size),
                    "retmode": "xml",
                },
            )
        except _ForgottenError as error:
            if place.renewed:
                raise Retryable(FailureReason.SOURCE_UNAVAILABLE, error.message) from error
            return _behind((), place.forgotten())
        if not len(root):
            message = f"{NAME} sent an empty page before the end."
            raise Retryable(FailureReason.SOURCE_UNAVAILABLE, message)
        return _behind(papers_of(root, question.label), place.read(self._page_size))

    def _asked(self, utility: str, form: dict[str, str]) -> etree._Element:
        answer = self._http.post(f"{self._api_url}/{utility}.fcgi", {**self._common, **form})
        self._check_key(answer)
        try:
            root = document(answer.content)
        except ValueError as error:
            if answer.is_success:
                raise _broken() from error
            raise _refused(f"HTTP {answer.status_code}") from error
        self._check(answer, root, utility)
        return root

    def _check_key(self, answer: httpx.Response) -> None:
        # What is said about a key comes as JSON, whatever was asked for.
        about_key = answer.is_client_error and b"api key" in answer.content[:500].lower()
        if about_key or answer.status_code in (401, 403):
            raise Terminal(
                FailureReason.SOURCE_UNREADABLE,
                f"{NAME} refuses the key (HTTP {answer.status_code}). Correct {ENV_NCBI_KEY}, or "
                "leave it out: without a key it answers more slowly.",
            )

    def _check(self, answer: httpx.Response, root: etree._Element, utility: str) -> None:
        said = " ".join((root.findtext("ERROR") or "").split())
        if not said:
            if answer.is_success:
                return
            raise _refused(f"HTTP {answer.status_code}")
        known = self._without_key(said)
        if utility == _FETCH and any(word in said.lower() for word in _FORGOTTEN):
            raise _ForgottenError(f"{NAME} has forgotten the search: {known}.")
        if _BACKEND in said.lower():
            raise Retryable(FailureReason.SOURCE_UNAVAILABLE, f"{NAME} failed: {known}.")
        raise _refused(known)

    def _without_key(self, said: str) -> str:
        key = self._common.get("api_key")
        return said.replace(key, "***") if key else said


class _ForgottenError(Retryable):
    """The history server does not know the search any more."""

    def __init__(self, message: str) -> None:
        super().__init__(FailureReason.SOURCE_UNAVAILABLE, message)


def term(query: str, excluded: tuple[str, ...]) -> str:
    """The query without those of other labels.

    >>> term("asthma[mh]", ("stroke[mh]", "gout[mh]"))
    '(asthma[mh]) NOT ((stroke[mh]) OR (gout[mh]))'
    """
    others = " OR ".join(f"({each})" for each in excluded)
    return f"({query}) NOT ({others})" if others else query


def _behind(papers: tuple[Paper, ...], place: Place | None) -> Page:
    return Page(papers, place.to_cursor() if place else None)


def _broken() -> Retryable:
    return Retryable(FailureReason.SOURCE_UNAVAILABLE, f"{NAME} sent a broken answer.")


def _refused(said: str) -> Terminal:
    return Terminal(
        FailureReason.INVALID_SPEC,
        f"{NAME} refuses the request: {said}. Check the queries and the dates.",
    )
