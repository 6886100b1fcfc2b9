"""All models at a glance: which one needs a person."""

from pharos_api import names
from watching.boards import parts
from watching.boards.board import Board, Section, curve, number
from watching.queries import MODEL, NOT_SHADOW, USERS

_UNDER_WAY = 'phase!~"Succeeded|Failed"'
_WHO = "{{namespace}}/{{model}}"


def _count(metric: str, by: str) -> str:
    return f"count(max by ({by}) ({metric}{{{_UNDER_WAY}}})) or vector(0)"


BOARD = Board(
    "fleet",
    "Pharos / Fleet",
    "Every model, and whether one needs a person.",
    (
        Section(
            "Now",
            (
                number(
                    "Models by phase",
                    f"count by (phase) (max by ({MODEL}, phase) ({names.METRIC_MODEL_PHASE}))",
                    "{{phase}}",
                ),
                number(
                    "Experiments under way",
                    _count(names.METRIC_EXPERIMENT_PHASE, "namespace, experiment"),
                ),
                number(
                    "Training runs under way",
                    _count(names.METRIC_RUN_PHASE, "namespace, training_run"),
                ),
                number(
                    "Alerts that fire",
                    'count(ALERTS{alertstate="firing",platform="pharos"}) or vector(0)',
                ),
            ),
        ),
        Section(
            "What users get",
            (
                curve("Requests a second", "reqps", parts.requests(USERS, MODEL), _WHO, 12),
                curve("Errors", "percentunit", parts.error_share(USERS, MODEL), _WHO, 12),
                curve("Latency, p95", "ms", parts.latency(0.95, USERS, MODEL), _WHO, 12),
                curve(
                    "Predictions under 0.5",
                    "percentunit",
                    parts.low_confidence(NOT_SHADOW, MODEL),
                    _WHO,
                    12,
                ),
            ),
        ),
    ),
)
