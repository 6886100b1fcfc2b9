"""Predicts with the exported model, by the same two libraries as serving."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pharos_api.artifacts import ONNX, TOKENIZER
from pharos_jobs.core.batching import length_batches
from pharos_jobs.core.metrics import Floats, softmax

_BATCH = 16


class Predictor:
    """A model folder, loaded.

    Args:
        folder: holds ``model.onnx`` and ``tokenizer.json``.
        max_tokens: where texts are cut.
    """

    def __init__(self, folder: Path, max_tokens: int) -> None:
        providers = onnxruntime.get_available_providers()
        self._session = onnxruntime.InferenceSession(str(folder / ONNX), providers=providers)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.no_padding()

    def probabilities(
        self, texts: Sequence[str], done: Callable[[int], None] = lambda _: None
    ) -> Floats:
        """Probabilities, shape (texts, classes). ``done`` hears how many texts are finished."""
        encoded = [e.ids for e in self._tokenizer.encode_batch(list(texts))]
        rows: dict[int, NDArray[np.float32]] = {}
        for batch in length_batches([len(ids) for ids in encoded], _BATCH):
            logits = self._logits([encoded[i] for i in batch])
            rows.update(zip(batch, logits, strict=True))
            done(len(rows))
        return softmax(np.stack([rows[i] for i in range(len(texts))]).astype(np.float64))

    def _logits(self, batch: list[list[int]]) -> NDArray[np.float32]:
        width = max(len(ids) for ids in batch)
        tokens = np.zeros((len(batch), width), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, ids in enumerate(batch):
            tokens[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        logits: NDArray[np.float32] = self._session.run(
            ["logits"], {"input_ids": tokens, "attention_mask": mask}
        )[0]
        return logits
