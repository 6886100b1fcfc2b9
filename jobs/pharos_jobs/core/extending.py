"""A data set and what is new, as one: rows RET-5 and RET-17, settled point A22. Pure.

What an earlier model was tested on stays in the test split for ever, and nothing that repeats it is
learnt from. The old samples keep their split and their order, so each test split begins with the
one before it, and the oldest of all is the golden set. A new sample that repeats an old one, in
whatever split, falls away: the old one wins.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from xxhash import xxh64_intdigest

from pharos_api.data import Split
from pharos_jobs.core.duplicates import Duplicate, DuplicateIndex
from pharos_jobs.core.leaks import Leak, find_leaks
from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.selection import Present, Rules, select
from pharos_jobs.core.splits import Splits


@dataclass(frozen=True, slots=True)
class Extended:
    """Old and new together; ``added`` are the new samples by split, ``rejections`` why others went.

    ``feedback`` of the new training samples were labelled by users.
    """

    splits: Splits
    added: Splits
    feedback: int
    rejections: dict[str, int]

    @property
    def new_samples(self) -> int:
        """New samples in all three splits."""
        return sum(len(part) for part in self.added.by_name().values())


@dataclass(frozen=True, slots=True)
class News:
    """What may join: papers of the source, and texts that users have labelled."""

    papers: Sequence[Paper]
    feedback: Sequence[Sample] = ()


def augment_dataset(old: Splits, news: News, rules: Rules, split: Split) -> Extended:
    """The old data set with what is new in it, split without leaking.

    ``rules.targets`` are the old data set's labels. New papers are divided by the percentages of
    ``split``; feedback is for training alone.
    """
    present = _present(old)
    chosen = select(news.papers, rules, present)
    fresh, repeated = _apart(chosen.samples, old.test)
    related, also = _apart(chosen.related, old.test)
    told, refused = _usable(news.feedback, present.index, rules)
    told, near = _apart(told, old.test)
    added = divided(fresh, split)
    added = replace(added, train=(*added.train, *told), related=tuple(related))
    rejections = Counter(chosen.rejections) + refused
    rejections[Duplicate.TEXT.value] += repeated + also + near
    return Extended(joined(old, added), added, len(told), dict(sorted((+rejections).items())))


def joined(old: Splits, added: Splits) -> Splits:
    """Each split of the old followed by that of the new."""
    return Splits(
        (*old.train, *added.train),
        (*old.val, *added.val),
        (*old.test, *added.test),
        (*old.related, *added.related),
    )


def divided(samples: Sequence[Sample], split: Split) -> Splits:
    """New samples by the split's percentages, whatever their number; each class in proportion.

    Every n-th of the samples in the order of their classes goes to a set, so that of each class,
    and of all, it holds its share to within one.
    """
    ordered = sorted(samples, key=lambda s: (s.label, _drawn(s, split.seed), s.arxiv_id))
    rest, test = _every(ordered, split.test / 100)
    train, val = _every(rest, split.validation / (100 - split.test))
    return Splits(tuple(train), tuple(val), tuple(test))


def past_leaks(added: Splits, tests: Iterable[Sequence[Sample]]) -> list[Leak]:
    """What of the new training data repeats a test split of any ancestor; one is too many."""
    learnt = (*added.train, *added.related)
    return [leak for tested in tests for leak in find_leaks(learnt, tested)]


def windows(earlier: Sequence[int], old_test: int, added_test: int) -> list[int]:
    """How many samples of the test split came with each data set of the chain, the oldest first."""
    known = list(earlier) if sum(earlier) == old_test else [old_test]
    return [*known, added_test]


def _present(old: Splits) -> Present:
    index = DuplicateIndex()
    for sample in (*old.test, *old.val, *old.train, *old.related):
        index.remember(sample)
    labels = (s.label for part in old.by_name().values() for s in part)
    return Present(index, Counter(labels))


def _apart(samples: Sequence[Sample], tested: Sequence[Sample]) -> tuple[list[Sample], int]:
    """Those that repeat nothing tested, and how many others there were."""
    leaking = {leak.sample.arxiv_id for leak in find_leaks(samples, tested)}
    return [s for s in samples if s.arxiv_id not in leaking], len(leaking)


def _usable(
    told: Sequence[Sample], known: DuplicateIndex, rules: Rules
) -> tuple[list[Sample], Counter[str]]:
    """Feedback with a label of the data set that repeats nothing; why the others went."""
    kept, refused = [], Counter[str]()
    for sample in told:
        wanted = rules.targets is None or sample.label in rules.targets
        reason = known.add(sample) if wanted else "FeedbackOfAnotherLabel"
        if reason is None:
            kept.append(sample)
        else:
            refused[str(reason)] += 1
    return kept, refused


def _every(samples: Sequence[Sample], share: float) -> tuple[list[Sample], list[Sample]]:
    """The others, and so many samples at even distances, the first half of one from the start."""
    wanted = round(len(samples) * share)
    places = {int((number + 0.5) * len(samples) / wanted) for number in range(wanted)}
    others = [s for place, s in enumerate(samples) if place not in places]
    return others, [s for place, s in enumerate(samples) if place in places]


def _drawn(sample: Sample, seed: int) -> int:
    return xxh64_intdigest(sample.arxiv_id.encode(), seed=seed)
