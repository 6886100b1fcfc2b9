"""A gateway's own statistics: what is asked of it, and how its text reads."""

from math import inf
from urllib.parse import unquote

import pytest

from pharos_operator.render.gateway_stats import (
    MOST_NAMED,
    Counts,
    Unreadable,
    read,
    target,
    target_in_flight,
)

CANDIDATE, CONTROL = "default/arxiv/v1-1-0/candidate", "default/arxiv/v1-0-0/control"
TEXT = f"""# TYPE envoy_cluster_upstream_rq_completed counter
envoy_cluster_upstream_rq_completed{{envoy_cluster_name="{CANDIDATE}"}} 12
envoy_cluster_upstream_rq_completed{{envoy_cluster_name="{CONTROL}"}} 9
# TYPE envoy_cluster_upstream_rq_xx counter
envoy_cluster_upstream_rq_xx{{envoy_response_code_class="2",envoy_cluster_name="{CANDIDATE}"}} 9
envoy_cluster_upstream_rq_xx{{envoy_response_code_class="5",envoy_cluster_name="{CANDIDATE}"}} 3
# TYPE envoy_server_uptime gauge
envoy_server_uptime{{}} 77
# TYPE envoy_cluster_upstream_rq_time histogram
envoy_cluster_upstream_rq_time_bucket{{envoy_cluster_name="{CANDIDATE}",le="2"}} 4
envoy_cluster_upstream_rq_time_bucket{{envoy_cluster_name="{CANDIDATE}",le="+Inf"}} 9
envoy_cluster_upstream_rq_time_sum{{envoy_cluster_name="{CANDIDATE}"}} 19.43713942994230947
envoy_cluster_upstream_rq_time_count{{envoy_cluster_name="{CANDIDATE}"}} 9
"""


def test_counts_errors_and_buckets_are_read_by_cluster() -> None:
    reading = read(TEXT)
    assert reading.uptime_s == 77
    assert reading.clusters == {
        CANDIDATE: Counts(12, 3, {2.0: 4, inf: 9}),
        CONTROL: Counts(9, 0, {}),
    }


def test_what_is_in_flight_is_read_with_what_was_sent() -> None:
    """Nothing has been answered yet, so there is no counter of answers."""
    asked_first = f'envoy_cluster_upstream_rq_active{{envoy_cluster_name="{CONTROL}"}} 7\n'
    sent = f'envoy_cluster_upstream_rq_total{{envoy_cluster_name="{CONTROL}"}} 8\n'
    hung = read(asked_first + sent + "envoy_server_uptime{} 5\n")
    assert hung.clusters == {CONTROL: Counts(sent=8, in_flight=7)}


@pytest.mark.parametrize("text", ["", "<html>not found</html>", TEXT.replace("uptime", "u")])
def test_what_is_no_gateways_text_is_no_empty_reading(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_only_the_clusters_in_question_are_asked_for() -> None:
    path, _, query = target([CONTROL, CANDIDATE, CONTROL]).partition("?")
    chosen = rf"{CONTROL}|{CANDIDATE}".replace("-", r"\-")
    stats = rf"cluster\.({chosen})\.upstream_rq_(completed|total|5xx|time)"
    assert path == "/stats/prometheus"
    assert unquote(query) == rf"usedonly&filter=^({stats}|server\.uptime)$"
    first = unquote(target_in_flight([CONTROL, CANDIDATE]))
    assert first == rf"{path}?usedonly&filter=^(cluster\.({chosen})\.upstream_rq_(active))$"


def test_a_request_never_outgrows_what_a_gateway_takes() -> None:
    names = [f"{'n' * 63}/{'m' * 63}/v1-0-0/{number}" for number in range(MOST_NAMED + 1)]
    assert len(target(names[:MOST_NAMED])) < 60_000
    assert ".%2B" in target(names)
