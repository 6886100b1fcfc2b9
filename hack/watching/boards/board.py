"""What a dashboard is made of. Values only; ``grafana.py`` writes them as Grafana reads them."""

from dataclasses import dataclass
from enum import StrEnum

from pharos_api import names

RATE = "$__rate_interval"
CHOSEN = 'namespace="$namespace",model="$model"'
CLUSTERS = f'{names.ENVOY_LABEL_CLUSTER}=~"$namespace/$model/.+"'


class Shape(StrEnum):
    """How a panel is drawn."""

    CURVE = "Curve"
    NUMBER = "Number"
    TIMELINE = "Timeline"


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL and the legend of its series, for example ``{{model}}``."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture. ``unit`` is one of Grafana's, ``width`` of 24."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    shape: Shape = Shape.CURVE
    width: int = 8
    description: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """What the reader chooses: a label's values among the series of a query."""

    name: str
    series: str


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; ``slug`` is its file name and part of its address."""

    slug: str
    title: str
    description: str
    sections: tuple[Section, ...]
    variables: tuple[Variable, ...] = ()

    @property
    def expressions(self) -> tuple[str, ...]:
        """Every PromQL that it asks, those of its variables too."""
        panels = [panel for section in self.sections for panel in section.panels]
        asked = [query.expression for panel in panels for query in panel.queries]
        return (*asked, *(variable.series for variable in self.variables))


NAMESPACE = Variable("namespace", names.METRIC_MODEL_PHASE)
MODEL = Variable("model", f'{names.METRIC_MODEL_PHASE}{{namespace="$namespace"}}')
EXPERIMENT = Variable("experiment", f"{names.METRIC_EXPERIMENT_PHASE}{{{CHOSEN}}}")


def curve(title: str, unit: str, expression: str, legend: str, width: int = 8) -> Panel:
    """The commonest panel: the series of one query over time."""
    return Panel(title, (Query(expression, legend),), unit, width=width)


def number(title: str, expression: str, legend: str = "", unit: str = "short") -> Panel:
    """The last value of a query."""
    return Panel(title, (Query(expression, legend),), unit, Shape.NUMBER, width=6)


def timeline(title: str, expression: str, legend: str, width: int = 24) -> Panel:
    """Which state held when: a bar for each series while its value is 1."""
    return Panel(title, (Query(expression, legend),), shape=Shape.TIMELINE, width=width)
