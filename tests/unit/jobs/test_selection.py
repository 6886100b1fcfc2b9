import pytest
from jobs_builders import paper, papers

from pharos_api.data import LabelPolicy
from pharos_jobs.core.selection import Rules, balanced, below, is_balanced, select

TOPICS = frozenset({"cs.AI", "cs.RO"})


def rules(per_class: int | None = None) -> Rules:
    return Rules(TOPICS, LabelPolicy.EXCLUSIVE, min_words=50, per_class=per_class, seed=42)


@pytest.mark.requirement("COL-11")
def test_each_class_gets_the_number_asked_for() -> None:
    selection = select(papers(each=20), rules(per_class=7))
    assert selection.per_class == {"cs.AI": 7, "cs.RO": 7}


def test_without_a_number_everything_clean_stays() -> None:
    assert select(papers(each=20), rules()).per_class == {"cs.AI": 20, "cs.RO": 20}


@pytest.mark.requirement("SUC-12")
def test_the_order_of_the_file_changes_nothing() -> None:
    found = papers(each=20)
    assert select(found, rules(7)) == select(list(reversed(found)), rules(7))


def test_every_rejection_is_counted_by_its_reason() -> None:
    found = [
        *papers(each=3),
        paper(id="x1", abstract="Too short."),
        paper(id="x2", categories=("cs.AI", "cs.RO")),
        paper(id="x3", categories=("math.LO",)),
        paper(seed=0),
    ]
    assert select(found, rules()).rejections == {
        "DuplicateId": 1,
        "NotATarget": 1,
        "SeveralTargets": 1,
        "TooShort": 1,
    }


@pytest.mark.requirement("SUC-4")
def test_a_short_class_cuts_the_others_to_ten_percent_more() -> None:
    found = [*papers(("cs.AI",), 40), *papers(("cs.RO",), 10)]
    selection = select(found, rules(per_class=30))
    assert selection.per_class == {"cs.AI": 11, "cs.RO": 10}
    assert is_balanced(selection.per_class)


def test_a_paper_of_several_targets_lies_beside_with_its_primary_first() -> None:
    several = paper("cs.RO", 7, categories=("cs.RO", "math.LO", "cs.AI"))
    (related,) = select([*papers(each=3), several], rules()).related
    assert (related.label, related.others) == ("cs.RO", ("cs.AI",))


def test_a_related_paper_that_resembles_a_sample_is_left_out() -> None:
    several = paper(seed=0, id="again", title="Another", categories=("cs.AI", "cs.RO"))
    assert select([*papers(each=3), several], rules()).related == ()


def test_under_the_primary_policy_nothing_is_related() -> None:
    found = [*papers(each=3), paper(seed=9, categories=("cs.AI", "cs.RO"))]
    primary = Rules(TOPICS, LabelPolicy.PRIMARY, min_words=50, per_class=None, seed=42)
    assert select(found, primary).related == ()


def test_balanced_of_nothing_is_nothing() -> None:
    assert balanced([]) == ([], 0)


def test_below_names_the_classes_that_are_short() -> None:
    assert below({"a": 60, "b": 3}, ["a", "b", "c"], 50) == {"b": 3, "c": 0}


@pytest.mark.parametrize(
    ("counts", "wanted"), [({"a": 100, "b": 100}, True), ({"a": 100, "b": 130}, False)]
)
def test_is_balanced(counts: dict[str, int], wanted: bool) -> None:
    assert is_balanced(counts) is wanted
