"""Cleaning, duplicates, splits and selection hold for whatever papers come."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobs_builders import abstract, paper, sample

from pharos_api.data import LabelPolicy, Split
from pharos_jobs.core.cleaning import clean_text
from pharos_jobs.core.duplicates import DuplicateIndex, compute_text_hash, deduplicated
from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.selection import Rules, is_balanced, select
from pharos_jobs.core.splits import split_samples

TOPICS = ("cs.AI", "cs.RO", "cs.DB")
# Pieces that meet each rule, beside ordinary words and whatever Unicode holds.
PIECES = st.one_of(
    st.sampled_from(
        ["http://a.b/c?d=$e$", "https", "$x$", "$", r"\cite{a}", r"\emph{", "}", "\\", "..", "!?"]
    ),
    st.sampled_from([" ", "\n", "\t ", ".", ",,", "word", "Word."]),
    st.text(max_size=5),
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@pytest.mark.requirement("PRE-2")
@given(TEXTS)
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(clean) == clean


@pytest.mark.requirement("PRE-8", "PRE-9", "PRE-10", "PRE-11")
@given(TEXTS)
def test_nothing_that_has_to_go_is_left(text: str) -> None:
    clean = clean_text(text)
    assert not re.search(r"http\S+|\$[^$]*\$|\\[a-zA-Z]+\{[^}]*\}|\s\s|\.\.", clean)
    assert clean == clean.strip()


@st.composite
def repeated_samples(draw: st.DrawFn) -> list[Sample]:
    """Samples of which some share their id, their title or their text."""
    seeds = st.integers(0, 5)
    return [
        sample(
            "cs.AI",
            text=abstract("cs.AI", draw(seeds)),
            arxiv_id=f"id-{draw(seeds)}",
            title=draw(st.sampled_from(["", "On plans", "on  PLANS!", "Else"])),
        )
        for _ in range(draw(st.integers(0, 12)))
    ]


@pytest.mark.requirement("PRE-4")
@settings(max_examples=50)
@given(repeated_samples())
def test_duplicates_are_removed_once_and_for_all(samples: list[Sample]) -> None:
    kept = deduplicated(samples)
    assert deduplicated(kept) == kept
    ids = [s.arxiv_id for s in kept]
    titles = [compute_text_hash(s.title) for s in kept if s.title]
    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)


@pytest.mark.requirement("PRE-12")
@settings(max_examples=50)
@given(repeated_samples())
def test_a_sample_goes_only_for_one_that_stays(samples: list[Sample]) -> None:
    """Never are all copies dropped: what was left out repeats something that was kept."""
    kept = deduplicated(samples)
    index = DuplicateIndex()
    for one in kept:
        assert index.add(one) is None
    assert all(index.add(one) is not None for one in samples)


@settings(max_examples=30)
@given(repeated_samples(), st.randoms(use_true_random=False))
def test_of_equal_ids_one_stays_in_any_order(samples: list[Sample], chance) -> None:  # type: ignore[no-untyped-def]
    """Where only ids repeat, the set of ids that is kept does not depend on the order."""
    plain = [sample(seed=n, arxiv_id=s.arxiv_id) for n, s in enumerate(samples)]
    shuffled = list(plain)
    chance.shuffle(shuffled)
    assert {s.arxiv_id for s in deduplicated(shuffled)} == {s.arxiv_id for s in plain}
    assert len(deduplicated(shuffled)) == len(deduplicated(plain))


SIZES = st.lists(st.integers(10, 60), min_size=2, max_size=4)


@pytest.mark.requirement("PRE-7", "PRE-17")
@settings(max_examples=50)
@given(SIZES, st.integers(0, 2**31 - 1))
def test_splits_are_disjoint_whole_and_stratified_within_one(sizes: list[int], seed: int) -> None:
    samples = [
        Sample(text=f"{label}-{n}", label=f"class-{label}", arxiv_id=f"{label}-{n}")
        for label, size in enumerate(sizes)
        for n in range(size)
    ]
    parts = split_samples(samples, Split(seed=seed)).by_name()
    ids = [s.arxiv_id for part in parts.values() for s in part]
    assert sorted(ids) == sorted(s.arxiv_id for s in samples)
    for name, share in (("val", 0.1), ("test", 0.1), ("train", 0.8)):
        counts = Counter(s.label for s in parts[name])
        for label, size in enumerate(sizes):
            # Two rounds of drawing, each of which rounds by less than one.
            assert abs(counts[f"class-{label}"] - share * size) < 2
        assert abs(len(parts[name]) - share * sum(sizes)) <= 1


def rules(per_class: int) -> Rules:
    return Rules(frozenset(TOPICS), LabelPolicy.EXCLUSIVE, 50, per_class, seed=42)


@st.composite
def offered_papers(draw: st.DrawFn) -> list[Paper]:
    """Papers of three topics, some of them offered again under another id."""
    found: list[Paper] = []
    for topic in TOPICS:
        count = draw(st.integers(10, 25))
        found += [paper(topic, seed) for seed in range(count)]
        again = draw(st.lists(st.integers(0, count - 1), max_size=5))
        found += [paper(topic, n, id=f"copy-{topic}-{i}-{n}") for i, n in enumerate(again)]
    return found


@pytest.mark.requirement("COL-11", "SUC-4")
@settings(max_examples=20)
@given(offered_papers(), st.integers(10, 30))
def test_a_selection_is_balanced_and_never_more_than_was_asked_for(
    found: list[Paper], per_class: int
) -> None:
    selection = select(found, rules(per_class))
    assert set(selection.per_class) == set(TOPICS)
    assert is_balanced(selection.per_class)
    assert max(selection.per_class.values()) <= per_class
    assert len(selection.samples) + sum(selection.rejections.values()) == len(found)


@pytest.mark.requirement("PRE-13")
@settings(max_examples=20)
@given(offered_papers())
def test_duplicates_never_stand_on_both_sides_of_a_split(found: list[Paper]) -> None:
    splits = split_samples(select(found, rules(30)).samples, Split()).by_name()
    texts = [(name, s.text) for name, part in splits.items() for s in part]
    assert len({text for _, text in texts}) == len(texts)
