"""Builds the classifier out of a verified model: its parts, how they are pooled, warm-up."""

from pydantic import ValidationError
from tokenizers import Tokenizer

from pharos_api.artifacts import LINEAR, ONNX, SCORING, TOKENIZER
from pharos_api.engines import ENGINES, LINEAR_ENGINE, EngineSheet, plain_sheet
from pharos_api.linear_model import LinearModel
from pharos_api.scoring import PLAIN_ENCODER, Part, Scoring
from pharos_serving.dataplane import PROBE_TEXT, Classifier
from pharos_serving.engines.choosing import Measured
from pharos_serving.engines.cores import usable_cores
from pharos_serving.engines.openvino import Layout, Tokens
from pharos_serving.engines.selecting import Selected, Selection, select
from pharos_serving.errors import ModelRejected, RejectionReason
from pharos_serving.loading import VerifiedModel
from pharos_serving.scorers import EncoderScorer, LinearScorer, PooledScorer, Scorer
from pharos_serving.settings import Settings


def build_classifier(model: VerifiedModel, settings: Settings) -> Classifier:
    """A warm classifier. Raises ModelRejected when no engine of this image can run the model."""
    limit = min(model.manifest.max_tokens, settings.max_tokens or model.manifest.max_tokens)
    files = {entry.path for entry in model.manifest.files}
    parts: dict[Part, Scorer] = {}
    engine, measured = LINEAR_ENGINE, tuple[Measured, ...]()
    if ONNX in files or LINEAR not in files:
        tokenizer = _tokenizer(model)
        selected = _selected(model, settings, tokenizer, limit)
        parts[Part.ENCODER] = EncoderScorer(selected.engine, tokenizer, limit)
        engine, measured = selected.variant.name, selected.measured
    if LINEAR in files:
        parts[Part.LINEAR] = LinearScorer(_linear(model))
    scoring = _scoring(model) if SCORING in files else PLAIN_ENCODER
    if set(scoring.factors) != set(parts):
        raise ModelRejected(
            RejectionReason.UNLOADABLE,
            f"{SCORING} names the parts {sorted(scoring.factors)}, the artifact holds "
            f"{sorted(parts)}; register the model again.",
        )
    scorer, labels = PooledScorer(parts, scoring), model.manifest.labels
    classifier = Classifier(scorer, labels, limit, engine, measured)
    classifier.warm_up()
    return classifier


def _linear(model: VerifiedModel) -> LinearModel:
    # Imported here: only models with a linear part need it.
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load_file  # noqa: PLC0415

    try:
        return LinearModel.from_arrays(load_file(model.folder / LINEAR))
    except (SafetensorError, ValueError) as error:
        raise ModelRejected(
            RejectionReason.UNLOADABLE, f"{LINEAR} cannot be read: {error}"
        ) from error


def _scoring(model: VerifiedModel) -> Scoring:
    try:
        return Scoring.model_validate_json((model.folder / SCORING).read_bytes())
    except ValidationError as error:
        raise ModelRejected(
            RejectionReason.UNLOADABLE, f"{SCORING} cannot be read: {error}"
        ) from error


def _selected(
    model: VerifiedModel, settings: Settings, tokenizer: Tokenizer, limit: int
) -> Selected:
    threads = settings.threads or usable_cores()
    selection = Selection(
        settings.engine,
        Layout(threads, min(threads, settings.streams or threads)),
        Tokens(_pad_id(tokenizer), limit),
        settings.self_benchmark_s,
        settings.preferred_engine,
    )
    probe = tokenizer.encode(PROBE_TEXT).ids
    return select(model.folder, _sheet(model), selection, probe)


def _sheet(model: VerifiedModel) -> EngineSheet:
    """What the artifact offers; one without ``engines.json`` offers its ONNX graph alone."""
    files = {entry.path for entry in model.manifest.files}
    if ENGINES not in files:
        return plain_sheet()
    try:
        sheet = EngineSheet.model_validate_json((model.folder / ENGINES).read_bytes())
    except ValidationError as error:
        raise ModelRejected(
            RejectionReason.UNLOADABLE, f"{ENGINES} cannot be read: {error}"
        ) from error
    missing = {name for each in sheet.usable() for name in each.files} - files
    if missing:
        raise ModelRejected(
            RejectionReason.FILE_MISSING,
            f"{ENGINES} names {sorted(missing)[0]}, which the manifest does not list.",
        )
    return sheet


def _tokenizer(model: VerifiedModel) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(model.folder / TOKENIZER))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelRejected(
            RejectionReason.UNLOADABLE, f"{TOKENIZER} cannot be read: {error}"
        ) from error


def _pad_id(tokenizer: Tokenizer) -> int:
    padding = tokenizer.padding or {}
    known = (tokenizer.token_to_id(token) for token in ("[PAD]", "<pad>"))
    return int(padding.get("pad_id") or next((i for i in known if i is not None), 0))
