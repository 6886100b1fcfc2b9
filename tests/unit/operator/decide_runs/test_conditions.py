"""Conditions follow the Kubernetes API conventions."""

from run_builders import NOW, at

from pharos_api.meta import Condition, ConditionStatus
from pharos_operator.decide.conditions import RunCondition, condition, find, is_true, merge

FOUND = Condition(
    type="ModelFound",
    status=ConditionStatus.TRUE,
    reason="Found",
    observed_generation=1,
    last_transition_time=NOW,
)


def test_an_unchanged_status_keeps_its_transition_time() -> None:
    finding = condition(RunCondition.MODEL_FOUND, True, "Found", "again")
    (merged,) = merge([FOUND], [finding], generation=2, now=at(60))
    assert merged.last_transition_time == NOW
    assert (merged.message, merged.observed_generation) == ("again", 2)


def test_a_changed_status_moves_its_transition_time_to_a_whole_second() -> None:
    finding = condition(RunCondition.MODEL_FOUND, False, "NotFound")
    (merged,) = merge([FOUND], [finding], generation=1, now=at(60.7))
    assert merged.last_transition_time == at(60)


def test_what_no_finding_names_is_kept_and_the_order_stays() -> None:
    succeeded = condition(RunCondition.SUCCEEDED, None, "InProgress")
    lost = condition(RunCondition.MODEL_FOUND, False, "NotFound")
    merged = merge(merge([FOUND], [succeeded], 1, NOW), [lost], 1, NOW)
    assert [each.type for each in merged] == ["ModelFound", "Succeeded"]
    assert merged[1].status is ConditionStatus.UNKNOWN


def test_a_long_message_is_cut_to_a_thousand_characters() -> None:
    (merged,) = merge([], [condition(RunCondition.SUCCEEDED, False, "X", "a" * 5000)], 1, NOW)
    assert len(merged.message) == 1000
    assert merged.message.endswith("…")


def test_a_condition_that_is_absent_is_not_true() -> None:
    assert is_true([FOUND], "ModelFound")
    assert not is_true([FOUND], "Succeeded")
    assert find([FOUND], "Succeeded") is None
