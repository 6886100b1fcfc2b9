"""Promote, rollback, pause, resume, abort: patches of a status, never edits of a spec."""

import getpass
import uuid
from datetime import UTC, datetime
from typing import Annotated

import typer

from pharos_api.abexperiment import ABExperiment, ExperimentVerb
from pharos_api.meta import Command, Resource, rfc3339
from pharos_api.model import Model
from pharos_api.trainingrun import TrainingRun
from pharos_console.cli.app import Kubeconfig, Namespace, Reason, app, cluster, out
from pharos_console.cluster import Cluster

ModelName = Annotated[str, typer.Argument(help="name of the Model")]
ExperimentName = Annotated[str, typer.Argument(help="name of the ABExperiment")]


def send(target: Cluster, type_: type[Resource], name: str, command: Command) -> None:
    """Write a command into an object's status and say so."""
    target.get(type_, name)
    target.patch_status(type_, name, {"command": command.to_json()})
    out.print(f"{type_.__name__}/{name}: {command.verb} asked for; follow it with `pharos status`")


def _user() -> str:
    """Who asks; empty where the account has no name, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _command(verb: str, reason: str = "", version: str = "") -> Command:
    return Command(
        id=uuid.uuid4().hex[:12],
        verb=verb,
        by=_user(),
        reason=reason,
        version=version,
        at=datetime.fromisoformat(rfc3339(datetime.now(UTC))),
    )


@app.command()
def promote(
    model: ModelName,
    version: Annotated[str, typer.Option("--version", help="the version to put into production")],
    reason: Reason = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Put a registered version into production, skipping its experiment."""
    send(cluster(namespace, kubeconfig), Model, model, _command("Promote", reason, version))


@app.command()
def rollback(
    model: ModelName,
    to: Annotated[str, typer.Option("--to", "--version", help="default: the previous one")] = "",
    reason: Reason = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Return production to an earlier version and quarantine the one that is left."""
    send(cluster(namespace, kubeconfig), Model, model, _command("Rollback", reason, to))


@app.command("lift-quarantine")
def lift_quarantine(
    model: ModelName,
    version: Annotated[str, typer.Option("--version", help="the version to let back in")],
    reason: Annotated[str, typer.Option("--reason", help="why it may return")],
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Let a version that was rolled back return to experiments."""
    target = cluster(namespace, kubeconfig)
    send(target, Model, model, _command("LiftQuarantine", reason, version))


def _experiment_verb(verb: ExperimentVerb, help_text: str) -> None:
    def run(
        experiment: ExperimentName,
        reason: Reason = "",
        namespace: Namespace = "",
        kubeconfig: Kubeconfig = None,
    ) -> None:
        target = cluster(namespace, kubeconfig)
        send(target, ABExperiment, experiment, _command(verb.value, reason))

    app.command(verb.value.lower(), help=help_text)(run)


_experiment_verb(ExperimentVerb.PAUSE, "Hold an experiment at its present weight.")
_experiment_verb(ExperimentVerb.RESUME, "Let a paused experiment go on.")
_experiment_verb(ExperimentVerb.ABORT, "End an experiment: all traffic back, nobody quarantined.")


@app.command()
def retry(
    run: Annotated[str, typer.Argument(help="name of the TrainingRun")],
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Start a failed TrainingRun again from the step that failed."""
    send(cluster(namespace, kubeconfig), TrainingRun, run, _command("Retry"))
