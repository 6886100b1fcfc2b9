"""The gates' PromQL, and what becomes of Prometheus' answers."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest

from pharos_analysis.samples import Histogram
from pharos_operator.render.promql import Series, Unreadable, queries, sample_from, vector

CONTROL, CANDIDATE = "default/arxiv/v1-0-0/control", "default/arxiv/v1-1-0/candidate"


def test_the_queries_are_those_of_the_golden_file(golden: Callable[[str, str], None]) -> None:
    rendered = queries(CONTROL, CANDIDATE, 90)
    golden("promql/canary.txt", "".join(f"{key}\n    {query}\n" for key, query in rendered))


def test_the_window_is_never_shorter_than_two_scrapes() -> None:
    assert "[10s]" in dict(queries(CONTROL, CANDIDATE, 1))["candidate.requests"]
    assert "[30s]" in dict(queries(CONTROL, CANDIDATE, 1, 15))["candidate.requests"]


def test_a_name_cannot_break_out_of_its_label() -> None:
    odd = dict(queries(CONTROL, 'a"} or vector(1) #\\', 60))["candidate.requests"]
    assert r'envoy_cluster_name="a\"} or vector(1) #\\"' in odd


def one(value: float) -> list[Series]:
    return [Series({}, value)]


def bucket(le: str, value: float) -> Series:
    return Series({"le": le}, value)


BUCKETS = [bucket("+Inf", 9.0), bucket("25", 7.0), bucket("5.5", 2.0)]


def test_answers_become_a_sample() -> None:
    sample = sample_from(
        {
            "control.requests": one(100),
            "control.errors": one(0),
            "candidate.requests": one(9),
            "candidate.errors": one(3),
            "candidate.latency": BUCKETS,
        },
        60,
        (("candidate.errors", "q"),),
    )
    assert (sample.candidate.requests, sample.candidate.errors) == (9, 3)
    assert sample.candidate.latency == Histogram((5.5, 25.0, inf), (2.0, 7.0, 9.0))
    assert (sample.control.requests, sample.control.latency) == (100, None)
    assert (sample.window_s, sample.queries, sample.error) == (60, (("candidate.errors", "q"),), "")


ABSENT: dict[str, dict[str, list[Series]]] = {
    "no answer at all": {},
    "an empty vector (argo-rollouts#1466)": {"candidate.requests": [], "candidate.latency": []},
    "NaN (flagger#1098)": {
        "candidate.requests": one(nan),
        "candidate.latency": [bucket("5", nan), bucket("+Inf", nan)],
    },
    "a histogram without its last bucket": {"candidate.latency": [bucket("5", 3.0)]},
}


@pytest.mark.parametrize("results", ABSENT.values(), ids=ABSENT.keys())
def test_nothing_is_no_data_and_no_zero(results: dict[str, list[Series]]) -> None:
    sample = sample_from(results, 60)
    assert (sample.candidate.requests, sample.candidate.latency, sample.error) == (None, None, "")


ODD: dict[str, tuple[dict[str, list[Series]], str]] = {
    "several series where one is expected": (
        {"candidate.errors": [*one(1), *one(2)]},
        "candidate.errors gave 2 series",
    ),
    "a bucket without a bound": ({"control.latency": one(3)}, "without a bucket's bound"),
    "a bucket that comes twice": (
        {"control.latency": [bucket("5", 1), bucket("5.0", 2)]},
        "several series of one bucket",
    ),
}


@pytest.mark.parametrize(("results", "says"), ODD.values(), ids=ODD.keys())
def test_what_cannot_be_read_is_an_error(results: dict[str, list[Series]], says: str) -> None:
    sample = sample_from(results, 60)
    assert says in sample.error
    assert sample.candidate.requests is None


def test_a_vector_of_the_http_api_is_parsed() -> None:
    data = {"resultType": "vector", "result": [{"metric": {"le": "5"}, "value": [1.5, "NaN"]}]}
    (series,) = vector(data)
    assert series.labels == {"le": "5"}
    assert series.value != series.value


NO_VECTORS: dict[str, dict[str, Any]] = {
    "a matrix": {"resultType": "matrix", "result": []},
    "no result": {"resultType": "vector"},
    "no number": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "many"]}]},
    "no value": {"resultType": "vector", "result": [{"metric": {}, "value": []}]},
}


@pytest.mark.parametrize("data", NO_VECTORS.values(), ids=NO_VECTORS.keys())
def test_anything_but_a_vector_is_unreadable(data: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        vector(data)
