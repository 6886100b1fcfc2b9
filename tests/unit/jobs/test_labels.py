import pytest
from jobs_builders import paper, sample

from pharos_api.data import LabelPolicy
from pharos_jobs.core.labels import LabelRejection, assign_label, label_order, validate_labels

EXCLUSIVE, PRIMARY = LabelPolicy.EXCLUSIVE, LabelPolicy.PRIMARY
TARGETS = frozenset({"cs.AI", "cs.LG"})
CASES = {
    "one target among the categories": (("cs.AI", "math.LO"), EXCLUSIVE, "cs.AI"),
    "the one target need not be the primary": (("math.LO", "cs.AI"), EXCLUSIVE, "cs.AI"),
    "two targets are not exclusive": (
        ("cs.AI", "cs.LG"),
        EXCLUSIVE,
        LabelRejection.SEVERAL_TARGETS,
    ),
    "no target": (("math.LO",), EXCLUSIVE, LabelRejection.NOT_A_TARGET),
    "the primary decides": (("cs.LG", "cs.AI"), PRIMARY, "cs.LG"),
    "a primary outside the targets": (("math.LO", "cs.AI"), PRIMARY, LabelRejection.NOT_A_TARGET),
    "no categories": ((), EXCLUSIVE, LabelRejection.NO_LABEL),
}


@pytest.mark.parametrize(("categories", "policy", "wanted"), CASES.values(), ids=CASES.keys())
def test_assign_label(
    categories: tuple[str, ...], policy: LabelPolicy, wanted: str | LabelRejection
) -> None:
    assert assign_label(paper(categories=categories), TARGETS, policy) == wanted


def test_a_label_of_the_source_is_taken_as_it_is() -> None:
    labelled = paper(label="sport", categories=())
    assert assign_label(labelled, None, EXCLUSIVE) == "sport"
    assert assign_label(labelled, TARGETS, EXCLUSIVE) is LabelRejection.NOT_A_TARGET


@pytest.mark.requirement("TST-6")
def test_label_mapping_creation() -> None:
    samples = [sample("cs.AI", 1), sample("cs.AI", 2), sample("cs.AI", 3, label="cs.LG")]
    assert label_order(s.label for s in samples) == ["cs.AI", "cs.LG"]


@pytest.mark.requirement("ERR-10")
def test_invalid_labels_are_counted_and_shown() -> None:
    samples = [sample("cs.AI", n, label="cs.XX") for n in range(7)]
    with pytest.raises(ValueError, match=r"Invalid labels found\. Expected:") as caught:
        validate_labels(samples, {"cs.AI"})
    message = str(caught.value)
    assert "Found: ['cs.XX']" in message
    assert "7 invalid samples" in message
    assert message.count("cs.AI-") == 5


def test_expected_labels_pass() -> None:
    validate_labels([sample()], {"cs.AI"})
