"""``inventory``: every registered version below an artifact root, from its own files alone.

The registry's projections add what the files cannot know: production, quarantines, and the Model's
spec. They are believed only where they agree with what lies there. Of a version in an archive the
facts are still here: it is counted up like the others.
"""

from typing import Any

from pydantic import ValidationError

from pharos_api.artifacts import ARCHIVED, METADATA, PRODUCTION, REGISTRY, Manifest
from pharos_api.inventory import MODEL_SPEC, Inventory, StoredModel
from pharos_api.meta import ObjectRef
from pharos_api.model import Quarantined
from pharos_api.modelversion import Artifact, Lineage, Metrics, ModelVersionSpec, metrics_of
from pharos_api.names import parse_version
from pharos_api.signing import SIGNATURE
from pharos_api.versioning import LINEAR_ARCHITECTURE, architecture
from pharos_jobs import storage
from pharos_jobs.core.metrics import decimal_string
from pharos_jobs.errors import Terminal
from pharos_jobs.keeping.whole import check_files, damaged, read_manifest

# How an earlier release wrote them; a share of it may have lost its last zero.
_METRICS = {
    "validation_accuracy": "val_accuracy",
    "test_accuracy": "test_accuracy",
    "macro_f1": "f1_score",
    "baseline_macro_f1": "baseline_f1_score",
    "calibration_error": "calibration_error",
}


def inventory(root: str) -> Inventory:
    """All models, each with its versions from the oldest number to the newest."""
    models = []
    for namespace in storage.names(f"{root}/models"):
        for model in storage.names(f"{root}/models/{namespace}"):
            models.append(_model(f"{root}/models/{namespace}/{model}", namespace, model))
    return Inventory(artifact_root=root, models=models)


def _model(folder: str, namespace: str, model: str) -> StoredModel:
    versions, flaws = [], []
    for name in sorted(filter(_is_version, storage.names(folder)), key=parse_version):
        try:
            versions.append(_version(f"{folder}/{name}", name, model))
        except Terminal as flaw:
            flaws.append(flaw.message)
    registry = _document(f"{folder}/{REGISTRY}")
    listed = [each for each in registry.get("versions", ()) if each.get("status") == "quarantined"]
    return StoredModel(
        namespace=namespace,
        model=model,
        spec=_document(f"{folder}/{MODEL_SPEC}") or None,
        production=_pointed(folder) or str(registry.get("production_version", "")),
        quarantined=[str(each["version"]) for each in listed],
        refused=_refused(registry, flaws),
        given_up={
            str(each["version"]): str(each["given_up"])
            for each in registry.get("versions", ())
            if each.get("given_up")
        },
        versions=versions,
        flaws=flaws,
    )


def _refused(registry: dict[str, Any], flaws: list[str]) -> list[Quarantined]:
    """Digests that may not return; an entry that cannot be read is a flaw, and no way back."""
    found = []
    for each in registry.get("quarantined", ()):
        try:
            found.append(Quarantined.model_validate(each))
        except ValidationError:
            flaws.append(f"{REGISTRY} quarantines what cannot be read: {each}")
    return found


def _version(uri: str, version: str, model: str) -> ModelVersionSpec:
    manifest = read_manifest(uri)
    check_files(uri, _lying_there(uri, manifest))
    metadata = storage.read_json(f"{uri}/{METADATA}")
    signed = storage.exists(f"{uri}/{SIGNATURE}")
    return ModelVersionSpec(
        model_ref=ObjectRef(name=model),
        version=version,
        artifact=Artifact(
            uri=uri,
            sha256=manifest.digest(),
            signature=SIGNATURE if signed else None,
            size_bytes=sum(each.size_bytes for each in manifest.files),
        ),
        lineage=_lineage(uri, metadata),
        metrics=_metrics(metadata),
        labels=manifest.labels,
    )


def _lying_there(uri: str, manifest: Manifest) -> Manifest:
    """What of the manifest must lie at the version's place: of an archived one its facts alone."""
    if not storage.exists(f"{uri}/{ARCHIVED}"):
        return manifest
    facts = [each for each in manifest.files if each.path == METADATA]
    return manifest.model_copy(update={"files": facts})


def _lineage(uri: str, metadata: dict[str, Any]) -> Lineage:
    written = metadata.get("lineage")
    if not written:
        return _told_apart(metadata)
    try:
        return Lineage.model_validate(written)
    except ValidationError as error:
        what = f"its {METADATA} is of a release that this one does not know"
        raise damaged(uri, what) from error


def _told_apart(metadata: dict[str, Any]) -> Lineage:
    """The lineage as an earlier release wrote it, in several keys."""
    run, trained = metadata.get("run"), metadata.get("model_name") or None
    is_linear = trained == LINEAR_ARCHITECTURE
    return Lineage(
        training_run=run,
        dataset_sha256=metadata.get("dataset", {}).get("sha256"),
        base_model=None if is_linear else trained,
        # A still earlier one named neither the run nor the architecture.
        architecture=architecture(trained) if run and trained else None,
        parent=metadata.get("parent") or None,
    )


def _metrics(metadata: dict[str, Any]) -> Metrics:
    if "measured" in metadata:
        return metrics_of(metadata["measured"])
    measured = metadata.get("metrics", {})
    given = {
        name: decimal_string(float(measured[key]))
        for name, key in _METRICS.items()
        if key in measured
    }
    return Metrics(**given)


def _document(uri: str) -> dict[str, Any]:
    """A JSON object, empty where there is none to read."""
    try:
        found = storage.read_json(uri)
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _pointed(folder: str) -> str:
    """The version that the production pointer names: a link on a disk, a small file elsewhere."""
    path = storage.local_path(folder)
    if path is not None:
        link = path / PRODUCTION
        return str(link.readlink()) if link.is_symlink() else ""
    uri = f"{folder}/{PRODUCTION}"
    return storage.read_bytes(uri).decode() if storage.exists(uri) else ""


def _is_version(name: str) -> bool:
    try:
        parse_version(name)
    except ValueError:
        return False
    return True
