"""Dashboards as Grafana reads them, by Grafana's own builders (docs/adr/0018). Pure."""

import json
from itertools import count
from typing import assert_never

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import DataSourceRef, VisibilityMode
from grafana_foundation_sdk.models.dashboard import VariableRefresh, VariableSort

from watching.boards import experiment, fleet, model, operator, training
from watching.boards.board import Board, Panel, Query, Shape, Variable

BOARDS = (fleet.BOARD, model.BOARD, experiment.BOARD, training.BOARD, operator.BOARD)
_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_HEIGHT = 8
_AnyPanel = timeseries.Panel | stat.Panel | statetimeline.Panel


def files() -> dict[str, str]:
    """File name to JSON, for each dashboard."""
    return {f"{board.slug}.json": _json(board) for board in BOARDS}


def _json(board: Board) -> str:
    body = _built(board).build()
    return json.dumps(body, cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _built(board: Board) -> dashboard.Dashboard:
    found = (
        dashboard.Dashboard(board.title)
        .uid(f"pharos-{board.slug}")
        .description(board.description)
        .tags(["pharos"])
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .readonly()
        .with_variable(
            dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
        )
    )
    for variable in board.variables:
        found = found.with_variable(_variable(variable))
    number = count(1)
    for section in board.sections:
        found = found.with_row(dashboard.Row(section.title).id(next(number)))
        for panel in section.panels:
            found = found.with_panel(_panel(panel).id(next(number)))
    return found


def _variable(variable: Variable) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(variable.name)
        .datasource(_SOURCE)
        .query(f"label_values({variable.series}, {variable.name})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def _panel(panel: Panel) -> _AnyPanel:
    drawn = _drawn(panel.shape)
    for number, query in enumerate(panel.queries):
        drawn = drawn.with_target(_target(query, chr(ord("A") + number)))
    drawn = drawn.title(panel.title).datasource(_SOURCE).unit(panel.unit)
    return drawn.description(panel.description).span(panel.width).height(_HEIGHT)


def _drawn(shape: Shape) -> _AnyPanel:
    match shape:
        case Shape.CURVE:
            return timeseries.Panel().show_points(VisibilityMode.NEVER).min(0)
        case Shape.NUMBER:
            return stat.Panel().reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        case Shape.TIMELINE:
            return statetimeline.Panel()
        case other:
            assert_never(other)


def _target(query: Query, reference: str) -> prometheus.Dataquery:
    asked = prometheus.Dataquery().expr(query.expression).ref_id(reference)
    return asked.legend_format(query.legend or "__auto").datasource(_SOURCE)
