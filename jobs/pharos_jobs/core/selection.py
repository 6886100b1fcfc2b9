"""Which papers make up the data set: labelled, clean, without duplicates, balanced.

One pass in a drawn order: a class stops taking papers when it has the number asked for, so the
cost grows with what is kept and not with what is offered.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from xxhash import xxh64_intdigest

from pharos_api.data import LabelPolicy
from pharos_jobs.core.duplicates import DuplicateIndex
from pharos_jobs.core.labels import LabelRejection, assign_label, several_targets
from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.quality import Rejection, to_sample

BALANCE = 1.1


@dataclass(frozen=True, slots=True)
class Rules:
    """What a paper must be to be kept. ``targets`` None means every label that is found."""

    targets: frozenset[str] | None
    policy: LabelPolicy
    min_words: int
    per_class: int | None
    seed: int


@dataclass(frozen=True, slots=True)
class Selection:
    """The samples kept, and how many papers were refused for which reason.

    ``related`` are clean papers that were refused for having several of the labels, and resemble
    none of the samples: to learn from, never to be measured on.
    """

    samples: tuple[Sample, ...]
    rejections: Mapping[str, int]
    related: tuple[Sample, ...] = ()

    @property
    def per_class(self) -> dict[str, int]:
        """Number of samples by label, in the labels' order."""
        return dict(sorted(Counter(s.label for s in self.samples).items()))


@dataclass(frozen=True, slots=True)
class Present:
    """What is there already when papers are added: what they may repeat, and samples by label."""

    index: DuplicateIndex = field(default_factory=DuplicateIndex)
    counts: Mapping[str, int] = field(default_factory=dict)


def drawn_order(papers: Iterable[Paper], seed: int) -> list[Paper]:
    """Papers in an order that depends on the seed and their ids alone, not on the file's order."""
    return sorted(papers, key=lambda p: (xxh64_intdigest(p.id.encode(), seed=seed), p.id))


def select(papers: Iterable[Paper], rules: Rules, present: Present | None = None) -> Selection:
    """Keep what the rules allow; at most ``per_class`` of each label, within ±10 % of each other.

    Balance is kept only where a number a class is asked for: without one the natural mix stays.
    What is ``present`` counts for the balance, and what repeats it falls away.
    """
    present = present or Present()
    kept: list[Sample] = []
    counts: Counter[str] = Counter()
    rejections: Counter[str] = Counter()
    duplicates = present.index
    several: list[Paper] = []
    for paper in drawn_order(papers, rules.seed):
        outcome = _labelled(paper, rules, counts)
        sample = outcome if isinstance(outcome, Sample) else None
        reason = duplicates.add(sample) if sample else outcome
        if sample is None or reason is not None:
            rejections[str(reason)] += 1
            if reason is LabelRejection.SEVERAL_TARGETS:
                several.append(paper)
            continue
        counts[sample.label] += 1
        kept.append(sample)
    if rules.per_class is not None:
        kept, surplus = balanced(kept, present.counts)
        rejections["Balance"] += surplus
    related = tuple(_related(several, rules, duplicates))
    return Selection(tuple(kept), dict(sorted((+rejections).items())), related)


def _related(papers: Iterable[Paper], rules: Rules, known: DuplicateIndex) -> Iterator[Sample]:
    for paper in papers:
        label, *others = several_targets(paper, rules.targets)
        sample = to_sample(paper, label, rules.min_words)
        if isinstance(sample, Sample) and known.add(sample) is None:
            yield replace(sample, others=tuple(others))


def _labelled(
    paper: Paper, rules: Rules, counts: Counter[str]
) -> Sample | Rejection | LabelRejection | str:
    label = assign_label(paper, rules.targets, rules.policy)
    if isinstance(label, LabelRejection):
        return label
    if rules.per_class is not None and counts[label] >= rules.per_class:
        return "ClassFull"
    return to_sample(paper, label, rules.min_words)


def balanced(
    samples: Sequence[Sample], present: Mapping[str, int] | None = None
) -> tuple[list[Sample], int]:
    """The samples with no class larger than 1.1 times the smallest, and how many were left out.

    Then every class lies within ±10 % of the mean (settled point A8, row SUC-4). Samples that are
    ``present`` are counted, and stay.
    """
    taken = Counter(present or {})
    counts = taken + Counter(s.label for s in samples)
    limit = int(min(counts.values(), default=0) * BALANCE)
    kept = []
    for sample in samples:
        if taken[sample.label] < limit:
            taken[sample.label] += 1
            kept.append(sample)
    return kept, len(samples) - len(kept)


def is_balanced(per_class: Mapping[str, int]) -> bool:
    """Whether every class lies within ±10 % of the mean."""
    mean = sum(per_class.values()) / max(1, len(per_class))
    return all(abs(n - mean) <= 0.1 * mean for n in per_class.values())


def below(per_class: Mapping[str, int], labels: Iterable[str], limit: int) -> dict[str, int]:
    """The classes with fewer papers than the limit, and how many they have."""
    return {name: per_class.get(name, 0) for name in labels if per_class.get(name, 0) < limit}
