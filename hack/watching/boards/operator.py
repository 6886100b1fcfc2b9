"""The platform's own parts: who leads, how busy it is, and whether gateways follow."""

from pharos_api import names
from watching.boards.board import RATE, Board, Panel, Query, Section, curve, timeline

_POD = "{{instance}}"


def _quantile(metric: str) -> str:
    return f"histogram_quantile(0.95, sum by (kind, le) (rate({metric}_bucket[{RATE}])))"


_STATE = Section(
    "State",
    (
        timeline("Leader", f"max by (instance) ({names.METRIC_LEADING})", _POD, 12),
        timeline("Gateways connected", f"max by (instance) ({names.ENVOY_CONNECTED})", _POD, 12),
        Panel(
            "Routes: wanted, less acknowledged by every gateway",
            (
                Query(
                    f"max by (namespace, model) ({names.METRIC_ROUTE_REVISION})"
                    f" - max by (namespace, model) ({names.METRIC_ROUTE_VERIFIED})",
                    "{{namespace}}/{{model}}",
                ),
            ),
            width=24,
        ),
    ),
)
_WORK = Section(
    "Work",
    (
        curve(
            "Reconciles a second",
            "short",
            f"sum by (kind, outcome) (rate(pharos_operator_reconciles_total[{RATE}]))",
            "{{kind}} {{outcome}}",
        ),
        curve(
            "Length of a reconcile, p95",
            "s",
            _quantile("pharos_operator_reconcile_seconds"),
            "{{kind}}",
        ),
        curve(
            "Wait for a reconcile, p95", "s", _quantile("pharos_operator_queue_seconds"), "{{kind}}"
        ),
        curve(
            "Objects that wait", "short", "max by (kind) (pharos_operator_queue_depth)", "{{kind}}"
        ),
        curve(
            "Requests to the API server a second",
            "reqps",
            f"sum by (verb, code) (rate(pharos_operator_api_requests_total[{RATE}]))",
            "{{verb}} {{code}}",
        ),
        curve("Lag of the event loop", "s", "pharos_operator_event_loop_lag_seconds", _POD),
        curve("Records that wait for the API server", "short", names.METRIC_RECORDS_WAITING, _POD),
        curve("Rows that wait for the database", "short", names.METRIC_ROWS_WAITING, _POD),
    ),
)

BOARD = Board(
    "operator",
    "Pharos / Operator",
    "The platform's own parts: who leads, how busy it is, and whether gateways follow.",
    (_STATE, _WORK),
)
