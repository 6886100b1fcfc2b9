from collections import Counter

import pytest
from jobs_builders import sample

from pharos_api.data import Split
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.splits import split_samples

SAMPLES = [sample(topic, n) for topic in ("cs.AI", "cs.RO") for n in range(100)]


@pytest.mark.requirement("PRE-7")
@pytest.mark.requirement("PRE-17")
def test_eighty_ten_ten_with_the_classes_in_proportion() -> None:
    splits = split_samples(SAMPLES, Split())
    sizes = {name: len(part) for name, part in splits.by_name().items()}
    assert sizes == {"train": 160, "val": 20, "test": 20}
    for part in splits.by_name().values():
        counts = Counter(s.label for s in part)
        assert counts["cs.AI"] == counts["cs.RO"]


@pytest.mark.requirement("PRE-19")
def test_ten_thousand_samples_become_8000_1000_and_1000() -> None:
    many = [Sample("text", f"class-{n % 10}", str(n)) for n in range(10_000)]
    splits = split_samples(many, Split()).by_name()
    assert {name: len(part) for name, part in splits.items()} == {
        "train": 8000,
        "val": 1000,
        "test": 1000,
    }
    assert set(Counter(s.label for s in splits["test"]).values()) == {100}


def test_no_sample_stands_in_two_splits() -> None:
    splits = split_samples(SAMPLES, Split())
    ids = [s.arxiv_id for part in splits.by_name().values() for s in part]
    assert sorted(ids) == sorted(s.arxiv_id for s in SAMPLES)


@pytest.mark.requirement("PRE-18")
@pytest.mark.requirement("CON-2")
def test_the_seed_alone_draws_the_split() -> None:
    assert split_samples(SAMPLES, Split()) == split_samples(SAMPLES, Split(seed=42))
    assert split_samples(SAMPLES, Split()) != split_samples(SAMPLES, Split(seed=43))
