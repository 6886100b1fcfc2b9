"""The split: equal arms, nobody switches, bit for bit XXH64."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharos_api.assignment import (
    BUCKETS,
    HALF,
    Arm,
    assign,
    bucket,
    exposure_of,
    segments,
)

exposures = st.integers(0, HALF)
users = st.text(min_size=1, max_size=40)


@given(exposures)
def test_the_segments_cover_the_line_and_the_arms_are_equal(exposure: int) -> None:
    cut = list(segments(exposure))
    width = {arm: sum(one.width for one in cut if one.arm is arm) for arm in Arm}
    assert sum(width.values()) == BUCKETS
    assert width[Arm.CANDIDATE] == width[Arm.CONTROL] == exposure


@pytest.mark.requirement("ABT-4")
@pytest.mark.requirement("ABT-10")
@given(st.text(max_size=20), users, exposures, exposures)
def test_raising_the_exposure_moves_nobody_from_one_arm_to_the_other(
    salt: str, user: str, one: int, other: int
) -> None:
    low, high = sorted((one, other))
    before, after = assign(salt, user, low), assign(salt, user, high)
    assert before in (after, Arm.OUTSIDE)


@given(st.text(max_size=20), exposures)
def test_a_request_without_a_user_is_outside(salt: str, exposure: int) -> None:
    assert assign(salt, "", exposure) is Arm.OUTSIDE


def test_the_bucket_is_xxh64_with_seed_zero() -> None:
    # xxhsum -H64 of "salt:user" is 6f42d228c9f5d025 (reference implementation)
    assert bucket("salt", "user") == 0x6F42D228C9F5D025 % BUCKETS


@pytest.mark.parametrize(("percent", "buckets"), [(0, 0), (5, 500), (50, 5000), (100, 5000)])
def test_exposure_of_percent(percent: int, buckets: int) -> None:
    assert exposure_of(percent) == buckets


@pytest.mark.parametrize("exposure", [-1, HALF + 1])
def test_more_than_half_is_refused(exposure: int) -> None:
    with pytest.raises(ValueError, match=r"0\.\.5000"):
        list(segments(exposure))
