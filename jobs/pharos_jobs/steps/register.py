"""register: put the evaluated model under ``models/<namespace>/<model>/<version>/``, for good.

Inputs: datasetUri, checkpointUri, evaluationUri. Outputs: modelUri, modelSha256 (the manifest's
digest), sizeBytes, version, lineage. A version is never changed: registering the same again gives
the same answer, registering something else under its name is refused. Promoting is another act.
"""

import io
import json
import logging
import os
from pathlib import Path

from pharos_api.artifacts import (
    CARD,
    CONFIG,
    LABEL_MAP,
    LINEAR,
    MANIFEST,
    METADATA,
    ONNX,
    REFERENCE_ANSWERS,
    SCORING,
    TOKENIZER,
    WEIGHTS,
    FileEntry,
    Manifest,
)
from pharos_api.engines import ENGINES, EngineSheet
from pharos_api.jobio import FailureReason, Output, StepInput, StepResult
from pharos_api.names import ENV_SIGNING_KEY_FILE, parse_version
from pharos_api.versioning import Registered, next_version
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.model_card import model_card
from pharos_jobs.core.model_metadata import Facts, metadata
from pharos_jobs.datasets import Dataset, open_dataset
from pharos_jobs.errors import Terminal

_FROM_TRAINING = (CONFIG, LABEL_MAP)
# What an encoder and what a linear model brings; a blend brings all.
_OF_AN_ENCODER = (WEIGHTS, ONNX, TOKENIZER, "tokenizer_config.json", "vocab.txt")
_OF_A_LINEAR_MODEL = (LINEAR,)
_FROM_EVALUATION = ("test_results.json", REFERENCE_ANSWERS)
# What an earlier release trained and evaluated has none; the model is as good without them.
_OPTIONAL = (SCORING, REFERENCE_ANSWERS)
_log = logging.getLogger(__name__)


def run(step_input: StepInput, context: StepContext) -> StepResult:
    """Register the model as one version."""
    dataset = open_dataset(step_input.inputs["datasetUri"])
    checkpoint = step_input.inputs["checkpointUri"]
    architecture = str(storage.read_json(f"{checkpoint}/{CONFIG}")["model_type"])
    version = _version(step_input, architecture, dataset.sha256)
    facts = Facts(
        version=version,
        architecture=architecture,
        card=dataset.card,
        evaluation=storage.read_json(f"{step_input.inputs['evaluationUri']}/evaluation.json"),
        train_seconds=float(storage.read_json(f"{checkpoint}/training.json")["trainSeconds"]),
    )
    context.progress.report(10, f"registering {version}")
    final = f"{step_input.model_uri}/{version}"
    staging = f"{step_input.model_uri}/.incoming-{version}-{step_input.uid}"
    storage.remove_folder(staging)
    manifest = _assembled(step_input, staging, dataset, facts)
    _publish(staging, final, manifest)
    signature = _signed(final, manifest)
    size = sum(file.size_bytes for file in manifest.files)
    _log.info("Registered", extra={"version": version, "sha256": manifest.digest()})
    context.progress.report(100, f"registered {version}")
    return StepResult(
        step=step_input.step,
        outputs={
            "modelUri": final,
            "modelSha256": manifest.digest(),
            "sizeBytes": str(size),
            "version": version,
            **({Output.SIGNATURE.value: signature} if signature else {}),
            **_lineage(step_input),
        },
    )


def _lineage(step_input: StepInput) -> dict[str, str]:
    """The output that says what was written of the model's lineage; none where none was told."""
    told = step_input.lineage
    return {} if told is None else {Output.LINEAGE.value: json.dumps(told.to_json())}


def _signed(folder: str, manifest: Manifest) -> str:
    """The name of the signature's file, where the installation signs; else ''."""
    key_file = os.environ.get(ENV_SIGNING_KEY_FILE, "")
    if not key_file:
        return ""
    from pharos_jobs.signing import sign_model  # noqa: PLC0415 - needed by few

    return sign_model(folder, manifest, Path(key_file))


