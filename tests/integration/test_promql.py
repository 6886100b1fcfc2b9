"""The gates' PromQL as Prometheus itself evaluates it: right where ``increase()`` is not."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from pharos_api import names
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


@pytest.mark.parametrize(("given", "key", "wanted"), CASES.values(), ids=CASES.keys())
def test_prometheus_counts(
    given: Mapping[str, str], key: str, wanted: Mapping[str, float], tmp_path: Path
) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs promtool: install Prometheus (Debian package prometheus)")
    query = dict(queries(CONTROL, CANDIDATE, WINDOW_S, SCRAPE_S))[key]
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
