"""The configuration of rows RET-22 and RET-24, as a Model has it where nobody says otherwise."""

import pytest

from pharos_api.delivery import ABTestPlan
from pharos_api.meta import decimal, seconds
from pharos_api.model import ModelSpec, PromotionPolicy, RetrainingPolicy
from pharos_api.versioning import Registered, next_version


@pytest.mark.requirement("RET-22")
def test_what_the_retraining_is_configured_with() -> None:
    policy, promotion = RetrainingPolicy(), PromotionPolicy()
    assert policy.schedule == "0 2 * * 0"
    assert policy.triggers.data_growth_percent / 100 == 0.10
    assert decimal(promotion.min_improvement) == decimal("0.02")
    assert seconds(policy.max_training_time) == 14400


@pytest.mark.requirement("RET-24")
def test_what_the_promotion_is_configured_with() -> None:
    given = {"promotion": {"strategy": "ABTest"}}
    promotion = ModelSpec.model_validate(given).promotion
    assert (promotion.auto, promotion.strategy) == (True, "ABTest")
    assert seconds(ABTestPlan().duration) == 7 * 24 * 3600


@pytest.mark.requirement("RET-18")
def test_a_retraining_on_more_data_raises_the_minor_number() -> None:
    production = Registered("v1.1.0", "distilbert", "a" * 64)
    extended = Registered("", "distilbert", "b" * 64)
    assert next_version([production], extended) == "v1.2.0"