def _version(step_input: StepInput, architecture: str, dataset_sha256: str) -> str:
    """The version that the run was given, that it took before, or the next one (row VER-8)."""
    if step_input.version:
        return _checked(step_input.version)
    existing = []
    for name in storage.names(step_input.model_uri):
        uri = f"{step_input.model_uri}/{name}/{METADATA}"
        if name.startswith(".") or not storage.exists(uri):
            continue
        document = storage.read_json(uri)
        if document["run_uid"] == step_input.uid:
            return name
        existing.append(
            Registered(name, document["architecture"], str(document["dataset"]["sha256"]))
        )
    return next_version(existing, Registered("", architecture, dataset_sha256))


def _checked(version: str) -> str:
    try:
        parse_version(version)
    except ValueError as error:
        raise Terminal(
            FailureReason.INVALID_SPEC, f"{error}. Write it as vX.Y.Z, for example v1.2.0."
        ) from error
    return version


def _engine_files(checkpoint: str) -> list[str]:
    """``engines.json`` and what it names, where the model has one."""
    uri = f"{checkpoint}/{ENGINES}"
    if not storage.exists(uri):
        return []
    sheet = EngineSheet.model_validate(storage.read_json(uri))
    return [ENGINES, *(name for each in sheet.usable() for name in each.files)]


def _assembled(step_input: StepInput, folder: str, dataset: Dataset, facts: Facts) -> Manifest:
    """Copy all files to the folder; the manifest comes last and lists them."""
    checkpoint, evaluation = (step_input.inputs[n] for n in ("checkpointUri", "evaluationUri"))
    sources = {name: f"{checkpoint}/{name}" for name in _trained_files(checkpoint)}
    sources |= {name: f"{evaluation}/{name}" for name in _FROM_EVALUATION}
    sources = {
        name: uri for name, uri in sources.items() if name not in _OPTIONAL or storage.exists(uri)
    }
    written = {name: storage.copy(uri, f"{folder}/{name}") for name, uri in sources.items()}
    text = json.dumps(metadata(step_input, facts), ensure_ascii=False, indent=2) + "\n"
    written[METADATA] = storage.write_bytes(f"{folder}/{METADATA}", text.encode())
    card = model_card(step_input, facts)
    written[CARD] = storage.write_bytes(f"{folder}/{CARD}", card.encode())
    manifest = Manifest(
        model=step_input.model,
        version=facts.version,
        labels=dataset.labels,
        max_tokens=step_input.trainer.hyperparameters.max_tokens,
        files=[
            FileEntry(path=name, sha256=file.sha256, size_bytes=file.size_bytes)
            for name, file in sorted(written.items())
        ],
    )
    storage.write_stream(f"{folder}/{MANIFEST}", io.BytesIO(manifest.to_bytes()))
    return manifest


def _trained_files(checkpoint: str) -> tuple[str, ...]:
    """What the train step leaves for serving; a file that is missing is told by its copy."""
    linear = storage.exists(f"{checkpoint}/{LINEAR}")
    encoder = not linear or storage.exists(f"{checkpoint}/{ONNX}")
    return (
        *_FROM_TRAINING,
        *((*_OF_AN_ENCODER, *_engine_files(checkpoint)) if encoder else ()),
        *(_OF_A_LINEAR_MODEL if linear else ()),
        SCORING,
    )


def _publish(staging: str, final: str, manifest: Manifest) -> None:
    """Give the folder its final name, unless the same version is there already (row ERR-12)."""
    if not storage.exists(f"{final}/{MANIFEST}"):
        # What a crash left half copied on an object store has no manifest and goes.
        storage.remove_folder(final)
        storage.move_folder(staging, final)
        return
    present = storage.sha256_of(f"{final}/{MANIFEST}")
    storage.remove_folder(staging)
    if present != manifest.digest():
        raise Terminal(
            FailureReason.VERSION_EXISTS,
            f"Version {manifest.version} already exists with other content (digest {present[:12]}, "
            f"this model has {manifest.digest()[:12]}). Register under a new version.",
        )
