"""What of a source is new since a day."""

import pytest

from pharos_api.data import Data, Extension, Source
from pharos_api.extending import extended, last_day, since

QUERIES = [{"label": "cs.AI", "query": "x"}, {"label": "cs.LG", "query": "y"}]
SOURCES = {
    "arxiv": {"arxiv": {"categories": ["cs.AI", "cs.LG"]}},
    "pubmed": {"pubmed": {"queries": QUERIES}},
    "semanticScholar": {"semanticScholar": {"queries": QUERIES}},
    "plugin": {"plugin": {"name": "ours", "queries": QUERIES}},
}


@pytest.mark.requirement("RET-15")
@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_asks_by_date_asks_since_a_week_before_the_last_day(name: str) -> None:
    moved = since(Source.model_validate(SOURCES[name]), "2026-11-01")
    assert moved.to_json()[name]["startDate"] == "2026-10-25"


def test_a_later_start_than_the_last_day_stays() -> None:
    late = {"arxiv": {"categories": ["cs.AI", "cs.LG"], "startDate": "2026-12-01"}}
    assert since(Source.model_validate(late), "2026-11-01") == Source.model_validate(late)


def test_a_file_is_read_whole() -> None:
    file = Source.model_validate({"dataset": {"uri": "s3://papers/new.jsonl"}})
    assert since(file, "2026-11-01") == file


def test_a_source_that_has_ended_has_nothing_new() -> None:
    ended = {"arxiv": {"categories": ["cs.AI", "cs.LG"], "endDate": "2026-10-01"}}
    with pytest.raises(ValueError, match="leave endDate out"):
        since(Source.model_validate(ended), "2026-11-01")


def test_the_last_day_is_the_sources_end_or_today() -> None:
    open_end = Source.model_validate(SOURCES["arxiv"])
    ended = {"arxiv": {"categories": ["cs.AI", "cs.LG"], "endDate": "2026-10-01"}}
    assert last_day(open_end, "2026-11-23") == "2026-11-23"
    assert last_day(Source.model_validate(ended), "2026-11-23") == "2026-10-01"
    assert last_day(Source.model_validate(ended), "2026-09-01") == "2026-09-01"


def test_the_old_set_is_joined() -> None:
    data = Data.model_validate({"source": SOURCES["arxiv"], "minWords": 20})
    joined = extended(data, Extension(dataset_sha256="d" * 64), "2026-11-01")
    assert joined.extends is not None
    assert (joined.extends.dataset_sha256, joined.min_words) == ("d" * 64, 20)
