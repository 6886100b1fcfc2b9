"""Asks Semantic Scholar by the bulk search of its Graph API: a thousand papers a page, by token.

The key goes in a header. Terms: https://www.semanticscholar.org/product/api, one request a second.
"""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from pharos_api.jobio import FailureReason
from pharos_api.names import ENV_SEMANTIC_SCHOLAR_KEY
from pharos_jobs.core.papers import Paper
from pharos_jobs.errors import Retryable, Terminal
from pharos_jobs.sources.polite import PoliteHttp
from pharos_jobs.sources.port import Cursor, Page, Question
from pharos_jobs.sources.semantic_scholar_records import FIELDS, papers_of

API_URL = "https://api.semanticscholar.org/graph/v1"
KEY_HEADER = "x-api-key"
NAME = "Semantic Scholar"
_NEWEST_FIRST = "publicationDate:desc"


@dataclass(frozen=True, slots=True)
class Filters:
    """Only papers in one of these fields (all where it is empty) that were cited so often."""

    fields_of_study: tuple[str, ...] = ()
    min_citations: int | None = None

    def to_parameters(self) -> dict[str, str]:
        """As the bulk search takes them."""
        fields, least = ",".join(self.fields_of_study), self.min_citations
        return {
            **({"fieldsOfStudy": fields} if fields else {}),
            **({} if least is None else {"minCitationCount": str(least)}),
        }


class SemanticScholar:
    """Semantic Scholar as a paged source.

    Args:
        http: the host; its headers carry the key.
        filters: which papers at all.
        api_url: where the Graph API is.
        key: what the headers carry, to keep it out of errors; None where there is none.
    """

    name = NAME

    def __init__(
        self,
        http: PoliteHttp,
        filters: Filters | None = None,
        api_url: str = API_URL,
        key: str | None = None,
    ) -> None:
        self._http, self._key = http, key
        self._url = f"{api_url.rstrip('/')}/paper/search/bulk"
        chosen = (filters or Filters()).to_parameters()
        self._common = {"fields": ",".join(FIELDS), "sort": _NEWEST_FIRST, **chosen}

    def page(self, question: Question, cursor: Cursor) -> Page:
        """The next papers. A token that is not taken any more begins the search again, once."""
        window = question.window
        parameters = {
            **self._common,
            "query": bulk_query(question.query, question.excluded),
            "publicationDateOrYear": f"{window.start or ''}:{window.end}",
        }
        token = cursor.get("token")
        begun_again = bool(cursor.get("begun_again"))
        answer = self._http.get(self._url, {**parameters, **({"token": token} if token else {})})
        if answer.status_code == httpx.codes.BAD_REQUEST and token and not begun_again:
            return Page((), {"token": None, "begun_again": True})
        self._check(answer)
        body = _read(answer)
        following = {"token": body["token"], "begun_again": begun_again}
        papers = _papers(body, question.label)
        return Page(papers, following if body["token"] else None, _total(body))

    def _check(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in (401, 403):
            raise Terminal(FailureReason.SOURCE_UNREADABLE, self._about_key(status))
        if answer.is_success:
            return
        raise Terminal(
            FailureReason.INVALID_SPEC,
            f"{NAME} refuses the request (HTTP {status}{self._said(answer)}). Check the queries, "
            "fieldsOfStudy and the dates.",
        )

    def _about_key(self, status: int) -> str:
        if self._key:
            return f"{NAME} refuses the key (HTTP {status}). Correct {ENV_SEMANTIC_SCHOLAR_KEY}."
        return (
            f"{ENV_SEMANTIC_SCHOLAR_KEY} environment variable not set, and {NAME} does not answer "
            f"without a key (HTTP {status})."
        )

    def _said(self, answer: httpx.Response) -> str:
        try:
            said = str(answer.json()["error"])
        except (ValueError, KeyError, TypeError):
            return ""
        return f": {said.replace(self._key, '***') if self._key else said}"


def bulk_query(query: str, excluded: tuple[str, ...]) -> str:
    """The query without those of other labels, in the bulk search's syntax.

    >>> bulk_query("protein folding", ("robot | drone",))
    '(protein folding) -(robot | drone)'
    """
    return " ".join((f"({query})", *(f"-({each})" for each in excluded))) if excluded else query


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = json.loads(answer.content)
    except ValueError as error:
        raise _broken() from error
    if not isinstance(body, dict):
        raise _broken()
    return {"token": None, **body}


def _total(body: dict[str, Any]) -> int | None:
    told = body.get("total")
    return told if isinstance(told, int) else None


def _papers(body: dict[str, Any], label: str) -> tuple[Paper, ...]:
    try:
        return papers_of(body, label)
    except ValueError as error:
        raise _broken() from error


def _broken() -> Retryable:
    return Retryable(FailureReason.SOURCE_UNAVAILABLE, f"{NAME} sent a broken answer.")
