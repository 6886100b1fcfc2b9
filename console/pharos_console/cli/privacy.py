"""``pharos retention``, ``keep`` and ``erase``: what stays, what goes, and who is forgotten."""

import json
import uuid
from typing import Annotated, Any

import typer
from rich.table import Table

from pharos_api import names
from pharos_api.erasing import ErasureInput, ErasureReceipt
from pharos_api.meta import rfc3339
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.retaining import PlannedItem
from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.jobs_pod import Streams, run_in_pod
from pharos_console.platform import Platform, read_platform
from pharos_console.pod_manifest import PodCommand

_MIB = 1024 * 1024


@app.command()
def retention(
    model: Annotated[str, typer.Argument(help="name of the Model")],
    every: Annotated[bool, typer.Option("--all", help="show what stays as well")] = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Show what the next retention Job of a Model would delete and archive, and why.

    It touches nothing: the Job itself does the rest, at its time.
    """
    target = cluster(namespace, kubeconfig)
    target.get(Model, model)
    command = PodCommand(_pod("retain"), ["retain", "--show"])
    printed = _run(target, read_platform(target), command, retention_input(target, model))
    items = [PlannedItem.model_validate(row) for row in json.loads(printed)]
    shown = [item for item in items if every or item.verdict != "Keep"]
    if shown:
        out.print(plan_table(shown))
    out.print(summary(items))


@app.command()
def keep(
    model: Annotated[str, typer.Argument(help="name of the Model")],
    version: Annotated[str, typer.Argument(help="as v1.2.0")],
    reason: Annotated[str, typer.Option("--reason", help="why it stays; shown in plans")] = "",
    release: Annotated[bool, typer.Option("--release", help="let it go again")] = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Pin a version, so that retention neither moves it nor deletes what it was trained on."""
    if release == bool(reason):
        raise UsageError("say --reason TEXT to keep the version, or --release to let it go")
    target = cluster(namespace, kubeconfig)
    try:
        name = names.version_object_name(model, version)
        names.parse_version(version)
    except ValueError as error:
        raise UsageError(f"{error}; write it as vX.Y.Z") from error
    target.annotate(ModelVersion, name, {names.ANNOTATION_KEEP: None if release else reason})
    out.print(f"{name}: {'not pinned any more' if release else f'kept: {reason}'}")


@app.command()
def erase(
    user: Annotated[str, typer.Option("--user", help="the id as requests carry it")],
    reason: Annotated[str, typer.Option("--reason", help="why; it stands in the receipt")],
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Forget a user: rows, feedback, training samples, caches. Prints the receipt."""
    target = cluster(namespace, kubeconfig)
    platform = read_platform(target)
    if not platform.database_secret:
        raise UsageError("Pharos is installed without a database: nothing of users is kept")
    archives = {one.spec.retention.archive_uri for one in target.every(Model)} - {None}
    told = ErasureInput(
        user=user,
        reason=reason,
        artifact_root=platform.artifact_root,
        archives=sorted(str(each) for each in archives),
    )
    command = PodCommand(_pod("erase"), ["erase"], with_database=True)
    printed = _run(target, platform, command, told.model_dump_json(by_alias=True))
    out.print(receipt_text(ErasureReceipt.model_validate_json(printed)))


def _pod(verb: str) -> str:
    return f"pharos-{verb}-{uuid.uuid4().hex[:8]}"


def _run(target: Cluster, platform: Platform, command: PodCommand, given: str) -> bytes:
    try:
        return run_in_pod(target, platform, command, Streams(given.encode()))
    except UsageError as error:
        raise UsageError(f"{command.args[0]} failed in the cluster: {error}") from error


def retention_input(target: Cluster, model: str) -> str:
    """What the Model's CronJob tells its Job. Raises UsageError while there is none."""
    name = names.retention_job_name(model)
    for job in target.cron_jobs(f"{names.LABEL_MODEL}={model}"):
        if job["metadata"]["name"] == name:
            return _variable(job, names.ENV_RETENTION_INPUT)
    raise UsageError(f"{model} has no CronJob {name} yet; look at `pharos status`")


def _variable(job: dict[str, Any], name: str) -> str:
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    env = pod["containers"][0]["env"]
    return str(next(one["value"] for one in env if one["name"] == name))


def plan_table(items: list[PlannedItem]) -> Table:
    """The plan, one line a thing."""
    table = Table(box=None, pad_edge=False)
    for column in ("VERDICT", "REASON", "KIND", "AGE", "MIB", "PATH"):
        table.add_column(column, no_wrap=True)
    for item in items:
        size = f"{item.size_bytes / _MIB:.1f}"
        table.add_row(item.verdict, item.reason, item.kind, f"{item.age_days}d", size, item.path)
    return table


def summary(items: list[PlannedItem]) -> str:
    """The plan in one sentence."""
    counts = dict.fromkeys(("Delete", "Archive", "Keep"), 0)
    for item in items:
        counts[item.verdict] = counts.get(item.verdict, 0) + 1
    freed = sum(item.size_bytes for item in items if item.verdict in ("Delete", "Archive"))
    return (
        f"{counts['Delete']} to delete, {counts['Archive']} to archive, {counts['Keep']} stay; "
        f"{freed / _MIB:.1f} MiB would be freed. Nothing was touched."
    )


def receipt_text(receipt: ErasureReceipt) -> str:
    """The receipt for people."""
    if not receipt.known:
        found = "unknown: no row, sample or earlier erasure of this user was found"
    else:
        found = (
            f"erased {receipt.predictions} predictions, {receipt.feedback} items of feedback, "
            f"{receipt.samples} samples, {receipt.raw_papers} raw papers, "
            f"{receipt.reports} reports on drift"
        )
    models = [f"trained on the user's texts: {path}" for path in receipt.models]
    lines = [
        f"user {receipt.user_mark[:16]}…: {found}",
        f"at {rfc3339(receipt.at)}: {receipt.reason}",
    ]
    return "\n".join([*lines, *models, *(f"not reached: {each}" for each in receipt.left)])
