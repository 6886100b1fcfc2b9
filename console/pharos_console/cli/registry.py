"""``pharos registry``: what people do with registered versions."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pharos_api.inventory import Compared, Inventory, StoredModel
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_console.cli import verbs
from pharos_console.cli.app import Kubeconfig, Namespace, Reason, app, cluster, out
from pharos_console.errors import UsageError
from pharos_console.jobs_pod import Streams
from pharos_console.registry.fetching import fetch, fetch_first
from pharos_console.registry.hub import write_hub_folder
from pharos_console.registry.importing import import_model, production_of
from pharos_console.registry.mlflow import MlflowRegistry
from pharos_console.registry.reaching import Reach, reach
from pharos_console.registry.rebuilding import registry_input
from pharos_console.registry.versions import chosen, fallbacks, table, versions_of

registry = typer.Typer(
    name="registry", no_args_is_help=True, help="Registered versions: list, compare, fetch, carry."
)
app.add_typer(registry)

ModelName = Annotated[str, typer.Argument(help="name of the Model")]
Version = Annotated[str, typer.Argument(help="its version, as v1.2.0")]
AnyVersion = Annotated[str, typer.Argument(help="its version; default: the one in production")]
Root = Annotated[
    str, typer.Option("--artifact-root", help="where artifacts lie; default: the operator's own")
]
Here = Annotated[
    bool, typer.Option("--here", help="read artifacts from this machine, not through a pod")
]
Target = Annotated[Path, typer.Option("--to", help="folder that does not exist yet")]


@registry.command("list")
def list_versions(
    model: ModelName,
    as_json: Annotated[bool, typer.Option("--json", help="the objects as JSON")] = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """List the versions of a Model: stages, metrics, digests."""
    found = versions_of(cluster(namespace, kubeconfig), model)
    if as_json:
        out.print(json.dumps([each.to_json() for each in found], indent=2))
        return
    if not found:
        raise UsageError(f"Model {model!r} has no version yet")
    for line in table(found):
        out.print(line)


@registry.command()
def compare(
    model: ModelName,
    first: Version,
    second: Version,
    data: Annotated[
        Path | None,
        typer.Option(help="JSON Lines with title, abstract and label", exists=True, dir_okay=False),
    ] = None,
    artifact_root: Root = "",
    here: Here = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Compare two versions on the same texts: accuracies, difference, McNemar's test."""
    target = cluster(namespace, kubeconfig)
    versions, way = versions_of(target, model), reach(target, artifact_root, here)
    uris = [chosen(versions, each, None).spec.artifact.uri for each in (first, second)]
    args = ["compare", *uris, "--root", way.root]
    if data is None:
        said = way.run(args)
    else:
        with data.open("rb") as content:
            said = way.run([*args, "--data", "-"], Streams(content))
    found = Compared.model_validate_json(said.splitlines()[-1])
    for line in told(first, second, found):
        out.print(line)


