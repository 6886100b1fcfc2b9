"""Which paged source a request means, with its address, pace and key from the environment."""

import time
from collections.abc import Mapping

from pharos_api.data import SemanticScholarSource, Source
from pharos_api.names import ENV_NCBI_KEY, ENV_SEMANTIC_SCHOLAR_KEY
from pharos_jobs.sources import semantic_scholar
from pharos_jobs.sources.pace import NCBI, NCBI_WITH_KEY, SEMANTIC_SCHOLAR, Limiter, Pace
from pharos_jobs.sources.plugins import plugin
from pharos_jobs.sources.polite import PoliteHttp
from pharos_jobs.sources.port import PagedSource

ENV_ARXIV_URL = "PHAROS_ARXIV_URL"
ENV_PUBMED_URL = "PHAROS_PUBMED_URL"
ENV_SEMANTIC_SCHOLAR_URL = "PHAROS_SEMANTIC_SCHOLAR_URL"


def opened(source: Source, environment: Mapping[str, str]) -> PagedSource:
    """The source that answers the request's questions."""
    if source.arxiv is not None:
        return _arxiv(environment)
    if source.pubmed is not None:
        return _pubmed(environment)
    if source.semantic_scholar is not None:
        return _semantic_scholar(source.semantic_scholar, environment)
    if source.plugin is not None:
        return plugin(source.plugin, environment)
    raise AssertionError("a run has exactly one source")


def _arxiv(environment: Mapping[str, str]) -> PagedSource:
    # The library brings its own HTTP stack, which other sources do not need.
    from pharos_jobs.sources import arxiv, arxiv_client  # noqa: PLC0415

    url = environment.get(ENV_ARXIV_URL, arxiv_client.API_URL)
    return arxiv.arxiv_pages(arxiv.Surroundings(api_url=url))


def _pubmed(environment: Mapping[str, str]) -> PagedSource:
    # Its XML library is slow to import, and other sources do not need it.
    from pharos_jobs.sources import pubmed  # noqa: PLC0415

    key = environment.get(ENV_NCBI_KEY) or None
    http = PoliteHttp(pubmed.NAME, _limiter(NCBI_WITH_KEY if key else NCBI))
    return pubmed.PubMed(http, environment.get(ENV_PUBMED_URL, pubmed.API_URL), key)


def _semantic_scholar(
    request: SemanticScholarSource, environment: Mapping[str, str]
) -> PagedSource:
    key = environment.get(ENV_SEMANTIC_SCHOLAR_KEY) or None
    headers = {semantic_scholar.KEY_HEADER: key} if key else {}
    http = PoliteHttp(semantic_scholar.NAME, _limiter(SEMANTIC_SCHOLAR), headers=headers)
    return semantic_scholar.SemanticScholar(
        http,
        semantic_scholar.Filters(tuple(request.fields_of_study), request.min_citations),
        environment.get(ENV_SEMANTIC_SCHOLAR_URL, semantic_scholar.API_URL),
        key,
    )


def _limiter(pace: Pace) -> Limiter:
    return Limiter(pace, time.monotonic, time.sleep)
