"""How a search stands, in one sentence. Must not decide when it ends: its own pods do."""

from pharos_api.search import SearchStatus, TrialStatus


def standing(search: SearchStatus) -> str:
    """For example ``12 of 20 trials are done (3 pruned), 2 are running; the best is …``."""
    done = search.completed + search.pruned + search.failed
    kinds = {"pruned": search.pruned, "failed": search.failed, "repeated": search.repeated}
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    head = f"{done} of {search.trials} trials are done" + (f" ({told})" if told else "")
    running = f", {search.running} running" if search.running else ""
    return f"{head}{running}{_best(search.best)}."


def _best(best: TrialStatus | None) -> str:
    if best is None or best.value is None:
        return ""
    params = ", ".join(f"{name} {value}" for name, value in best.params.items())
    return f"; the best is trial {best.number} with {best.value}: {params}"
