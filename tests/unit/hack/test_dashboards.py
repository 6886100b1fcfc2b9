"""Dashboards ask for metrics that exist, by variables that they have, and are laid out soundly."""

import json
import re
from typing import Any

import pytest
import watched_metrics
from helm_chart import ROOT

from watching.boards import grafana
from watching.boards.board import Board

FOLDER = ROOT / "helm" / "pharos" / "files" / "dashboards"
# Prometheus' own series of its alerts
OF_PROMETHEUS = {"ALERTS"}
COLUMNS = 24
EACH = pytest.mark.parametrize("board", grafana.BOARDS, ids=lambda board: board.slug)


def written(board: Board) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(grafana.files()[f"{board.slug}.json"])
    return body


@EACH
def test_a_dashboard_asks_for_metrics_that_are_exported(board: Board) -> None:
    for expression in board.expressions:
        asked = watched_metrics.named(expression)
        assert asked, expression
        assert asked <= watched_metrics.exported() | OF_PROMETHEUS, expression


@EACH
def test_a_dashboard_uses_the_variables_that_it_has(board: Board) -> None:
    used = set(re.findall(r"\$(\w+)", " ".join(board.expressions))) - {"__rate_interval", "1"}
    assert used <= {variable.name for variable in board.variables}


@EACH
def test_no_two_panels_lie_upon_each_other(board: Board) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in written(board)["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS, panel["title"]
        cells = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@EACH
def test_every_panel_has_an_id_a_title_and_queries_that_can_be_told_apart(board: Board) -> None:
    panels = written(board)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        marks = [target["refId"] for target in panel.get("targets", [])]
        assert len(set(marks)) == len(marks)
        assert marks or panel["type"] == "row"


def test_the_chart_carries_the_generated_dashboards() -> None:
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == grafana.files()


def test_there_is_a_dashboard_of_each_subject() -> None:
    slugs = [board.slug for board in grafana.BOARDS]
    assert slugs == ["fleet", "model", "experiment", "training", "operator"]
    assert len({written(board)["uid"] for board in grafana.BOARDS}) == len(slugs)
