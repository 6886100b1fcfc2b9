"""``pharos trials``: the table of a search, and the sentence where there is none."""

from typing import Any

import pytest

from pharos_api.search import SearchStatus, TrialStatus
from pharos_api.trainingrun import TrainingRun
from pharos_console.cli.status import searching
from pharos_console.cli.trials import missing, records, trial_table

SEARCH = SearchStatus(
    study="default/weekly",
    trials=20,
    completed=9,
    running=2,
    best=TrialStatus(number=5, value="0.9120", evaluations=6, params={"epochs": "3"}),
    current=[
        TrialStatus(number=11, value="0.5000", evaluations=1, worker=0, params={"epochs": "5"}),
        TrialStatus(number=12, worker=1, repeats=7, params={"batchSize": "8"}),
    ],
)


def run(phase: str = "Searching", search: Any = SEARCH, asked: bool = True) -> TrainingRun:
    spec: dict[str, Any] = {
        "modelRef": {"name": "arxiv"},
        "data": {"source": {"dataset": {"uri": "file:///papers.jsonl"}}},
    }
    if asked:
        spec["search"] = {"timeout": "1h"}
    steps = [{"name": "search", "outputs": {"searchUri": "file:///a/search"}}]
    status = {"phase": phase, "steps": steps if phase == "Training" else []}
    if search is not None:
        status["search"] = search.to_json()
    given = {"metadata": {"name": "weekly"}, "spec": spec, "status": status}
    return TrainingRun.model_validate(given)


def test_the_best_comes_first_and_each_parameter_has_a_column() -> None:
    table = trial_table(SEARCH)
    assert [column.header for column in table.columns][5:] == ["epochs", "batchSize"]
    cells = list(zip(*(column.cells for column in table.columns), strict=True))
    assert cells == [
        ("5", "best", "0.9120", "-", "6", "3", "-"),
        ("11", "worker 0", "0.5000", "-", "1", "5", "-"),
        ("12 (repeats 7)", "worker 1", "-", "-", "0", "-", "8"),
    ]


SENTENCES = {
    "a run without a search": (
        run(asked=False, search=None),
        "TrainingRun weekly has no search: give spec.search in a new run",
    ),
    "a search that has not begun": (
        run("Preparing", search=None),
        "the search of TrainingRun weekly has not reported yet; the run is Preparing",
    ),
}


@pytest.mark.parametrize(("asked", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_why_there_is_nothing_to_show(asked: TrainingRun, sentence: str) -> None:
    assert missing(asked) == sentence


def test_the_status_tells_of_a_search_while_it_runs_and_where_its_files_are_after_it() -> None:
    assert searching(run()).startswith("9 of 20 trials are done, 2 running; the best is trial 5")
    assert searching(run("Training")) == ""
    assert (records(run()), records(run("Training"))) == ("", "file:///a/search")
