"""Promote, rollback, retrain, pause, resume, abort: patches of a status, never of a spec."""

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
from pharos_console.errors import UsageError
from pharos_console.experiments.finding import experiment_named

ModelName = Annotated[str, typer.Argument(help="name of the Model")]
AnyName = Annotated[
    str, typer.Argument(metavar="NAME", help="an ABExperiment, or a Model: its running experiment")
]


_HINTS = {"Promote": "; to put a version into production yourself, name it with --version"}


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
    name: AnyName,
    version: Annotated[
        str, typer.Option("--version", help="of a Model: put this version into production")
    ] = "",
    reason: Reason = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Put a candidate into production, skipping the rest of its experiment."""
    target = cluster(namespace, kubeconfig)
    if version:
        send(target, Model, name, _command("Promote", reason, version))
    else:
        _send_to_experiment(target, name, _command("Promote", reason))


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a Model, or an ABExperiment")],
    to: Annotated[
        str, typer.Option("--to", "--version", help="of a Model; default: the previous one")
    ] = "",
    reason: Reason = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Return a Model to an earlier version, or users to the control; quarantine what is left."""
    target = cluster(namespace, kubeconfig)
    if not to and target.find(Model, name) is None and target.find(ABExperiment, name):
        send(target, ABExperiment, name, _command("Rollback", reason))
    else:
        send(target, Model, name, _command("Rollback", reason, to))


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


@app.command()
def retrain(
    model: ModelName,
    reason: Annotated[str, typer.Option("--reason", help="why it is to be trained again")],
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Check a Model at once and train it again, as its schedule would; cool-down does not count."""
    target = cluster(namespace, kubeconfig)
    policy = target.get(Model, model).spec.retraining
    if policy is None or policy.template is None:
        raise UsageError(
            f"Model {model} has no spec.retraining.template, so there is nothing to start; "
            "add one, or create a TrainingRun"
        )
    send(target, Model, model, _command("Retrain", reason))


def _send_to_experiment(target: Cluster, name: str, command: Command) -> None:
    """Send to the experiment of that name, else to the one that a Model of that name runs."""
    found = experiment_named(target, name, _HINTS.get(command.verb, ""))
    send(target, ABExperiment, found.metadata.name, command)


def _experiment_verb(verb: ExperimentVerb, help_text: str) -> None:
    def run(
        name: AnyName,
        reason: Reason = "",
        namespace: Namespace = "",
        kubeconfig: Kubeconfig = None,
    ) -> None:
        _send_to_experiment(cluster(namespace, kubeconfig), name, _command(verb.value, reason))

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
