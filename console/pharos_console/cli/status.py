"""``pharos status``: what is live, what is moving, and what is wrong, in one look."""

from datetime import UTC, datetime

from rich.table import Table

from pharos_api.abexperiment import ABExperiment, ExperimentStrategy
from pharos_api.meta import Condition
from pharos_api.model import Model, ModelStatus
from pharos_api.modelversion import ModelVersion
from pharos_api.search import standing
from pharos_api.trainingrun import TrainingRun, TrainingRunPhase
from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.cluster import Cluster

# Reasons of the condition RetrainingDue that are the ordinary course, or what somebody chose.
ORDINARY = frozenset(
    {"NotDue", "WaitingForCheck", "Checking", "Suspended", "NoPolicy", "NoTemplate"}
)


@app.command()
def status(namespace: Namespace = "", kubeconfig: Kubeconfig = None) -> None:
    """Show models, runs, versions and experiments of a namespace."""
    target = cluster(namespace, kubeconfig)
    now = datetime.now(UTC)
    show(target, now)


def show(target: Cluster, now: datetime) -> None:
    """Print the four tables, each where it has a row."""
    tables = (_models(target, now), _runs(target, now), _versions(target), _moves(target, now))
    for table in tables:
        if table.row_count:
            out.print(table)
    if not any(table.row_count for table in tables):
        out.print(f"nothing of Pharos in namespace {target.namespace!r}")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        # The nameless column holds sentences, the only ones that may take several lines.
        table.add_column(column, overflow="fold", no_wrap=bool(column))
    return table


def _models(target: Cluster, now: datetime) -> Table:
    table = _table("Models", "NAME", "PHASE", "PRODUCTION", "SINCE", "PREVIOUS", "EXPERIMENT", "")
    for model in target.every(Model):
        found = model.status
        table.add_row(
            model.metadata.name,
            found.phase.value,
            found.production.version if found.production else "-",
            ago(found.production.since if found.production else None, now),
            found.previous.version if found.previous else "-",
            found.experiment or "-",
            "\n".join(filter(None, (trouble(found.conditions, "Ready"), *after_launch(found)))),
        )
    return table


def _runs(target: Cluster, now: datetime) -> Table:
    table = _table("Training runs", "NAME", "PHASE", "DONE", "ACCURACY", "VERSION", "SINCE", "")
    for run in target.every(TrainingRun):
        found = run.status
        table.add_row(
            run.metadata.name,
            found.phase.value,
            f"{found.progress.percent} %" if found.progress else "-",
            found.metrics.get("testAccuracy", "-"),
            found.version or "-",
            ago(found.finished_at or found.started_at, now),
            searching(run) or trouble(found.conditions, "Succeeded"),
        )
    return table


def _versions(target: Cluster) -> Table:
    table = _table("Versions", "NAME", "VERSION", "STAGE", "PHASE", "READY", "ACCURACY", "")
    for version in target.every(ModelVersion):
        found = version.status
        table.add_row(
            version.metadata.name,
            version.spec.version,
            found.stage.value,
            found.phase.value,
            f"{found.ready_replicas}/{found.replicas}",
            version.spec.metrics.test_accuracy or "-",
            trouble(found.conditions, "Ready") if found.phase == "Failed" else "",
        )
    return table


def _moves(target: Cluster, now: datetime) -> Table:
    table = _table("Experiments", "NAME", "PHASE", "STEP", "WEIGHT", "VERDICT", "SINCE", "")
    for experiment in target.every(ABExperiment):
        found = experiment.status
        table.add_row(
            experiment.metadata.name,
            found.phase.value,
            step(experiment),
            f"{found.weight} %",
            found.verdict.value if found.verdict else "-",
            ago(found.finished_at or found.step_started_at or found.started_at, now),
            found.reason or sentence(found.conditions, "Progressing"),
        )
    return table


def step(experiment: ABExperiment) -> str:
    """Which step of how many, where the strategy takes steps; a dash elsewhere."""
    if experiment.spec.strategy in (ExperimentStrategy.AB_TEST, ExperimentStrategy.BLUE_GREEN):
        return "-"
    steps = len(experiment.spec.steps)
    return f"{min(experiment.status.current_step + 1, steps)}/{steps}"


def sentence(conditions: list[Condition], type_: str) -> str:
    """What a condition says, whatever its status; empty where there is none."""
    return next((one.message for one in conditions if one.type == type_), "")


def searching(run: TrainingRun) -> str:
    """How a search stands, while it is the step at work."""
    search = run.status.search
    is_now = run.status.phase is TrainingRunPhase.SEARCHING
    return standing(search) if search is not None and is_now else ""


def after_launch(found: ModelStatus) -> tuple[str, ...]:
    """What is worth knowing of a Model's retraining and drift, in sentences."""
    told = (retraining(found), holding(found.conditions, "DriftDetected"))
    return tuple(filter(None, told))


def retraining(found: ModelStatus) -> str:
    """What runs because a check found it due, or why none could start; empty where all is quiet."""
    due = next((one for one in found.conditions if one.type == "RetrainingDue"), None)
    if due is None or due.reason in ORDINARY:
        return ""
    ended = found.retraining is not None and found.retraining.run_finished_at is not None
    return "" if due.status == "True" and ended else due.message


def holding(conditions: list[Condition], type_: str) -> str:
    """The sentence of a condition that is True."""
    return next(
        (one.message for one in conditions if one.type == type_ and one.status == "True"), ""
    )


def trouble(conditions: list[Condition], type_: str) -> str:
    """The sentence of a condition that is not True."""
    for condition in conditions:
        if condition.type == type_ and condition.status != "True":
            return condition.message
    return ""


def ago(moment: datetime | None, now: datetime) -> str:
    """A time span as people say it: ``42s``, ``7m``, ``3h``, ``2d``."""
    if moment is None:
        return "-"
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
