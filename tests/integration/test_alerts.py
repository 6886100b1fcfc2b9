"""Every alert as Prometheus itself evaluates it: it fires when it should, and goes out after."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import helm_chart
import pytest
import yaml
from alert_cases import CASES, Case, Series

from watching import rules
from watching.alert import NAMESPACES, RUNBOOKS, Alert
from watching.boards import grafana

STEP = "30s"
ADDRESS = "https://runbooks.example.com"


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("needs promtool: install Prometheus (Debian package prometheus)")
    return found


@pytest.fixture(scope="module")
def rule_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules as the chart would give them to a release that watches two namespaces."""
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    text = rules.text().replace(NAMESPACES, "pharos-system|papers").replace(RUNBOOKS, ADDRESS)
    path.write_text(text)
    return path


@pytest.mark.requirement("MON-10", "MON-11", "MON-12", "MON-13")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_alert_fires_and_goes_out(
    case: Case, promtool: str, rule_file: Path, tmp_path: Path
) -> None:
    expected = {case.not_yet_min: [], case.firing_min: [shown(case)], case.mended_min: []}
    check(promtool, rule_file, tmp_path, [world(case.alert, case.bad, expected)])


SILENT = {
    f"{case.alert}: {name}": (case, series)
    for case in CASES.values()
    for name, series in case.silent.items()
}


@pytest.mark.parametrize(("case", "series"), SILENT.values(), ids=SILENT.keys())
def test_an_alert_stays_silent(
    case: Case, series: Series, promtool: str, rule_file: Path, tmp_path: Path
) -> None:
    expected = {case.not_yet_min: [], case.firing_min: [], case.mended_min: []}
    check(promtool, rule_file, tmp_path, [world(case.alert, series, expected)])


def test_every_alert_is_proven_and_none_is_unknown() -> None:
    assert {case.alert for case in CASES.values()} == {alert.name for alert in rules.ALERTS}


def test_promtool_finds_no_fault_in_the_rules(promtool: str, rule_file: Path) -> None:
    run = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", str(rule_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(rules.ALERTS)} rules found" in run.stdout


@pytest.mark.parametrize("values", ["default", "local"])
def test_the_chart_s_own_prometheus_can_read_its_configuration(
    values: str, promtool: str, tmp_path: Path
) -> None:
    files = helm_chart.named(values, "ConfigMap", "pharos-prometheus")["data"]
    for name, text in files.items():
        (tmp_path / name).write_text(text.replace("/etc/pharos", str(tmp_path)))
    line = [promtool, "check", "config", "--lint-fatal", str(tmp_path / "prometheus.yml")]
    run = subprocess.run(line, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"SUCCESS: {len(rules.ALERTS)} rules found" in run.stdout


def test_prometheus_can_read_every_query_of_the_dashboards(promtool: str, tmp_path: Path) -> None:
    asked = [each for board in grafana.BOARDS for each in board.expressions]
    rows = [
        {"record": f"query:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(asked)
    ]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rows}]}))
    run = subprocess.run(
        [promtool, "check", "rules", "--lint=none", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(rows)} rules found" in run.stdout


def shown(case: Case) -> dict[str, Any]:
    """The alert as a person on call would get it."""
    (alert,) = (each for each in rules.ALERTS if each.name == case.alert)
    return {
        "exp_labels": {"severity": alert.severity.value, "platform": "pharos", **case.labels},
        "exp_annotations": {
            "summary": case.summary,
            "description": described(alert, case.labels),
            "runbook_url": f"{ADDRESS}/{alert.runbook}",
        },
    }


def described(alert: Alert, labels: Mapping[str, str]) -> str:
    return re.sub(
        r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels.get(found[1], ""), alert.description
    )


def world(alert: str, series: Series, expected: Mapping[int, list[Any]]) -> dict[str, Any]:
    return {
        "interval": STEP,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": alerts}
            for minute, alerts in expected.items()
        ],
    }


def check(promtool: str, rule_file: Path, folder: Path, worlds: list[dict[str, Any]]) -> None:
    path = folder / "test.yaml"
    every = {"rule_files": [str(rule_file)], "evaluation_interval": STEP, "tests": worlds}
    path.write_text(yaml.safe_dump(every, allow_unicode=True))
    run = subprocess.run(
        [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
