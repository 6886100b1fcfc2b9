"""Explain, replay and report: what an experiment decided, why, and whether its records agree."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pharos_analysis.record import UnreadableRecordError, agrees, context_of, replayed
from pharos_api import names
from pharos_api.abexperiment import ABExperiment
from pharos_api.model import Model
from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.cli.trainings import is_training, replay_training
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.experiments.classical import reported
from pharos_console.experiments.explaining import explained
from pharos_console.experiments.finding import experiment_named
from pharos_console.experiments.records import (
    JsonObject,
    Record,
    in_order,
    read_file,
    record_of,
)
from pharos_console.experiments.reporting import as_text

ExperimentName = Annotated[
    str, typer.Argument(help="name of the ABExperiment, or of a Model: its running experiment")
]
EvidenceName = Annotated[str, typer.Option("--evidence", help="one record; default: every one")]


@app.command()
def explain(
    experiment: ExperimentName, namespace: Namespace = "", kubeconfig: Kubeconfig = None
) -> None:
    """Say why an experiment holds, goes on, was promoted or rolled back."""
    target = cluster(namespace, kubeconfig)
    found = experiment_named(target, experiment)
    model = target.find(Model, found.spec.model_ref.name)
    out.print(explained(found, records_of(target, found), model), end="")


@app.command()
def replay(
    experiment: Annotated[
        str,
        typer.Argument(
            help="name of the ABExperiment, of a Model: its guard's records, or of a TrainingRun"
        ),
    ] = "",
    evidence: EvidenceName = "",
    file: Annotated[
        Path | None, typer.Option("--filename", "-f", help="a record in a file; needs no cluster")
    ] = None,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Judge the records of an experiment's decisions again, or train again, and compare.

    A TrainingRun is started again on the papers that it had collected, with the same settings, and
    registers nothing; asked again when that has ended, its metrics are compared with the first's.
    """
    if bool(experiment) == bool(file):
        raise UsageError("name an experiment, or a file with --filename, and not both")
    if experiment and is_training(cluster(namespace, kubeconfig), experiment):
        replay_training(cluster(namespace, kubeconfig), experiment)
        return
    records = read_file(file) if file else _of_cluster(experiment, namespace, kubeconfig)
    wanted = [record for record in records if evidence in ("", record.name)]
    if not wanted and not evidence:
        raise UsageError(f"there is no record of {experiment} yet: nothing was decided")
    if not wanted:
        known = ", ".join(record.name for record in records) or "none"
        raise UsageError(f"there is no record {evidence!r}; known: {known}")
    different = [not _compare(record) for record in wanted]
    if any(different):
        raise typer.Exit(1)


@app.command()
def report(
    experiment: ExperimentName,
    evidence: EvidenceName = "",
    output: Annotated[str, typer.Option("--output", "-o", help="json or text")] = "text",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show the classical report beside the decision: tests, intervals, sample size."""
    if output not in ("json", "text"):
        raise UsageError(f"--output is json or text, not {output!r}")
    target = cluster(namespace, kubeconfig)
    found = experiment_named(target, experiment)
    records = [one for one in records_of(target, found) if evidence in ("", one.name)]
    if not records:
        raise UsageError(f"{experiment} has no such record yet; see `pharos explain {experiment}`")
    told = _reported(records[-1], found)
    out.print(json.dumps(told, indent=2) if output == "json" else as_text(told))


def records_of(target: Cluster, owner: ABExperiment | Model) -> list[Record]:
    """The records of an experiment, or of a Model's guard, that are there, oldest first."""
    label = names.LABEL_MODEL if isinstance(owner, Model) else names.LABEL_EXPERIMENT
    about = f"{label}={names.bounded(owner.metadata.name)}"
    found = target.config_maps(f"{about},{names.LABEL_COMPONENT}={names.COMPONENT_EVIDENCE}")
    return in_order(record_of(one) for one in found if _is_owned(one, owner.metadata.uid))


def _is_owned(body: JsonObject, uid: str) -> bool:
    """A record of a deleted namesake may still be there."""
    return any(owner["uid"] == uid for owner in body["metadata"].get("ownerReferences") or ())


def _of_cluster(name: str, namespace: str, kubeconfig: Path | None) -> list[Record]:
    target = cluster(namespace, kubeconfig)
    owner = target.find(ABExperiment, name) or target.find(Model, name)
    if owner is None:
        raise UsageError(
            f"there is no ABExperiment, Model or TrainingRun named {name!r} in this namespace"
        )
    return records_of(target, owner)


def _compare(record: Record) -> bool:
    """Print whether a record's judgement is reached again; whether it is."""
    try:
        context, different = context_of(record.document), agrees(record.document)
        again = replayed(record.document)
    except UnreadableRecordError as error:
        raise UsageError(f"{record.name}: {error}") from error
    if not different:
        told = f"{context.decision}; {again.ruling}: {again.message}"
        out.print(f"{record.name}: same verdict: {told}")
        return True
    judge = context.code or "an unknown version"
    out.print(f"{record.name}: another verdict than {judge} of Pharos recorded")
    for line in different:
        out.print(f"  {line}")
    return False


def _reported(record: Record, experiment: ABExperiment) -> JsonObject:
    try:
        return reported(record, experiment)
    except UnreadableRecordError as error:
        raise UsageError(f"{record.name}: {error}") from error
