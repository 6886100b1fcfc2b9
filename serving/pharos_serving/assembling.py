"""Builds the classifier out of a verified model: its parts, how they are pooled, warm-up."""

from pydantic import ValidationError
from tokenizers import Tokenizer

from pharos_api.artifacts import LINEAR, ONNX, SCORING, TOKENIZER
from pharos_api.linear_model import LinearModel
from pharos_api.model import Engine as EngineChoice
from pharos_api.scoring import PLAIN_ENCODER, Part, Scoring
from pharos_serving.dataplane import Classifier
from pharos_serving.engines.cores import usable_cores
from pharos_serving.engines.onnx import OnnxEngine
from pharos_serving.errors import ModelRejected, RejectionReason
from pharos_serving.loading import VerifiedModel
from pharos_serving.scorers import EncoderScorer, LinearScorer, PooledScorer, Scorer
from pharos_serving.settings import Settings


def build_classifier(model: VerifiedModel, settings: Settings) -> Classifier:
    """A warm classifier. Raises ModelRejected when no engine of this image can run the model."""
    limit = min(model.manifest.max_tokens, settings.max_tokens or model.manifest.max_tokens)
    files = {entry.path for entry in model.manifest.files}
    parts: dict[Part, Scorer] = {}
    if ONNX in files or LINEAR not in files:
        tokenizer = _tokenizer(model)
        engine = _engine(model, settings, _pad_id(tokenizer))
        parts[Part.ENCODER] = EncoderScorer(engine, tokenizer, limit)
    if LINEAR in files:
        parts[Part.LINEAR] = LinearScorer(_linear(model))
    scoring = _scoring(model) if SCORING in files else PLAIN_ENCODER
    if set(scoring.factors) != set(parts):
        raise ModelRejected(
            RejectionReason.UNLOADABLE,
            f"{SCORING} names the parts {sorted(scoring.factors)}, the artifact holds "
            f"{sorted(parts)}; register the model again.",
        )
    classifier = Classifier(PooledScorer(parts, scoring), model.manifest.labels, limit)
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


def _engine(model: VerifiedModel, settings: Settings, pad_id: int) -> OnnxEngine:
    holds_onnx = any(entry.path == ONNX for entry in model.manifest.files)
    if settings.engine is EngineChoice.TORCH or not holds_onnx:
        raise ModelRejected(
            RejectionReason.NO_ENGINE,
            f"Engine {settings.engine} was asked for and the artifact "
            f"{'holds' if holds_onnx else 'lacks'} {ONNX}; this image runs ONNX alone. "
            "Export the model to ONNX and set serving.engine to Auto or OnnxRuntime.",
        )
    return OnnxEngine(model.folder / ONNX, settings.threads or usable_cores(), pad_id)


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
