"""The questions that a request comes to, and papers that answer several of them."""

import pytest

from pharos_api.data import LabelPolicy, PubmedSource
from pharos_jobs.core.papers import Paper
from pharos_jobs.sources.asking import questions, with_all_labels
from pharos_jobs.sources.port import Window

QUERIES = [{"label": name, "query": f"{name.lower()}[mh]"} for name in ("Heart", "Lung", "Skin")]
EXCLUDED = {
    LabelPolicy.EXCLUSIVE: [
        ("lung[mh]", "skin[mh]"),
        ("heart[mh]", "skin[mh]"),
        ("heart[mh]", "lung[mh]"),
    ],
    LabelPolicy.PRIMARY: [(), ("heart[mh]",), ("heart[mh]", "lung[mh]")],
}


@pytest.mark.parametrize(("policy", "expected"), EXCLUDED.items(), ids=EXCLUDED)
def test_a_paper_that_answers_two_queries_goes_where_the_policy_says(
    policy: LabelPolicy, expected: list[tuple[str, ...]]
) -> None:
    source = PubmedSource.model_validate({"queries": QUERIES, "labelPolicy": policy})
    asked = questions(source, "2026-01-31")
    assert [each.label for each in asked] == source.categories == ["Heart", "Lung", "Skin"]
    assert [each.excluded for each in asked] == expected


ENDS = {"as it was given": ("2021-06-30", "2021-06-30"), "today": (None, "2026-01-31")}


@pytest.mark.parametrize(("given", "expected"), ENDS.values(), ids=ENDS)
def test_the_last_day_is(given: str | None, expected: str) -> None:
    source = PubmedSource.model_validate({"queries": QUERIES, "endDate": given})
    assert {each.window for each in questions(source, "2026-01-31")} == {
        Window("2020-01-01", expected)
    }


def test_a_paper_under_two_labels_carries_both_in_the_order_of_the_request() -> None:
    lone, shared = Paper("a", categories=("Heart",)), Paper("b", categories=("Heart",))
    again = Paper("b", categories=("Lung",))
    joined = with_all_labels({"Heart": [lone, shared], "Lung": [again]})
    assert joined["Heart"][0] is lone
    assert joined["Heart"][1].categories == joined["Lung"][0].categories == ("Heart", "Lung")


REFUSED = {
    "a label in two queries": ({"queries": [QUERIES[0], QUERIES[0]]}, "one query only"),
    "one label alone": ({"queries": QUERIES[:1]}, "at least 2 items"),
    "an empty query": ({"queries": [*QUERIES, {"label": "Eye", "query": "  "}]}, "pattern"),
    "a window that ends before it starts": (
        {"queries": QUERIES, "startDate": "2024-01-01", "endDate": "2023-12-31"},
        "endDate lies before startDate",
    ),
}


@pytest.mark.parametrize(("given", "says"), REFUSED.values(), ids=REFUSED)
def test_a_request_is_refused_with(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PubmedSource.model_validate(given)
