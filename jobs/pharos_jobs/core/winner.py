"""Which trial of a search wins, and how the search stands: pure readings of its trials."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic.alias_generators import to_camel

from pharos_api.search import SearchStatus, TrialStatus
from pharos_jobs.core.trials import Budget, Phase, Trial, final, gpu_hours, used_up

_SHOWN = 20


def winner(trials: Sequence[Trial], tolerance: float) -> Trial | None:
    """The most accurate complete trial; of two objectives the fastest within ``tolerance`` of it.

    Where none was completed before the time was up, the best of those that were cut short. Of
    equals the earliest. None where there is nothing to choose from.
    """
    judged = [t for t in trials if t.phase is Phase.COMPLETE and t.values]
    judged = judged or [t for t in trials if t.phase is Phase.PRUNED and t.values]
    if not judged:
        return None
    best = max(t.values[0] for t in judged)
    close = [t for t in judged if t.values[0] >= best - tolerance]
    if all(len(t.values) > 1 for t in close):
        return min(close, key=lambda t: (t.values[1], -t.values[0], t.number))
    return min(judged, key=lambda t: (-t.values[0], t.number))


def standing(
    study: str, trials: Sequence[Trial], budget: Budget, best: Trial | None, now: datetime
) -> SearchStatus:
    """The search as a run's status shows it."""
    counted = final(trials)
    running = [t for t in trials if t.phase is Phase.RUNNING]
    return SearchStatus(
        study=study,
        trials=budget.trials,
        completed=_number(counted, Phase.COMPLETE),
        pruned=_number(counted, Phase.PRUNED),
        failed=_number(counted, Phase.FAILED),
        running=len(running),
        repeated=sum(t.repeats is not None for t in trials),
        gpu_hours=None if budget.gpu_hours is None else f"{gpu_hours(trials, now):.2f}",
        best=trial_status(best) if best else None,
        current=[trial_status(t) for t in running[:_SHOWN]],
        reason="" if _is_done(counted, budget) else used_up(trials, budget, now),
    )


def trial_status(trial: Trial) -> TrialStatus:
    """One trial as a status shows it."""
    reached = trial.values[:1] or tuple(trial.reported.values())[-1:]
    return TrialStatus(
        number=trial.number,
        value=f"{reached[0]:.4f}" if reached else None,
        latency_ms=f"{trial.values[1]:.1f}" if len(trial.values) > 1 else None,
        evaluations=len(trial.reported),
        worker=trial.worker.index if trial.worker else None,
        repeats=trial.repeats,
        params={to_camel(name): str(value) for name, value in spelled(trial.params).items()},
    )


def spelled(params: Mapping[str, float | int]) -> dict[str, str | int]:
    """Parameters as a spec holds them: whole numbers, and decimals of four digits as strings.

    A trial trains with just these, so that what is found can be written down without a loss.
    """
    return {
        name: value if isinstance(value, int) else f"{value:.4g}" for name, value in params.items()
    }


def _number(trials: Sequence[Trial], phase: Phase) -> int:
    return sum(t.phase is phase for t in trials)


def _is_done(counted: Sequence[Trial], budget: Budget) -> bool:
    ended = (Phase.COMPLETE, Phase.PRUNED, Phase.FAILED)
    return sum(t.phase in ended for t in counted) >= budget.trials
