"""Predicts with the exported model: by the same libraries, and the same parts, as serving."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pharos_api.artifacts import LINEAR, ONNX, SCORING, TOKENIZER
from pharos_api.engines import ENGINES, EngineSheet
from pharos_api.linear_model import LinearModel
from pharos_api.scoring import PLAIN_ENCODER, Logits, Part, Scoring
from pharos_jobs.core.batching import length_batches
from pharos_jobs.core.metrics import Floats, softmax

_BATCH = 16
_LINEAR_BATCH = 256
Done = Callable[[int], None]
Batches = Callable[[list[list[int]]], Logits]


class Predictor:
    """A model folder, loaded.

    Args:
        folder: holds ``model.onnx`` and ``tokenizer.json``, or ``linear.safetensors``, or all; and
            ``scoring.json``, without which an encoder's logits are taken as they are.
        max_tokens: where an encoder's texts are cut.
    """

    def __init__(self, folder: Path, max_tokens: int) -> None:
        self._encoder = Encoder(folder, max_tokens) if (folder / ONNX).is_file() else None
        self._linear = read_linear(folder / LINEAR) if (folder / LINEAR).is_file() else None
        self._scoring = PLAIN_ENCODER
        if (folder / SCORING).is_file():
            self._scoring = Scoring.model_validate_json((folder / SCORING).read_bytes())

    def probabilities(self, texts: Sequence[str], done: Done = lambda _: None) -> Floats:
        """Probabilities, shape (texts, classes). ``done`` hears how many texts are finished."""
        return softmax(self._scoring.answered(self.part_logits(texts, done)).astype(np.float64))

    def part_logits(self, texts: Sequence[str], done: Done = lambda _: None) -> dict[Part, Logits]:
        """What each part says before they are pooled, shapes (texts, classes)."""
        parts: dict[Part, Logits] = {}
        if self._linear:
            parts[Part.LINEAR] = _linear_logits(self._linear, texts)
        if self._encoder:
            parts[Part.ENCODER] = self._encoder.logits(texts, done)
        done(len(texts))
        return parts


class Encoder:
    """The encoder of a model folder, in the precision that serving prefers.

    That is the best of ``engines.json``; where there is none, the ONNX graph.
    """

    def __init__(self, folder: Path, max_tokens: int) -> None:
        from tokenizers import Tokenizer  # noqa: PLC0415 - linear models do without

        self._compute: Batches = _by_best(folder, max_tokens) or _by_onnx_runtime(folder)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.no_padding()

    def logits(self, texts: Sequence[str], done: Done) -> Logits:
        """Logits, shape (texts, classes)."""
        encoded = [e.ids for e in self._tokenizer.encode_batch(list(texts))]
        rows: dict[int, Logits] = {}
        for batch in length_batches([len(ids) for ids in encoded], _BATCH):
            rows.update(zip(batch, self._compute([encoded[i] for i in batch]), strict=True))
            done(len(rows))
        return np.stack([rows[i] for i in range(len(texts))])


def _by_best(folder: Path, max_tokens: int) -> Batches | None:
    """By the variant that was kept as best; one text at a time, since a batch gains nothing."""
    if not (folder / ENGINES).is_file():
        return None
    from pharos_jobs.export.computing import compute_with  # noqa: PLC0415 - linear models do without

    sheet = EngineSheet.model_validate_json((folder / ENGINES).read_bytes())
    compute = compute_with(sheet.best(), folder, max_tokens)
    return lambda batch: np.stack([compute(row) for row in batch])


def _by_onnx_runtime(folder: Path) -> Batches:
    import onnxruntime  # noqa: PLC0415 - linear models do without

    providers = onnxruntime.get_available_providers()
    session = onnxruntime.InferenceSession(str(folder / ONNX), providers=providers)

    def compute(batch: list[list[int]]) -> Logits:
        width = max(len(ids) for ids in batch)
        tokens = np.zeros((len(batch), width), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, ids in enumerate(batch):
            tokens[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        inputs = {"input_ids": tokens, "attention_mask": mask}
        logits: NDArray[np.float32] = session.run(["logits"], inputs)[0]
        return logits

    return compute


def read_linear(path: Path) -> LinearModel:
    """The linear model of a folder. Raises ValueError when the file is none."""
    from safetensors.numpy import load_file  # noqa: PLC0415 - encoders do without

    return LinearModel.from_arrays(load_file(path))


def _linear_logits(model: LinearModel, texts: Sequence[str]) -> Logits:
    starts = range(0, len(texts), _LINEAR_BATCH)
    return np.concatenate([model.logits(texts[i : i + _LINEAR_BATCH]) for i in starts])
