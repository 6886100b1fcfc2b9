"""Which predictions are worth a person's label: uncertainty sampling. Pure.

The doubt of a prediction is one less the margin between its two best scores (Scheffer, Decomain,
Wrobel 2001, "Active hidden Markov models for information extraction"). What is disputed comes
before what is merely uncertain: an answer that a user was dissatisfied with, or that another
version contradicts. Predicted classes take turns, so that one hard class does not fill the queue,
and of equal texts one is enough.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xxhash import xxh64_intdigest

from pharos_store.unlabelled import Unlabelled


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prediction, how doubtful it is in 0..1, and why it is shown."""

    row: Unlabelled
    doubt: float
    why: str

    @property
    def disputed(self) -> bool:
        """Whether somebody or something disagrees with the answer."""
        return self.row.dissatisfied or bool(_others(self.row))


def chosen(rows: Iterable[Unlabelled], count: int, seed: int) -> list[Candidate]:
    """At most ``count`` predictions, the most rewarding of each predicted class in turn.

    The same rows and seed give the same choice, in whatever order they come.
    """
    ranked = sorted(map(_candidate, rows), key=lambda each: _rank(each, seed))
    queues: dict[str, list[Candidate]] = {}
    seen: set[str] = set()
    for each in ranked:
        if each.row.text_hash not in seen:
            seen.add(each.row.text_hash)
            queues.setdefault(each.row.predicted, []).append(each)
    return _in_turn(list(queues.values()), count)


def doubt(scores: Sequence[float]) -> float:
    """One less the margin of the two best scores: 1 where they are even.

    >>> round(doubt([0.5, 0.3, 0.2]), 3)
    0.8
    """
    best = sorted(scores, reverse=True)[:2]
    return 1.0 - (best[0] - best[1]) if len(best) > 1 else 0.0


def _candidate(row: Unlabelled) -> Candidate:
    confidence = row.scores.get(row.predicted, 0.0)
    parts = [f"confidence {confidence:.2f}"]
    parts += [f"another version says {other}" for other in _others(row)]
    parts += ["a user was dissatisfied"] * row.dissatisfied
    return Candidate(row, doubt(list(row.scores.values())), ", ".join(parts))


def _others(row: Unlabelled) -> list[str]:
    return sorted({shadow for shadow in row.shadows if shadow != row.predicted})


def _rank(each: Candidate, seed: int) -> tuple[bool, float, int, str]:
    # To a hundredth, so that the seed decides among those that are as good.
    drawn = xxh64_intdigest(each.row.request_id.encode(), seed=seed)
    return not each.disputed, -round(each.doubt, 2), drawn, each.row.request_id


def _in_turn(queues: list[list[Candidate]], count: int) -> list[Candidate]:
    taken: list[Candidate] = []
    for turn in range(max(map(len, queues), default=0)):
        taken += [queue[turn] for queue in queues if turn < len(queue)]
    return taken[:count]
