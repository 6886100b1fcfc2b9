"""A classifier on the mean of an encoder's tokens: how sentence encoders are read.

``transformers`` has no such head for BERT and its kin, whose own looks at the first token. The
files are those of an ordinary encoder, under its names, so that another run may start from them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

from pharos_api.artifacts import WEIGHTS
from pharos_api.trainer import Precision
from pharos_jobs.core.batching import micro_batches
from pharos_jobs.training import device

_HEAD = "classifier."
_MOST_TEXTS = 256
_NUMBER_TYPES = {Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}


class MeanPooled(torch.nn.Module):
    """Logits as a linear layer on the mean of the last hidden states, scaled to length 1."""

    def __init__(self, encoder: Any, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.classifier = torch.nn.Linear(encoder.config.hidden_size, classes)

    def embeddings(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Shape (texts, hidden size), each of length 1; padding does not count."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        counted = attention_mask.unsqueeze(-1).to(torch.float32)
        mean = (states.to(torch.float32) * counted).sum(dim=1) / counted.sum(dim=1)
        return torch.nn.functional.normalize(mean, dim=1)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Logits, shape (texts, classes)."""
        logits: torch.Tensor = self.classifier(self.embeddings(input_ids, attention_mask))
        return logits


def pretrained(folder: Path, classes: int, attention: str | None) -> tuple[Any, MeanPooled]:
    """Tokenizer and model of a base model's folder; the head is still to be fitted."""
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    encoder = AutoModel.from_pretrained(
        folder,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        attn_implementation=attention,
    )
    return tokenizer, MeanPooled(encoder, classes).eval()


def save(model: MeanPooled, labels: Sequence[str], folder: Path) -> None:
    """Write ``model.safetensors`` and ``config.json``."""
    encoder, prefix = model.encoder, f"{model.encoder.base_model_prefix}."
    tensors = {f"{prefix}{name}": value for name, value in encoder.state_dict().items()}
    tensors |= {f"{_HEAD}{name}": value for name, value in model.classifier.state_dict().items()}
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    save_file(whole, folder / WEIGHTS, metadata={"format": "pt"})
    config = encoder.config
    config.architectures = [MeanPooled.__name__]
    config.id2label = dict(enumerate(labels))
    config.label2id = {name: number for number, name in enumerate(labels)}
    config.save_pretrained(folder)


def saved(folder: Path) -> MeanPooled:
    """What ``save`` wrote, with the plain attention that an export needs."""
    tensors = load_file(folder / WEIGHTS)
    head = {key.removeprefix(_HEAD): t for key, t in tensors.items() if key.startswith(_HEAD)}
    _, model = pretrained(folder, len(head["bias"]), "eager")
    model.classifier.load_state_dict(head)
    return model


def embedded(
    model: MeanPooled, rows: Sequence[Sequence[int]], precision: Precision
) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Positions and embeddings (texts, hidden size) of batches of like length, longest first.

    Args:
        model: is moved to where it computes.
        rows: token numbers of each text.
        precision: as the trainer's evaluation computes, BF16, FP16 or FP32.
    """
    place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(place)
    smaller = _NUMBER_TYPES.get(precision)
    for batch in micro_batches([len(row) for row in rows], device.token_budget(), _MOST_TEXTS):
        tokens = torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(rows[i], dtype=torch.long) for i in batch], batch_first=True
        )
        lengths = torch.tensor([len(rows[i]) for i in batch])
        mask = (torch.arange(tokens.shape[1]) < lengths.unsqueeze(1)).long()
        with torch.inference_mode(), torch.autocast(place.type, smaller, smaller is not None):
            found = model.embeddings(tokens.to(place), mask.to(place))
        yield batch, found.float().cpu().numpy()
