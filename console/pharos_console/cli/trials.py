"""``pharos trials``: the search of a training run, with its best trial and those at work."""

from typing import Annotated

import typer
from rich.table import Table

from pharos_api.search import SearchStatus, TrialStatus, standing
from pharos_api.trainingrun import StepName, TrainingRun
from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.errors import UsageError


@app.command()
def trials(
    name: Annotated[str, typer.Argument(help="a TrainingRun with spec.search")],
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show how a run's search stands: the best trial, those at work, and where the plots are."""
    run = cluster(namespace, kubeconfig).get(TrainingRun, name)
    search = run.status.search
    if search is None:
        raise UsageError(missing(run))
    out.print(standing(search))
    table = trial_table(search)
    if table.row_count:
        out.print(table)
    where = records(run)
    if where:
        out.print(f"plots and every trial: {where}")


def missing(run: TrainingRun) -> str:
    """Why there is nothing to show."""
    name = run.metadata.name
    if run.spec.search is None:
        return f"TrainingRun {name} has no search: give spec.search in a new run"
    return f"the search of TrainingRun {name} has not reported yet; the run is {run.status.phase}"


def trial_table(search: SearchStatus) -> Table:
    """The best trial first, then those at work; a column for each parameter."""
    shown = [("best", search.best)] if search.best else []
    rows = shown + [(f"worker {trial.worker}", trial) for trial in search.current]
    names = list(dict.fromkeys(key for _, trial in rows for key in trial.params))
    table = Table(box=None, pad_edge=False)
    for column in ("TRIAL", "", "ACCURACY", "LATENCY", "EVALUATIONS", *names):
        table.add_column(column, no_wrap=True)
    for what, trial in rows:
        table.add_row(*_row(what, trial), *(trial.params.get(key, "-") for key in names))
    return table


def _row(what: str, trial: TrialStatus) -> tuple[str, ...]:
    again = f" (repeats {trial.repeats})" if trial.repeats is not None else ""
    return (
        f"{trial.number}{again}",
        what,
        trial.value or "-",
        f"{trial.latency_ms} ms" if trial.latency_ms else "-",
        str(trial.evaluations),
    )


def records(run: TrainingRun) -> str:
    """Where the search's files lie, once it is done."""
    done = (step.outputs for step in run.status.steps if step.name is StepName.SEARCH)
    return next(done, {}).get("searchUri", "")
