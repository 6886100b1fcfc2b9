"""FewShot: a pretrained sentence encoder as it is, and a head fitted to few texts. A minute.

For some dozens of labelled texts a class, where fine-tuning has nothing to hold on to and a linear
model on words has not yet met the words. The base model should be a sentence encoder, whose means
of tokens already lie close where texts mean the same; from some hundred texts a class on, compare
with ``Linear``.

It is the second half of SetFit (L. Tunstall et al., "Efficient Few-Shot Learning Without Prompts",
arXiv:2209.11055): a logistic regression on a sentence encoder's embeddings. Its first half, which
moves the encoder by pairs of texts before, is left out: no gradient step is taken here, and the
same texts give the same model. What is written is an encoder with its head, exported and served as
one that was fine-tuned.
"""

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from pharos_api.trainer import Precision
from pharos_jobs.core.few_shot_fit import Head, fit_head
from pharos_jobs.core.metrics import decimal_string
from pharos_jobs.errors import Interrupted
from pharos_jobs.recipes.model_files import write_encoder
from pharos_jobs.recipes.port import Lesson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pharos_jobs.training.mean_pooled import MeanPooled


def train(lesson: Lesson) -> dict[str, Any]:
    """Embed the texts, fit the head, and write and export both as one encoder."""
    from pharos_jobs.training import device, mean_pooled  # noqa: PLC0415 - seconds
    from pharos_jobs.training.base_model import architecture, find_base_model  # noqa: PLC0415

    started_s = perf_counter()
    settings = lesson.trainer.hyperparameters
    device.settle_threads(1)
    base = find_base_model(lesson.trainer.base_model)
    precision = device.settled_precision(settings.precision, architecture(base))
    attention = device.settled_attention(precision)
    tokenizer, model = mean_pooled.pretrained(base, len(lesson.labels), attention)
    embeddings = _embeddings(lesson, tokenizer, model, precision)
    lesson.context.progress.report(80, f"fitting a head to {len(embeddings)} texts")
    numbers = np.array(lesson.class_numbers(lesson.train), dtype=np.int64)
    head = fit_head(embeddings, numbers, settings.seed)
    _put(head, model)
    seconds = perf_counter() - started_s
    mean_pooled.save(model, lesson.labels, lesson.folder)
    lesson.context.progress.report(85, "exporting")
    return {
        "headStrength": decimal_string(head.strength),
        "trainSeconds": f"{seconds:.1f}",
        "samplesPerSecond": f"{len(lesson.train) / seconds:.1f}",
        "precision": precision,
        "microBatch": len(lesson.train),
        "software": device.software(),
        "computedOn": device.described(1),
        "memoryRanOut": [],
        **write_encoder(lesson, tokenizer, mean_pooled.saved),
    }


def _embeddings(
    lesson: Lesson, tokenizer: Any, model: "MeanPooled", precision: Precision
) -> "NDArray[np.float32]":
    """Of the train split, shape (texts, hidden size)."""
    from pharos_jobs.training.mean_pooled import embedded  # noqa: PLC0415 - loaded by now
    from pharos_jobs.training.token_store import TokenStore  # noqa: PLC0415

    max_tokens = lesson.trainer.hyperparameters.max_tokens
    tokens = TokenStore().tokens([s.text for s in lesson.train], tokenizer, max_tokens)
    rows = [tokens.of(position) for position in range(len(tokens))]
    found: dict[int, NDArray[np.float32]] = {}
    for batch, vectors in embedded(model, rows, precision):
        if lesson.context.stop.is_set():
            raise Interrupted("The step was asked to stop; the next try embeds the texts anew.")
        found.update(zip(batch, vectors, strict=True))
        lesson.context.progress.report(80 * len(found) // len(rows), f"embedded {len(found)} texts")
    return np.stack([found[position] for position in range(len(rows))])


def _put(head: Head, model: "MeanPooled") -> None:
    import torch  # noqa: PLC0415 - loaded by now

    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(head.weights))
        model.classifier.bias.copy_(torch.from_numpy(head.bias))
