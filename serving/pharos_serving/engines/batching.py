"""Which texts of one request are computed together.

Pure. A batch is padded to its longest row, so rows of like length go together. On a CPU, batching
gains nothing once a single row keeps all cores busy (about 128 tokens), hence the small budget.
"""

from collections.abc import Sequence

TOKEN_BUDGET = 256
# A row may be padded by at most an eighth of the batch's longest row.
PADDING_DIVISOR = 8


def plan_batches(lengths: Sequence[int], token_budget: int = TOKEN_BUDGET) -> list[list[int]]:
    """Indices into ``lengths``, grouped; each index once, longest rows first.

    >>> plan_batches([5, 200, 5, 198])
    [[1], [3], [0, 2]]
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if batches and _fits(batches[-1], lengths, index, token_budget):
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def _fits(batch: Sequence[int], lengths: Sequence[int], index: int, token_budget: int) -> bool:
    longest = lengths[batch[0]]
    padding = longest - lengths[index]
    return (len(batch) + 1) * longest <= token_budget and padding * PADDING_DIVISOR <= longest
