"""Texts as token numbers: tokenised once, cut at the limit, never padded before a batch is made."""

from collections.abc import Sequence
from typing import Any

from torch.utils.data import Dataset

from pharos_jobs.core.papers import Sample


class ClassificationDataset(Dataset[dict[str, Any]]):
    """Encoded samples (rows TRN-17 to TRN-19).

    Items are ``{"input_ids": [int], "attention_mask": [int], "labels": int}`` of the text's own
    length: padding is the collator's work, to the longest of a batch.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        tokenizer: Any,
        label_to_id: dict[str, int],
        max_tokens: int,
    ) -> None:
        encoded = tokenizer(
            [s.text for s in samples], truncation=True, max_length=max_tokens, padding=False
        )
        self._items = [
            {"input_ids": ids, "attention_mask": mask, "labels": label_to_id[sample.label]}
            for ids, mask, sample in zip(
                encoded["input_ids"], encoded["attention_mask"], samples, strict=True
            )
        ]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._items[index]

    def shortest_first(self) -> "ClassificationDataset":
        """The same items by length: for evaluation, where order means nothing and padding costs."""
        self._items.sort(key=lambda item: len(item["input_ids"]))
        return self