@registry.command()
def load(
    model: ModelName,
    to: Target,
    version: AnyVersion = "",
    artifact_root: Root = "",
    here: Here = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Fetch a version and check every file; a damaged one gives way to the one before it."""
    target = cluster(namespace, kubeconfig)
    versions, way = versions_of(target, model), reach(target, artifact_root, here)
    wanted = chosen(versions, version, target.find(Model, model))
    found, passed = fetch_first(way, fallbacks(versions, wanted), to)
    for sentence in passed:
        out.print(sentence, style="yellow")
    instead = f", in place of {wanted.spec.version}" if passed else ""
    out.print(f"{found.spec.version}{instead}: {to}")


@registry.command()
def promote(
    model: ModelName,
    version: Version,
    reason: Reason = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Put a version into production: the same as `pharos promote MODEL --version`."""
    verbs.promote(model, version, reason, namespace, kubeconfig)


@registry.command()
def restore(
    model: ModelName,
    version: Version,
    artifact_root: Root = "",
    here: Here = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Bring an archived version's files back to where its ModelVersion names them."""
    target = cluster(namespace, kubeconfig)
    way = reach(target, artifact_root, here)
    archive = target.get(Model, model).spec.retention.archive_uri
    if not archive:
        raise UsageError(f"Model {model!r} names no spec.retention.archiveUri: nothing is archived")
    artifact = chosen(versions_of(target, model), version, None).spec.artifact
    if not artifact.uri.startswith(f"{way.root}/"):
        raise UsageError(f"{artifact.uri} does not lie below {way.root}, so it is never archived")
    archived = f"{archive.rstrip('/')}/{artifact.uri.removeprefix(f'{way.root}/')}"
    said = way.run(["restore", archived, artifact.uri, "--sha256", artifact.sha256])
    copied = int(said.split()[-1])
    out.print(f"{version}: {f'{copied} bytes back at' if copied else 'is whole at'} {artifact.uri}")


@registry.command()
def rebuild(
    model: ModelName,
    artifact_root: Root = "",
    here: Here = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Write version_registry.json and the production pointer anew, from the cluster alone."""
    target = cluster(namespace, kubeconfig)
    way = reach(target, artifact_root, here)
    given = registry_input(target.get(Model, model), versions_of(target, model), way.root)
    with tempfile.TemporaryFile() as content:
        content.write(given.model_dump_json(by_alias=True, exclude_none=True).encode())
        content.seek(0)
        said = way.run(["project"], Streams(content))
    out.print(f"{len(given.versions)} versions: {said.decode().split()[-1]}")


@registry.command("import")
def import_(
    artifact_root: Root = "",
    source: Annotated[
        str, typer.Option("--from", help="namespace of the models there; default: the same")
    ] = "",
    here: Here = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Make Models and ModelVersions from nothing but what lies below an artifact root."""
    target = cluster(namespace, kubeconfig)
    way = reach(target, artifact_root, here)
    said = way.run(["inventory", way.root]).splitlines()[-1]
    wanted = source or target.namespace
    found = [m for m in Inventory.model_validate_json(said).models if m.namespace == wanted]
    if not found:
        raise UsageError(f"{way.root} holds no model of namespace {wanted!r}; name it with --from")
    for stored in found:
        for sentence in import_model(target, stored):
            out.print(sentence)
        out.print(f"Model/{stored.model}: {_coming(stored)}")


@registry.command()
def export(
    model: ModelName,
    version: AnyVersion = "",
    to: Annotated[Path | None, typer.Option("--to", help="new Hugging Face folder")] = None,
    mlflow: Annotated[str, typer.Option("--mlflow", help="URL of an MLflow server")] = "",
    artifact_root: Root = "",
    here: Here = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Carry a version elsewhere: a folder that transformers loads, or MLflow's registry."""
    if to is None and not mlflow:
        raise UsageError("say where: --to FOLDER, --mlflow URL, or both")
    target = cluster(namespace, kubeconfig)
    found = chosen(versions_of(target, model), version, target.find(Model, model))
    if to is not None:
        _export_folder(reach(target, artifact_root, here), found, to)
    if mlflow:
        _export_to_mlflow(mlflow, found)


def told(first: str, second: str, found: Compared) -> list[str]:
    """The comparison in words. Pure."""
    less = f", without {found.left_out} that {first} has learnt from" if found.left_out else ""
    is_sure = found.low > 0 or found.high < 0
    verdict = "differ by more than chance" if is_sure else "may differ by chance alone"
    return [
        f"{found.texts} texts of {found.source}{less}",
        f"{first}: accuracy {found.first_accuracy:.4f}",
        f"{second}: accuracy {found.second_accuracy:.4f}",
        f"difference {found.difference:+.4f}, 95 % interval {found.low:+.4f} to {found.high:+.4f}",
        f"right alone: {first} {found.only_first}, {second} {found.only_second}; "
        f"McNemar p = {found.p_value:.4g}",
        f"The two {verdict}.",
    ]


def _coming(stored: StoredModel) -> str:
    """What the operator will put into production."""
    production = production_of(stored)
    if production:
        return f"{production} comes back to production"
    was = f"{stored.production} was, and is no more" if stored.production else "nothing was"
    return f"{was} in production; the newest version takes over"


def _export_folder(way: Reach, version: ModelVersion, to: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="pharos-export-") as scratch:
        folder = Path(scratch, "model")
        manifest = fetch(way, version, folder)
        if to.exists() and any(to.iterdir()):
            raise UsageError(f"{to} is not empty; name a folder that does not exist yet")
        for sentence in write_hub_folder(folder, to, manifest.labels):
            out.print(sentence, style="yellow")
    out.print(f"{version.spec.version}: pipeline('text-classification', model='{to}')")


def _export_to_mlflow(url: str, version: ModelVersion) -> None:
    with MlflowRegistry(url) as there:
        written = there.write(version)
    state = "registered as" if written.is_new else "is there as"
    name = version.spec.model_ref.name
    out.print(f"{version.spec.version} {state} {name}/{written.number} in MLflow at {url}")
