"""The gates' PromQL as Prometheus itself evaluates it: right where ``increase()`` is not."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from pharos_api import names
from pharos_api.assignment import Arm
from pharos_api.metrics import Metric, MetricRole
from pharos_operator.render.metric_queries import Place, value_queries
from pharos_operator.render.promql import queries

CONTROL, CANDIDATE = "default/arxiv/v1-0-0/control", "default/arxiv/v1-1-0/candidate"
WINDOW_S, SCRAPE_S, AT_S = 60, 5, 500
STEPS = AT_S // SCRAPE_S


def series(metric: str, cluster: str, pod: str, **labels: str) -> str:
    found = {names.ENVOY_LABEL_CLUSTER: cluster, "pod": pod} | labels
    return metric + "{" + ",".join(f'{key}="{value}"' for key, value in found.items()) + "}"


def requests(cluster: str, pod: str) -> str:
    return series(names.ENVOY_REQUESTS, cluster, pod)


def errors(cluster: str, pod: str, of_class: str = "5") -> str:
    more = {names.ENVOY_LABEL_CLASS: of_class}
    return series(names.ENVOY_REQUESTS_BY_CLASS, cluster, pod, **more)


def within(cluster: str, pod: str, le: str) -> str:
    return series(names.ENVOY_LATENCY_BUCKET, cluster, pod, le=le)


# Of a series: its values every 5 s, in promtool's notation. The window is the last 12 of them.
CASES: dict[str, tuple[dict[str, str], str, dict[str, float]]] = {
    "a steady counter counts what it grew": (
        {requests(CANDIDATE, "a"): f"100+10x{STEPS}"},
        "candidate.requests",
        {"{}": 120},
    ),
    "errors that a new series already holds are counted": (
        {requests(CANDIDATE, "a"): f"0+10x{STEPS}", errors(CANDIDATE, "a"): "_x98 3 9"},
        "candidate.errors",
        {"{}": 9},
    ),
    "requests without a series of errors are no errors": (
        {
            requests(CONTROL, "a"): f"0+10x{STEPS}",
            errors(CONTROL, "a", of_class="2"): f"0+10x{STEPS}",
        },
        "control.errors",
        {"{}": 0},
    ),
    "a gateway that restarted loses nothing": (
        {requests(CANDIDATE, "a"): "0+10x93 0+10x6"},
        "candidate.requests",
        {"{}": 110},
    ),
    "a gateway that went away within the window is counted": (
        {requests(CANDIDATE, "a"): f"0+10x{STEPS}", requests(CANDIDATE, "b"): "0+5x96 stale"},
        "candidate.requests",
        {"{}": 160},
    ),
    "the other arm is not counted": (
        {requests(CONTROL, "a"): f"0+10x{STEPS}"},
        "candidate.requests",
        {},
    ),
    "buckets of all gateways are added up": (
        {
            within(CANDIDATE, "a", "5"): f"0+8x{STEPS}",
            within(CANDIDATE, "b", "5"): f"0+1x{STEPS}",
            within(CANDIDATE, "a", "+Inf"): f"0+10x{STEPS}",
        },
        "candidate.latency",
        {'{le="5"}': 108, '{le="+Inf"}': 120},
    ),
}


PLACE = Place("default", "arxiv", "v1.1.0", Arm.CANDIDATE, "uid-x")


def of_pod(metric: str, pod: str, **labels: str) -> str:
    version = {"namespace": "default", "model": "arxiv", "version": "v1.1.0"}
    found = (version if metric.startswith("pharos") else {}) | labels
    found |= {"job": "serving", "instance": pod}
    return metric + "{" + ",".join(f'{key}="{value}"' for key, value in found.items()) + "}"


MADE = f"{names.METRIC_CONFIDENCE}_count"
VALUES: dict[str, tuple[str, dict[str, str], dict[str, float]]] = {
    "the share of uncertain predictions is that of the arm": (
        "low-confidence",
        {
            of_pod(MADE, "a", arm="candidate"): f"100+10x{STEPS}",
            of_pod(names.METRIC_LOW_CONFIDENCE, "a", arm="candidate"): f"0+2x{STEPS}",
            of_pod(MADE, "a", arm="outside"): f"0+10x{STEPS}",
            of_pod(names.METRIC_LOW_CONFIDENCE, "a", arm="outside"): f"0+10x{STEPS}",
        },
        {"{}": 0.2},
    ),
    "where no prediction was uncertain the share is 0": (
        "low-confidence",
        {of_pod(MADE, "a", arm="candidate"): f"0+10x{STEPS}"},
        {"{}": 0},
    ),
    "without a prediction there is no share": (
        "low-confidence",
        {of_pod(MADE, "a", arm="candidate"): f"7+0x{STEPS}"},
        {},
    ),
    "the CPU of all pods of a version is spread over their predictions": (
        "cpu-cost",
        {
            of_pod("process_cpu_seconds_total", "a"): f"50+0.5x{STEPS}",
            of_pod("process_cpu_seconds_total", "b"): f"50+0.25x{STEPS}",
            of_pod("process_cpu_seconds_total", "other"): f"50+9x{STEPS}",
            of_pod(names.METRIC_MODEL_INFO, "a"): f"1+0x{STEPS}",
            of_pod(names.METRIC_MODEL_INFO, "b"): f"1+0x{STEPS}",
            of_pod(MADE, "a", arm="candidate"): f"0+60x{STEPS}",
            of_pod(MADE, "b", arm="outside"): f"0+40x{STEPS}",
        },
        {"{}": 7.5},
    ),
}


@pytest.mark.parametrize(("name", "given", "wanted"), VALUES.values(), ids=VALUES.keys())
def test_prometheus_says(
    name: str, given: Mapping[str, str], wanted: Mapping[str, float], tmp_path: Path
) -> None:
    shown = Metric(name=name, role=MetricRole.SIGNAL)
    (asked,) = value_queries([shown], PLACE, PLACE, WINDOW_S)
    evaluate(asked.candidate, given, wanted, tmp_path)


@pytest.mark.parametrize(("given", "key", "wanted"), CASES.values(), ids=CASES.keys())
def test_prometheus_counts(
    given: Mapping[str, str], key: str, wanted: Mapping[str, float], tmp_path: Path
) -> None:
    query = dict(queries(CONTROL, CANDIDATE, WINDOW_S, SCRAPE_S))[key]
    evaluate(query, given, wanted, tmp_path)


def evaluate(
    query: str, given: Mapping[str, str], wanted: Mapping[str, float], tmp_path: Path
) -> None:
    """Ask Prometheus itself what the query gives of these series."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs promtool: install Prometheus (Debian package prometheus)")
    samples = [{"labels": labels, "value": value} for labels, value in wanted.items()]
    expected = {"expr": query, "eval_time": f"{AT_S}s", "exp_samples": samples}
    test = {
        "interval": f"{SCRAPE_S}s",
        "input_series": [{"series": name, "values": values} for name, values in given.items()],
        "promql_expr_test": [expected],
    }
    path = tmp_path / "test.yaml"
    every = {"rule_files": [], "evaluation_interval": f"{SCRAPE_S}s", "tests": [test]}
    path.write_text(yaml.safe_dump(every))
    run = subprocess.run(
        [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
