"""One experiment: where it stands, and both arms beside each other."""

from pharos_api import names
from watching.boards import parts
from watching.boards.board import (
    CHOSEN,
    EXPERIMENT,
    MODEL,
    NAMESPACE,
    Board,
    Section,
    curve,
    timeline,
)

_THIS = f'{CHOSEN},experiment="$experiment"'
_ARMS = f'{names.ENVOY_LABEL_CLUSTER}=~"$namespace/$model/.+/(control|candidate)"'
_PREDICTED = f'{CHOSEN},arm=~"control|candidate"'
_LEGEND = "{{arm}}"

_COURSE = Section(
    "Course",
    (
        curve(
            "Users on the candidate",
            "percent",
            f"max by (experiment) ({names.METRIC_EXPERIMENT_WEIGHT}{{{_THIS}}})",
            "{{experiment}}",
            24,
        ),
        timeline(
            "Phase", f"max by (phase) ({names.METRIC_EXPERIMENT_PHASE}{{{_THIS}}})", "{{phase}}"
        ),
        timeline(
            "Conditions that are true",
            f'max by (type) ({names.METRIC_EXPERIMENT_CONDITION}{{{_THIS},status="True"}})',
            "{{type}}",
        ),
    ),
)
_BOTH = Section(
    "Both arms, at the gateways",
    (
        curve("Requests a second", "reqps", parts.requests(_ARMS, "arm"), _LEGEND, 12),
        curve("Errors", "percentunit", parts.error_share(_ARMS, "arm"), _LEGEND, 12),
        curve("Latency, p95", "ms", parts.latency(0.95, _ARMS, "arm"), _LEGEND, 12),
        curve(
            "Predictions under 0.5",
            "percentunit",
            parts.low_confidence(_PREDICTED, "arm"),
            _LEGEND,
            12,
        ),
    ),
)

BOARD = Board(
    "experiment",
    "Pharos / Experiment",
    "One experiment. What it decides by is in `pharos explain`; this is to watch it.",
    (_COURSE, _BOTH),
    (NAMESPACE, MODEL, EXPERIMENT),
)
