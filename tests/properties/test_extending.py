"""Whatever is added to a data set: what was tested on is never learnt from."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobs_builders import paper, sample

from pharos_api.data import LabelPolicy, Split
from pharos_jobs.core.extending import Extended, News, augment_dataset, divided, past_leaks
from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.selection import Rules
from pharos_jobs.core.splits import Splits

TOPICS = ("cs.AI", "cs.DB", "cs.RO")
RULES = Rules(frozenset(TOPICS), LabelPolicy.EXCLUSIVE, 50, None, 42)

numbers = st.integers(0, 30)
# Papers share numbers with what is there already, so that many repeat it in one way or another.
papers = st.builds(
    lambda topic, seed, identity, title: paper(
        topic, seed, id=f"{topic}-{identity}", title=f"{topic} {title}"
    ),
    st.sampled_from(TOPICS),
    numbers,
    numbers,
    numbers,
)
feedback = st.builds(
    lambda topic, seed, number: sample(topic, seed, arxiv_id=f"request-{number}", title=""),
    st.sampled_from(TOPICS),
    numbers,
    numbers,
)
splits = st.integers(1, 40).flatmap(
    lambda test: st.integers(1, 40).map(
        lambda val: Split(train=100 - test - val, validation=val, test=test)
    )
)
limits = st.one_of(st.none(), st.integers(1, 5))


def old() -> Splits:
    """A data set of 18 samples, six of them tested on."""
    whole = [sample(topic, n) for topic in TOPICS for n in range(6)]
    return Splits(tuple(whole[0::3]), tuple(whole[1::3]), tuple(whole[2::3]))


def ids(part: tuple[Sample, ...]) -> list[str]:
    return [each.arxiv_id for each in part]


def keeps_what_was(before: Splits, found: Extended) -> None:
    for name, part in before.by_name().items():
        assert found.splits.by_name()[name][: len(part)] == part
    assert past_leaks(found.splits, [before.test]) == []
    everywhere = Counter(s.arxiv_id for part in found.splits.by_name().values() for s in part)
    assert max(everywhere.values()) == 1


@pytest.mark.requirement("RET-5")
@pytest.mark.requirement("RET-17")
@settings(max_examples=40, deadline=None)
@given(
    st.lists(papers, max_size=25), st.lists(feedback, max_size=8), splits, limits, st.integers(0, 9)
)
def test_no_sample_moves_and_nothing_tested_is_learnt(
    found: list[Paper], told: list[Sample], split: Split, limit: int | None, seed: int
) -> None:
    rules = replace(RULES, per_class=limit, seed=seed)
    once = augment_dataset(old(), News(found, told), rules, split)
    keeps_what_was(old(), once)
    again = augment_dataset(once.splits, News([*found, paper(seed=77)], told), rules, split)
    keeps_what_was(once.splits, again)
    keeps_what_was(old(), again)
    assert not {s.arxiv_id for s in told} & {*ids(again.splits.test), *ids(again.splits.val)}


@given(st.lists(st.tuples(st.sampled_from(TOPICS), numbers), unique=True), splits)
def test_new_samples_are_divided_in_proportion_whatever_their_number(
    named: list[tuple[str, int]], split: Split
) -> None:
    new = [sample(*each) for each in named]
    parts = divided(new, split)
    together = (*parts.train, *parts.val, *parts.test)
    assert Counter(ids(together)) == Counter(s.arxiv_id for s in new)
    assert abs(len(parts.test) - len(new) * split.test / 100) <= 1
    assert abs(len(parts.val) - len(new) * split.validation / 100) <= 1
    for topic in TOPICS:
        here = sum(s.label == topic for s in new)
        assert abs(sum(s.label == topic for s in parts.test) - here * split.test / 100) <= 2
