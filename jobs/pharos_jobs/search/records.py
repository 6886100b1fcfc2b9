"""What a finished search leaves in the artifact store: best parameters, every trial, the plots."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import optuna

from pharos_jobs import storage
from pharos_jobs.core.trials import Trial, final
from pharos_jobs.core.winner import spelled
from pharos_jobs.search.plots import plots

BEST_PARAMS = "best_params.json"
TRIALS = "trials.json"


def best_params(
    study: str, trials: Sequence[Trial], best: Trial, began_at: datetime
) -> dict[str, Any]:
    """The document of row HPS-13, with the time of one text where that was an objective.

    ``n_trials`` are those that count, ``search_time`` is in whole seconds.
    """
    ended = [t.ended_at for t in trials if t.ended_at]
    seconds = (max(ended) - began_at).total_seconds() if ended else 0.0
    found: dict[str, Any] = {
        "best_params": {name: _number(value) for name, value in spelled(best.params).items()},
        "best_value": round(best.values[0], 4),
        "n_trials": len(final(trials)),
        "search_time": max(0, round(seconds)),
        "study_name": study,
    }
    if len(best.values) > 1:
        found["best_latency_ms"] = round(best.values[1], 2)
    return found


def keep(folder_uri: str, study: optuna.Study, trials: Sequence[Trial], best: Any) -> None:
    """Write everything; ``best_params.json`` comes last and marks the folder as whole."""
    storage.write_json(f"{folder_uri}/{TRIALS}", [_trial(t) for t in trials])
    for name, image in plots(study):
        storage.write_bytes(f"{folder_uri}/{name}", image)
    storage.write_json(f"{folder_uri}/{BEST_PARAMS}", best)


def _number(value: str | int) -> float | int:
    return float(value) if isinstance(value, str) else value


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.phase.value,
        "values": list(trial.values),
        "params": {name: _number(value) for name, value in spelled(trial.params).items()},
        "reported": {str(number): value for number, value in trial.reported.items()},
        "repeats": trial.repeats,
        "reason": trial.reason,
        "worker": str(trial.worker) if trial.worker else None,
        "startedAt": trial.started_at.isoformat() if trial.started_at else None,
        "endedAt": trial.ended_at.isoformat() if trial.ended_at else None,
    }
