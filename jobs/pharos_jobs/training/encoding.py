"""Texts as token numbers: tokenised once, cut at the limit, never padded before a batch is made."""

from collections.abc import Sequence
from typing import Any

from torch.utils.data import Dataset

from pharos_jobs.core.papers import Sample
from pharos_jobs.core.teaching import Teaching
from pharos_jobs.training.distilling import lessons
from pharos_jobs.training.token_store import TokenStore


class EncodedTexts(Dataset[dict[str, Any]]):
    """Encoded texts (rows TRN-17 to TRN-19).

    Items are ``{"input_ids": [int], "attention_mask": [int]}`` of the text's own length: padding is
    the collator's work, to the longest of a batch.
    """

    def __init__(
        self,
        texts: Sequence[str],
        tokenizer: Any,
        max_tokens: int,
        store: TokenStore | None = None,
    ) -> None:
        self._tokens = (store or TokenStore()).tokens(texts, tokenizer, max_tokens)
        self._order = list(range(len(texts)))

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int) -> dict[str, Any]:
        ids = self._tokens.of(self._order[index])
        return {"input_ids": ids, "attention_mask": [1] * len(ids)}

    @property
    def lengths(self) -> list[int]:
        """Tokens of each item."""
        counted = self._tokens.lengths
        return [counted[position] for position in self._order]


class ClassificationDataset(EncodedTexts):
    """Encoded samples: items hold ``"labels": int`` too.

    Once ``taught``, they hold what a teacher says of them as well.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        tokenizer: Any,
        label_to_id: dict[str, int],
        max_tokens: int,
        store: TokenStore | None = None,
    ) -> None:
        super().__init__([s.text for s in samples], tokenizer, max_tokens, store)
        self._labels = [label_to_id[s.label] for s in samples]
        self._teaching: Teaching | None = None

    def __getitem__(self, index: int) -> dict[str, Any]:
        position = self._order[index]
        item = super().__getitem__(index) | {"labels": self._labels[position]}
        return item | lessons(self._teaching, position) if self._teaching else item

    def taught(self, teaching: Teaching | None) -> "ClassificationDataset":
        """The same items with what a teacher says of each, a row for each sample."""
        self._teaching = teaching
        return self

    def shortest_first(self) -> "ClassificationDataset":
        """The same items by length: for evaluation, where order means nothing and padding costs."""
        counted = self._tokens.lengths
        self._order.sort(key=lambda position: counted[position])
        return self
