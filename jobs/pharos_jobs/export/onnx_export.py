"""A trained classifier as ONNX: inputs ``input_ids`` and ``attention_mask``, output ``logits``.

Done at the end of the train step, where torch is loaded anyway: so evaluate measures the file
that is served, and register is a plain copy that can be repeated byte for byte. Uses torch's
graph-capturing exporter: with the older tracing one, the same model gave logits off by 0.02 to
0.05.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pharos_api.artifacts import ONNX
from pharos_api.jobio import FailureReason
from pharos_jobs.errors import Terminal

TOLERANCE = 1e-3
Load = Callable[[Path], torch.nn.Module]
_OPSET = 20
_TEXTS = ("A short text.", "A longer text that has quite a few more words than the first one has.")


class LogitsOnly(torch.nn.Module):
    """The model as a function of the two tensors that serving has."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Logits, shape (batch, classes)."""
        logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def fine_tuned(folder: Path) -> torch.nn.Module:
    """The classifier of a folder, with the head that ``transformers`` gives its architecture."""
    # Plain attention: the graph of the other kinds guards each softmax against empty rows, and no
    # engine recognises it as attention any more.
    model = AutoModelForSequenceClassification.from_pretrained(
        folder,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        attn_implementation="eager",
    )
    return LogitsOnly(model)


def export_onnx(folder: Path, max_tokens: int, load: Load = fine_tuned) -> float:
    """Write ``model.onnx`` beside the folder's safetensors; returns how far its logits are off.

    Starts from the saved files and not from the model in memory: the training loop wraps that
    one's forward pass in its own precision, and so the files are known to load. ``load`` gives the
    folder's model as a function of the two tensors.

    Raises Terminal when they are off by more than 1e-3 on texts of another shape than the example.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    plain, target = load(folder).eval(), folder / ONNX
    example = tokenizer(list(_TEXTS), padding=True, return_tensors="pt")
    batch, tokens = torch.export.Dim("batch"), torch.export.Dim("tokens", max=max_tokens)
    with torch.no_grad():
        torch.onnx.export(
            plain,
            (example["input_ids"], example["attention_mask"]),
            str(target),
            dynamo=True,
            verbose=False,
            external_data=False,
            opset_version=_OPSET,
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_shapes=({0: batch, 1: tokens}, {0: batch, 1: tokens}),
        )
    return _checked(plain, tokenizer, target)


def _checked(plain: torch.nn.Module, tokenizer: Any, target: Path) -> float:
    texts = [text * repeat for repeat in (1, 3) for text in _TEXTS] + ["One."]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        expected = plain(batch["input_ids"], batch["attention_mask"]).numpy()
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    given: NDArray[np.float32] = session.run(
        ["logits"], {name: batch[name].numpy() for name in ("input_ids", "attention_mask")}
    )[0]
    off = float(np.abs(expected - given).max())
    if not off <= TOLERANCE:
        raise Terminal(
            FailureReason.STEP_FAILED,
            f"The exported ONNX model answers differently from the trained one (logits off by "
            f"{off:.4f}, allowed {TOLERANCE}). Use another base model and report this one.",
        )
    return off
