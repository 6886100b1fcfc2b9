"""Alerts rest on metrics that exist, link to pages that exist, and say what to do."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import watched_metrics
from helm_chart import ROOT

from pharos_api.kinds import KINDS as KINDS_OF_PHAROS
from pharos_console.cli import __main__ as _commands  # noqa: F401 - importing registers them
from pharos_console.cli.app import app
from pharos_operator.gateway.bootstrap import Setup, bootstrap
from watching import rules
from watching.alert import Alert

RUNBOOKS = ROOT / "docs" / "administrator" / "runbooks"
EACH = pytest.mark.parametrize("alert", rules.ALERTS, ids=lambda alert: alert.name)


@EACH
def test_an_alert_asks_for_metrics_that_are_exported(alert: Alert) -> None:
    asked = watched_metrics.named(alert.expression)
    assert asked
    assert not asked - watched_metrics.exported()


@EACH
@pytest.mark.requirement("DOC-8", "DOC-9", "DOC-10", "DOC-11")
def test_an_alert_has_a_page_that_says_how_to_look_what_to_do_and_when_it_is_false(
    alert: Alert,
) -> None:
    page = (RUNBOOKS / alert.runbook).read_text()
    headings = ["What it means", "How to look", "What to do", "When it is false"]
    assert re.findall(r"^## (.+)$", page, re.MULTILINE)[:4] == headings
    assert f"`{alert.name}`" in page.splitlines()[2]
    assert f"({alert.runbook})" in (RUNBOOKS / "README.md").read_text()


@EACH
def test_what_an_alert_says_is_filled_from_labels_that_it_has(alert: Alert) -> None:
    kept = {
        label.strip()
        for group in re.findall(r"\bby \(([^)]*)\)", alert.expression)
        for label in group.split(",")
    }
    used = set(re.findall(r"\$labels\.(\w+)", alert.summary + alert.description))
    # A certificate's series keep what cert-manager or the probe gave them.
    assert used <= (kept or {"name", "instance"})
    assert "$value" not in alert.description
    assert alert.description.endswith(".")


OURS = re.compile(r"(?:^    |`)pharos ([a-z-]+)([^`\n]*)", re.MULTILINE)
KINDS = re.compile(r"kubectl [^`\n]*?(?:get|describe|delete|patch|edit) ([a-z,]+)")
SHORT_NAMES = {kind.short_name for kind in KINDS_OF_PHAROS}
OF_KUBERNETES = {
    "certificate", "certificaterequests", "certificates", "endpointslices", "events", "hpa", "jobs",
    "lease", "pod", "pods", "pvc",
}  # fmt: skip


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_gives_commands_that_exist_with_options_that_they_have(page: Path) -> None:
    text = page.read_text()
    group: Any = typer.main.get_command(app)
    for name, rest in OURS.findall(text):
        options = {option for each in group.commands[name].params for option in each.opts}
        assert set(re.findall(r"(?<= )--?[a-z]+", rest)) <= options, f"{name}{rest}"
    for kinds in KINDS.findall(text):
        assert set(kinds.split(",")) <= SHORT_NAMES | OF_KUBERNETES, kinds


def test_every_page_belongs_to_an_alert() -> None:
    pages = {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}
    assert pages == {alert.runbook for alert in rules.ALERTS}


def test_no_two_alerts_have_one_name() -> None:
    assert len({alert.name for alert in rules.ALERTS}) == len(rules.ALERTS)


@pytest.mark.parametrize(("metric", "stat"), watched_metrics.ENVOY.items())
def test_the_gateway_keeps_the_counters_that_are_asked_for(metric: str, stat: str) -> None:
    matcher = bootstrap(Setup())["stats_config"]["stats_matcher"]
    patterns = [each["safe_regex"]["regex"] for each in matcher["inclusion_list"]["patterns"]]
    assert any(re.search(pattern, stat) for pattern in patterns), metric


QUERIES = {
    "a plain name": ("up == 0", {"up"}),
    "labels, strings and ranges are none": (
        'sum by (a, b) (rate(x_total{c="up",d=~"y|z"}[5m]))',
        {"x_total"},
    ),
    "functions and operators are none": (
        "(max_over_time(a[1m]) - a offset 5m) or absent(b) unless on (c) d",
        {"a", "b", "d"},
    ),
}


@pytest.mark.parametrize(("query", "wanted"), QUERIES.values(), ids=QUERIES)
def test_the_metrics_of_a_query_are_found(query: str, wanted: set[str]) -> None:
    assert watched_metrics.named(query) == wanted
