"""A share of the training samples, each class alike: what the trials of a search train on. Pure."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Sequence

from pharos_jobs.core.papers import Sample


def share(samples: Sequence[Sample], percent: int, seed: int) -> list[Sample]:
    """``percent`` of the samples of each class, rounded up, in the given order.

    The same samples and seed give the same share, and a larger share holds the smaller ones.
    """
    if percent >= 100:
        return list(samples)
    classes: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for position, sample in enumerate(samples):
        mark = hashlib.sha256(f"{seed} {sample.arxiv_id} {sample.text}".encode()).hexdigest()
        classes[sample.label].append((mark, position))
    taken = {
        position
        for members in classes.values()
        for _, position in sorted(members)[: math.ceil(len(members) * percent / 100)]
    }
    return [sample for position, sample in enumerate(samples) if position in taken]
