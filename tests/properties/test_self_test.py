"""What must hold of the A/A self-test: sound logs pass whatever they are, broken ones do not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from self_test_logs import (
    BOUNDS_MS,
    PLAN,
    each_request_a_user,
    failing_together,
    sound,
    stored_twice,
    uneven,
    user,
    with_a_bot,
)

from pharos_analysis.resplitting import UsersLog
from pharos_analysis.self_test import Trust, self_test

SEEDS = st.integers(0, 2**32 - 1)
BROKEN: dict[str, Callable[[int], UsersLog]] = {
    "rows stored twice": stored_twice,
    "requests taken for users": each_request_a_user,
    "requests that fail together": failing_together,
    "a bot": with_a_bot,
}


@settings(max_examples=20)
@given(seed=SEEDS, users=st.integers(200, 800), most=st.integers(2, 60), failing=st.floats(0, 0.5))
def test_users_who_ask_differently_much_are_trusted(
    seed: int, users: int, most: int, failing: float
) -> None:
    draws = np.random.default_rng(seed)
    found = (user(f"{n}", int(draws.integers(1, most)), draws, failing) for n in range(users))
    log = UsersLog(tuple(found), BOUNDS_MS)
    tested = self_test(log, replace(PLAN, seed=f"{seed}"))
    assert tested.trust is Trust.TRUSTED, tested.message


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@settings(max_examples=4)
@given(seed=SEEDS)
def test_a_broken_log_is_not_trusted(broken: Callable[[int], UsersLog], seed: int) -> None:
    found = self_test(broken(seed), replace(PLAN, seed=f"{seed}")).trust
    assert found not in (Trust.TRUSTED, Trust.TOO_LITTLE)


@settings(max_examples=4)
@given(seed=SEEDS)
def test_a_salt_biased_lot_is_not_trusted(seed: int) -> None:
    assert self_test(sound(seed=seed), PLAN, uneven).trust is Trust.UNEVEN_LOT
