"""``pharos trials`` and ``pharos status`` of a searching run, against a real API server."""

from collections.abc import Callable
from typing import Any

from pharos_api.meta import API_VERSION
from pharos_api.search import SearchStatus, TrialStatus
from pharos_api.trainingrun import TrainingRun
from pharos_console.cluster import Cluster

Pharos = Callable[..., Any]
SEARCH = SearchStatus(
    study="default/weekly/1",
    trials=20,
    completed=9,
    pruned=3,
    running=1,
    best=TrialStatus(number=5, value="0.9120", evaluations=6, params={"epochs": "3"}),
    current=[TrialStatus(number=12, worker=1, repeats=7, params={"epochs": "5"})],
)


def test_a_search_is_shown_as_the_api_server_stores_it(cluster: Cluster, pharos: Pharos) -> None:
    spec = {
        "modelRef": {"name": "arxiv"},
        "data": {"source": {"dataset": {"uri": "file:///papers.jsonl"}}},
        "search": {"trials": 20, "timeout": "1h", "parallelism": 2},
    }
    kind = {"apiVersion": API_VERSION, "kind": "TrainingRun", "metadata": {"name": "weekly"}}
    cluster.apply(kind | {"spec": spec})
    assert "has not reported yet" in pharos("trials", "weekly").complained
    cluster.patch_status(TrainingRun, "weekly", {"phase": "Searching", "search": SEARCH.to_json()})
    stored = cluster.get(TrainingRun, "weekly")
    assert stored.status.search == SEARCH
    assert stored.spec.search is not None
    assert stored.spec.search.space.batch_size == [8, 16, 32]
    told = pharos("trials", "weekly")
    assert told.code == 0
    assert "12 of 20 trials are done (3 pruned), 1 running; the best is trial 5" in told.said
    assert "12 (repeats 7)" in told.said
    assert "12 of 20 trials are done" in pharos("status").said
