"""Metrics that are one number an arm: what Prometheus is asked, and how its answer reads."""

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan

import pytest

from pharos_api.assignment import Arm
from pharos_api.metrics import Direction, Metric, MetricRole, MetricSource
from pharos_operator.render.metric_queries import Place, number, value_queries
from pharos_operator.render.promql import Series

CONTROL = Place("default", "arxiv", "v1.0.0", Arm.CONTROL, "0d2f7a5c-uid")
CANDIDATE = replace(CONTROL, version="v1.1.0", arm=Arm.CANDIDATE)
EVERYTHING = (
    'sum(x{c=\'{{cluster}}\',n="{{namespace}}",m="{{ model }}",v="{{version}}",a="{{arm}}",'
    'e="{{experiment}}"}[{{window}}])'
)


def own(query: str) -> Metric:
    return Metric(name="mine", query=query, direction=Direction.DECREASE, abort_above="5")


def shown(name: str) -> Metric:
    return Metric(name=name, role=MetricRole.SIGNAL)


def test_the_queries_are_those_of_the_golden_file(golden: Callable[[str, str], None]) -> None:
    metrics = [shown("low-confidence"), shown("cpu-cost"), own(EVERYTHING)]
    found = value_queries(metrics, CONTROL, CANDIDATE, 90)
    lines = [f"{q.metric}\n    {q.control}\n    {q.candidate}\n" for q in found]
    golden("promql/values.txt", "".join(lines))


def test_every_placeholder_is_replaced_by_what_the_arm_is() -> None:
    (asked,) = value_queries([own(EVERYTHING)], CONTROL, CANDIDATE, 90)
    assert asked.candidate == (
        'sum(x{c=\'default/arxiv/v1-1-0/candidate\',n="default",m="arxiv",v="v1.1.0",'
        'a="candidate",e="0d2f7a5c-uid"}[90s])'
    )


def test_a_query_without_placeholders_is_asked_as_it_is() -> None:
    (asked,) = value_queries([own("vector(1) # {x}")], CONTROL, CANDIDATE, 90)
    assert asked.control == asked.candidate == "vector(1) # {x}"


def test_an_unknown_placeholder_is_an_error_that_names_the_known_ones() -> None:
    (asked,) = value_queries([own("up{pod='{{pod}}'}")], CONTROL, CANDIDATE, 90)
    assert asked.error.startswith("the query names {{pod}}, which is unknown; use {{cluster}}, ")
    assert asked.candidate == ""


@pytest.mark.parametrize("text", ['a"} or vector(1) #', "a' or", "a`", "a\nb", "a\\"])
def test_a_value_that_could_end_a_string_is_refused(text: str) -> None:
    odd = replace(CANDIDATE, experiment=text)
    (asked,) = value_queries([own('x{e="{{experiment}}"}')], CONTROL, odd, 90)
    assert "cannot stand in a query" in asked.error


def test_metrics_from_elsewhere_are_not_asked_for() -> None:
    metrics = [
        shown("error-rate"),
        shown("p50-latency"),
        Metric(name="p99-latency", role=MetricRole.SIGNAL, source=MetricSource.GATEWAY),
        Metric(name="accuracy", role=MetricRole.SIGNAL, source=MetricSource.LABELS),
    ]
    assert value_queries(metrics, CONTROL, CANDIDATE, 90) == ()


NUMBERS: dict[str, tuple[list[float], float | None]] = {
    "a number": ([0.25], 0.25),
    "an empty vector is no data (argo-rollouts#1466)": ([], None),
    "NaN is no data and no pass (flagger#1098)": ([nan], None),
    "a division by zero is no data (argo-rollouts#180)": ([inf], None),
}


@pytest.mark.parametrize(("values", "wanted"), NUMBERS.values(), ids=NUMBERS.keys())
def test_an_answer_becomes(values: list[float], wanted: float | None) -> None:
    assert number(tuple(Series({}, value) for value in values)) == wanted


def test_several_series_are_an_error_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"2 series .* put sum\(\)"):
        number((Series({}, 1), Series({}, 2)))
