import hashlib

import pytest
from jobs_builders import abstract, sample

from pharos_jobs.core.duplicates import (
    Duplicate,
    DuplicateIndex,
    compute_text_hash,
    deduplicated,
    share_of_near_duplicates,
)

TEXT = abstract("cs.AI", 5, words=120)
ALMOST = TEXT.replace("planning", "planning", 1) + " Indeed."

CASES = {
    "the same id": (sample(arxiv_id="1"), sample(seed=9, arxiv_id="1"), Duplicate.ID),
    "the same title in other letters": (
        sample(title="On Plans: a Study"),
        sample(seed=9, title="on plans  a study!"),
        Duplicate.TITLE,
    ),
    "almost the same text": (sample(text=TEXT), sample(seed=9, text=ALMOST), Duplicate.TEXT),
    "another paper": (sample(), sample(seed=9), None),
    "two samples without a title": (sample(title=""), sample(seed=9, title=""), None),
}


@pytest.mark.requirement("PRE-4")
@pytest.mark.requirement("PRE-12")
@pytest.mark.requirement("PRE-13")
@pytest.mark.parametrize(("first", "second", "wanted"), CASES.values(), ids=CASES.keys())
def test_duplicates(first, second, wanted) -> None:  # type: ignore[no-untyped-def]
    index = DuplicateIndex()
    assert index.add(first) is None
    assert index.add(second) is wanted


@pytest.mark.requirement("TST-4")
def test_deduplication() -> None:
    samples = [
        sample(seed=1, arxiv_id="1"),
        sample(seed=2, arxiv_id="1"),
        sample(seed=3, arxiv_id="2"),
    ]
    assert len(deduplicated(samples)) == 2


@pytest.mark.requirement("PRE-3")
def test_text_hash_is_md5_of_the_normalised_text() -> None:
    wanted = hashlib.md5(b"a title", usedforsecurity=False).hexdigest()
    assert compute_text_hash("  A   Title! ") == wanted


@pytest.mark.requirement("SUC-2")
def test_what_is_left_is_measured() -> None:
    samples = [sample(seed=n) for n in range(8)]
    assert share_of_near_duplicates(samples) == 0
    twins = [*samples, sample(seed=90, text=TEXT), sample(seed=91, text=ALMOST)]
    assert share_of_near_duplicates(twins) == pytest.approx(0.2)
    assert share_of_near_duplicates(deduplicated(twins)) == 0
    assert share_of_near_duplicates([]) == 0
