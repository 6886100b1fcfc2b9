"""The TrainingRuns of a namespace: what they do, and how they end."""

from pharos_api import names
from watching.boards.board import NAMESPACE, Board, Section, curve, number, timeline

_HERE = 'namespace="$namespace"'
_RUN = "model, training_run"
_PHASES = f"max by ({_RUN}, phase) ({names.METRIC_RUN_PHASE}{{{_HERE}}})"
_DAY_S = 86_400


def _ended(phase: str) -> str:
    ended = f'max by ({_RUN}) ({names.METRIC_RUN_FINISHED}{{{_HERE},phase="{phase}"}})'
    return f"count({ended} > time() - {_DAY_S}) or vector(0)"


BOARD = Board(
    "training",
    "Pharos / Training",
    "The training runs of a namespace: what they do, and how they end.",
    (
        Section(
            "Now",
            (
                number(
                    "Runs by phase",
                    f"count by (phase) ({_PHASES})",
                    "{{phase}}",
                ),
                number("Succeeded within a day", _ended("Succeeded")),
                number("Failed within a day", _ended("Failed")),
                number(
                    "Longest silence",
                    f"max(time() - {names.METRIC_RUN_PROGRESSED}{{{_HERE}}}) or vector(0)",
                    unit="s",
                ),
            ),
        ),
        Section(
            "Course",
            (
                timeline(
                    "Phases",
                    _PHASES,
                    "{{training_run}}: {{phase}}",
                ),
                curve(
                    "Seconds since a run last said something",
                    "s",
                    f"time() - max by (training_run) ({names.METRIC_RUN_PROGRESSED}{{{_HERE}}})",
                    "{{training_run}}",
                    24,
                ),
            ),
        ),
    ),
    (NAMESPACE,),
)
