"""Looks at whole objects through the index."""

import pytest
import virtual_time
from operator_fakes import FakeCluster, body, owner

from pharos_api import names
from pharos_operator.errors import Invalid
from pharos_operator.reconcile.capacity import Capacity
from pharos_operator.reconcile.gateways import GatewayBoard
from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.reconcile.observe import Observer
from pharos_operator.reconcile.progress import ProgressBoard

OF_M = {"modelRef": {"name": "m"}}
DATA = {"source": {"dataset": {"uri": "file:///x.jsonl"}}}
ARTIFACT = {"uri": "s3://m", "sha256": "a" * 64}


def _version(name: str, number: str) -> dict[str, object]:
    return {**OF_M, "version": number, "artifact": ARTIFACT}


def _world(*more: dict[str, object]) -> tuple[Index, Observer]:
    index = Index()
    for each in (
        body("Model", "m"),
        body("TrainingRun", "run", spec={**OF_M, "data": DATA}),
        body("ModelVersion", "v1", spec=_version("v1", "v1.0.0")),
        body("ModelVersion", "v2", spec=_version("v2", "v2.0.0")),
        body("ABExperiment", "move", spec={**OF_M, "candidateRef": {"name": "v2"}}),
        *more,
    ):
        index.observe(each)
    capacity = Capacity(FakeCluster())
    return index, Observer(index, ProgressBoard(), GatewayBoard(index, "default"), capacity)


def _entry(index: Index, kind: str, name: str) -> Entry:
    entry = index.get(Key(kind, "default", name))
    assert entry is not None
    return entry


def test_a_run_sees_its_own_jobs_with_their_pods_and_nobody_elses() -> None:
    index, observer = _world(
        body("Job", "run-collect", ownerReferences=[owner("TrainingRun", "run")]),
        body("Pod", "run-collect-x", ownerReferences=[owner("Job", "run-collect")]),
        body("Job", "stranger", ownerReferences=[owner("TrainingRun", "other")]),
    )
    seen = observer.run(_entry(index, "TrainingRun", "run"))
    assert list(seen.jobs) == ["run-collect"]
    assert seen.jobs["run-collect"].pod is not None
    assert seen.model is not None
    assert [v.metadata.name for v in seen.versions] == ["v1", "v2"]


def test_a_run_without_its_model_sees_none() -> None:
    index, observer = _world()
    index.forget(Key("Model", "default", "m"), 9)
    assert observer.run(_entry(index, "TrainingRun", "run")).model is None


def test_an_experiment_sees_production_as_its_control_and_not_itself_as_a_rival() -> None:
    production = {"production": {"name": "v1", "version": "v1.0.0"}}
    index, observer = _world(body("Model", "m", 2, status=production))
    seen = observer.experiment(_entry(index, "ABExperiment", "move"))
    assert seen.control is not None
    assert seen.control.metadata.name == "v1"
    assert seen.candidate is not None
    assert seen.candidate.metadata.name == "v2"
    assert seen.rivals == ()


def test_a_version_sees_the_one_in_production() -> None:
    production = {"production": {"name": "v1", "version": "v1.0.0"}}
    index, observer = _world(body("Model", "m", 2, status=production))
    seen = observer.version(_entry(index, "ModelVersion", "v2"))
    assert seen.production is not None
    assert seen.production.metadata.name == "v1"


def test_a_neighbour_that_cannot_be_understood_is_left_out() -> None:
    index, observer = _world(body("ModelVersion", "v2", 2, spec={**OF_M, "version": "two"}))
    seen = observer.model(_entry(index, "Model", "m"))
    assert [v.metadata.name for v in seen.versions] == ["v1"]


def test_an_object_that_cannot_be_understood_itself_is_invalid_with_a_sentence() -> None:
    index, observer = _world(body("ModelVersion", "v2", 2, spec={**OF_M, "version": "two"}))
    with pytest.raises(Invalid, match=r"Correct the object and apply it again: .*spec\.version"):
        observer.version(_entry(index, "ModelVersion", "v2"))


def test_the_gpus_of_all_nodes_are_counted() -> None:
    cluster = FakeCluster()
    for name, gpus in (("a", "2"), ("b", "1")):
        node = body("Node", name, status={"allocatable": {"nvidia.com/gpu": gpus}})
        cluster.put(node)
    cluster.put(body("Node", "c", status={"allocatable": {"cpu": "8"}}))
    assert virtual_time.run(Capacity(cluster)._count()) == 3


def test_an_experiment_sees_the_job_that_tries_its_candidate() -> None:
    index, observer = _world(
        body("Job", "move-verify", ownerReferences=[owner("ABExperiment", "move")]),
        body("Pod", "move-verify-x", ownerReferences=[owner("Job", "move-verify")]),
    )
    seen = observer.experiment(_entry(index, "ABExperiment", "move")).verification
    assert seen is not None
    assert (seen.name, seen.pod is not None) == ("move-verify", True)


def test_an_experiment_does_not_see_the_job_of_an_earlier_one_of_its_name() -> None:
    left_over = {**owner("ABExperiment", "move"), "uid": "uid-of-an-earlier-one"}
    index, observer = _world(body("Job", "move-verify", ownerReferences=[left_over]))
    assert observer.experiment(_entry(index, "ABExperiment", "move")).verification is None


CHECK = {names.LABEL_STEP: names.CHECK}


def test_a_model_sees_its_checks_and_its_retrainings_and_nothing_else_of_the_kind() -> None:
    of_cron = [owner("CronJob", "m-retrain")]
    again = {**OF_M, "data": DATA, "cause": {"trigger": "Drift"}}
    index, observer = _world(
        body("CronJob", "m-retrain", ownerReferences=[owner("Model", "m")]),
        body("Job", "m-retrain-1", labels=CHECK, ownerReferences=of_cron),
        body("Job", "m-check-1", labels=CHECK, ownerReferences=[owner("Model", "m")]),
        body("Job", "m-registry-1", ownerReferences=[owner("Model", "m")]),
        body("Job", "stranger", labels=CHECK, ownerReferences=[owner("Model", "other")]),
        body("Pod", "m-check-1-x", ownerReferences=[owner("Job", "m-check-1")]),
        body("TrainingRun", "again", spec=again),
    )
    seen = observer.model(_entry(index, "Model", "m"))
    assert [(job.name, job.pod is not None) for job in seen.checks] == [
        ("m-check-1", True),
        ("m-retrain-1", False),
    ]
    assert [run.metadata.name for run in seen.retrainings] == ["again"]


ZONES = {"Etc/UTC": "UTC", "Europe/Vienna": "Europe/Vienna", "Mars/Olympus": "None"}


@pytest.mark.parametrize("name", ZONES)
def test_the_time_zone_of_the_policy_is_looked_up_or_said_to_be_unknown(name: str) -> None:
    index, observer = _world(body("Model", "m", 2, spec={"retraining": {"timeZone": name}}))
    assert str(observer.model(_entry(index, "Model", "m")).zone) == ZONES[name]
