"""One model: what its users get, by version, and what its servers do."""

from pharos_api import names
from watching.boards import parts
from watching.boards.board import (
    CHOSEN,
    MODEL,
    NAMESPACE,
    RATE,
    Board,
    Panel,
    Query,
    Section,
    curve,
    timeline,
)
from watching.queries import said_of

_CLUSTERS = parts.USERS_OF_MODEL
_BY = "version, arm"
_LEGEND = "{{version}} {{arm}}"
_POD = "{{instance}}"

_USERS = Section(
    "What users get, at the gateways",
    (
        curve("Requests a second", "reqps", parts.requests(_CLUSTERS, _BY), _LEGEND),
        curve("Errors", "percentunit", parts.error_share(_CLUSTERS, "version"), "{{version}}"),
        Panel(
            "Latency",
            tuple(
                Query(
                    parts.latency(share, _CLUSTERS, "version"),
                    f"{{{{version}}}} p{100 * share:.0f}",
                )
                for share in (0.5, 0.95, 0.99)
            ),
            "ms",
        ),
    ),
)
_PREDICTIONS = Section(
    "Predictions",
    (
        curve(
            "Predictions under 0.5",
            "percentunit",
            parts.low_confidence(parts.PREDICTIONS_OF_MODEL, "version"),
            "{{version}}",
        ),
        curve(
            "Median confidence",
            "percentunit",
            "histogram_quantile(0.5, sum by (version, le) (rate("
            f"{names.METRIC_CONFIDENCE}_bucket{{{parts.PREDICTIONS_OF_MODEL}}}[{RATE}])))",
            "{{version}}",
        ),
        curve(
            "Reports from users",
            "short",
            "sum by (outcome) (" + parts.of_servers(f"rate({names.METRIC_FEEDBACK}[{RATE}])") + ")",
            "{{outcome}}",
        ),
        Panel(
            "What people say of production, of the last 7 days",
            tuple(
                Query(said_of(part, whole, 1, f"{CHOSEN},", "version"), f"{{{{version}}}} {part}")
                for part, whole in (("satisfied", "rated"), ("agreed", "labelled"))
            ),
            "percent",
        ),
    ),
)
_SERVERS = Section(
    "Servers",
    (
        curve(
            "Processors",
            "short",
            parts.of_servers(f"rate(process_cpu_seconds_total[{RATE}])"),
            _POD,
        ),
        curve("Memory", "bytes", parts.of_servers("process_resident_memory_bytes"), _POD),
        curve(
            "Texts that wait for the engine",
            "short",
            parts.of_servers(names.METRIC_QUEUE_DEPTH),
            _POD,
        ),
        curve(
            "Log rows that wait",
            "short",
            parts.of_servers(names.METRIC_LOG_PENDING),
            _POD,
        ),
        curve(
            "Log rows given up a second",
            "short",
            parts.of_servers(f"rate({names.METRIC_LOG_DROPPED}[{RATE}])"),
            "{{instance}} {{reason}}",
        ),
        curve(
            "Cache hits a second",
            "short",
            parts.of_servers(f'rate({names.METRIC_CACHE_LOOKUPS}{{outcome="hit"}}[{RATE}])'),
            _POD,
        ),
    ),
)
_STATE = Section(
    "State",
    (
        timeline("Phase", f"max by (phase) ({names.METRIC_MODEL_PHASE}{{{CHOSEN}}})", "{{phase}}"),
        timeline(
            "Conditions that are not true",
            f'max by (type) ({names.METRIC_MODEL_CONDITION}{{{CHOSEN},status!="True"}})',
            "{{type}}",
        ),
    ),
)
_RETRAINING = Section(
    "Looking after itself",
    (
        curve(
            "Drift",
            "short",
            f"max by (kind) ({names.METRIC_DRIFT}{{{CHOSEN}}})",
            "{{kind}}",
            12,
        ),
        curve(
            "GPU time of a month's retrainings",
            "s",
            f"max by (month) ({names.METRIC_RETRAINING_GPU}{{{CHOSEN}}})",
            "{{month}}",
            12,
        ),
        timeline(
            "Retrainings",
            f"max by (training_run, trigger, phase) ({names.METRIC_RETRAINING_PHASE}{{{CHOSEN}}})",
            "{{training_run}} {{trigger}}: {{phase}}",
        ),
    ),
)

BOARD = Board(
    "model",
    "Pharos / Model",
    "One model: what its users get, by version, and what its servers do.",
    (_USERS, _PREDICTIONS, _SERVERS, _STATE, _RETRAINING),
    (NAMESPACE, MODEL),
)
