"""The circle, once around, with things broken on the way. The tests run in this order."""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from proving import kill_leader, leader, upload, wait_for

from pharos_api import names
from pharos_api.abexperiment import ABExperiment, ExperimentPhase
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.trainingrun import StepName, StepState, TrainingRun, TrainingRunPhase
from pharos_console.cluster import Cluster
from pharos_console.demo import objects
from pharos_console.demo.objects import Size
from pharos_console.demo.scenario import Scenario
from pharos_console.demo.stage import NAMESPACE, Stage
from pharos_console.demo.traffic import Traffic
from pharos_console.experiments.deploying import deployed_in
from pharos_console.load.answers import seconds_to_rollback, summarise
from pharos_console.load.gateway import gateway_url
from pharos_console.load.generator import Plan
from pharos_console.load.routes import RouteLog
from pharos_console.load.texts import packaged_texts
from pharos_console.upload import Stored

pytestmark = pytest.mark.timeout(1200)

TINY = Size(papers_per_category=60, epochs=1)
OTHER = Size(papers_per_category=70, epochs=1)


@contextmanager
def in_background(action: Callable[[], None]) -> Iterator[list[BaseException]]:
    """Run something beside the body; what it raised is raised at the end."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield raised
    thread.join(timeout=900)
    assert not thread.is_alive(), "the background action did not end"
    if raised:
        raise raised[0]


def traffic_at(cluster: Cluster, rate: float, feedback: float = 0.0) -> Traffic:
    url = f"{gateway_url(cluster)}/models/{cluster.namespace}/{objects.MODEL}"
    return Traffic(
        Plan(url, rate, None, users=1000, feedback_share=feedback), packaged_texts(3, 500)
    )


@pytest.mark.requirement("GOL-1")
@pytest.mark.requirement("GOL-8")
@pytest.mark.requirement("GOL-9")
def test_a_leader_killed_during_training_leaves_one_job_a_step(
    installed: Cluster, scenario: Scenario, ingredients, kubectl
) -> None:
    installed.apply(objects.model(ingredients))
    killed: list[str] = []

    def kill_while_training() -> None:
        def training() -> bool:
            run = installed.find(TrainingRun, "first")
            steps = {step.name: step.state for step in run.status.steps} if run else {}
            return steps.get(StepName.TRAIN) is StepState.RUNNING

        wait_for("training", training, 300)
        killed.append(kill_leader(kubectl))

    with in_background(kill_while_training):
        run = scenario.train("first", TINY)
    assert leader(kubectl) != killed[0]
    jobs = kubectl.json("get", "jobs", "-l", f"{names.LABEL_RUN}=first")["items"]
    steps = Counter(job["metadata"]["labels"][names.LABEL_STEP] for job in jobs)
    assert steps == {"collect": 1, "prepare": 1, "train": 1, "evaluate": 1, "register": 1}
    assert run.status.version == "v1.0.0"
    assert {step.attempts for step in run.status.steps} == {1}


def test_a_running_step_told_its_progress(installed: Cluster) -> None:
    progress = installed.get(TrainingRun, "first").status.progress
    assert progress is not None
    assert progress.percent == 100


@pytest.mark.requirement("GOL-6")
@pytest.mark.requirement("GOL-9")
def test_the_first_version_goes_live_and_answers(installed: Cluster, scenario: Scenario) -> None:
    scenario.wait_until_live("v1.0.0")
    url = f"{gateway_url(installed)}/models/{installed.namespace}/{objects.MODEL}"
    answer = httpx.post(f"{url}/v1/classify", json={"text": "The match ended two goals to one."})
    assert answer.status_code == 200, answer.text
    assert answer.headers[names.HEADER_VERSION] == "v1.0.0"
    health = httpx.get(f"{url}/health/ml")
    assert (health.status_code, health.json()["status"]) == (200, "healthy")


def test_two_pods_that_train_together_reach_the_metrics_of_one(
    installed: Cluster, scenario: Scenario, kubectl
) -> None:
    """The first run once more, and nothing else: a replay registers no version."""
    alone = installed.get(TrainingRun, "first")
    again = objects.training_run("together", scenario.ingredients, scenario.stored, TINY)
    again["spec"]["replayOf"] = "first"
    again["spec"]["trainer"]["nodes"] = 2
    # Two pods on two cores: neither may take the other's.
    again["spec"]["resources"] = {
        "train": {"requests": {"cpu": "200m", "memory": "1Gi"}, "limits": {"cpu": "1"}}
    }
    installed.apply(again)

    def ended() -> bool:
        status = installed.get(TrainingRun, "together").status
        assert status.phase is not TrainingRunPhase.FAILED, status.conditions
        return status.phase is TrainingRunPhase.SUCCEEDED

    wait_for("the pair", ended, 300)
    pods = kubectl.json("get", "pods", "-l", f"{names.LABEL_RUN}=together")["items"]
    steps = Counter(pod["metadata"]["labels"][names.LABEL_STEP] for pod in pods)
    assert steps == {"collect": 1, "prepare": 1, "train": 2, "evaluate": 1}
    metrics = installed.get(TrainingRun, "together").status.metrics
    for name in ("validationAccuracy", "testAccuracy", "macroF1"):
        assert float(metrics[name]) == pytest.approx(float(alone.status.metrics[name]), abs=0.05)


BAD_REQUESTS = {
    "an empty text": {"json": {"text": ""}},
    "a wrong type": {"json": {"text": 7}},
    "no field": {"json": {}},
    "too many texts": {"json": {"texts": ["a text"] * 10_000}},
    "a text that is far too long": {"json": {"text": "word " * 100_000}},
    "a wrong content type": {"content": b"text", "headers": {"content-type": "text/plain"}},
    "broken JSON": {"content": b"{", "headers": {"content-type": "application/json"}},
}


@pytest.mark.parametrize("request_", BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_bad_request_gets_a_4xx_in_json(installed: Cluster, request_: dict) -> None:
    url = f"{gateway_url(installed)}/models/{installed.namespace}/{objects.MODEL}"
    answer = httpx.post(f"{url}/v1/classify", **request_)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["message"]


@pytest.fixture(scope="module")
def uploaded(installed: Cluster, stage: Stage, tmp_path_factory) -> Stored:
    """Two hundred labelled texts in the artifact store, brought there by `pharos upload`'s code."""
    os.environ["PHAROS_KUBECTL"] = f"{stage.cluster_tool} kubectl"
    return upload(installed, packaged_texts(5, 200), tmp_path_factory.mktemp("data"))


def broken_runs(ingredients, uploaded: Stored) -> dict[str, tuple[dict, str, str]]:
    def run(name: str, **changes) -> dict:
        manifest = objects.training_run(name, ingredients, None, TINY)
        manifest["spec"]["data"]["source"]["dataset"] |= changes.get("dataset", {})
        manifest["spec"]["trainer"] |= changes.get("trainer", {})
        return manifest

    wrong = "0" * 64
    return {
        "bad-digest": (
            run("bad-digest", dataset={"uri": uploaded.uri, "sha256": wrong}),
            "DigestMismatch",
            uploaded.sha256,
        ),
        "bad-file": (
            run("bad-file", dataset={"uri": "file:///artifacts/none.jsonl"}),
            "SourceUnreadable",
            "none.jsonl",
        ),
        "bad-class": (
            run("bad-class", dataset={"categories": ["sports", "chess"]}),
            "CategoryEmpty",
            "chess",
        ),
        "bad-few": (
            run("bad-few", dataset={"papersPerCategory": 20}),
            "TooFewPapers",
            "50",
        ),
        "bad-model": (
            run("bad-model", trainer={"baseModel": "no-such-model"}),
            "BaseModelNotFound",
            "no-such-model",
        ),
    }


def test_what_cannot_work_ends_in_a_reason_and_a_sentence(
    installed: Cluster, ingredients, uploaded: Stored
) -> None:
    cases = broken_runs(ingredients, uploaded)
    for manifest, _, _ in cases.values():
        installed.apply(manifest)
    for name, (_, reason, part) in cases.items():
        wait_for(
            name,
            lambda name=name: (
                installed.get(TrainingRun, name).status.phase is TrainingRunPhase.FAILED
            ),
            300,
        )
        run = installed.get(TrainingRun, name)
        condition = next(one for one in run.status.conditions if one.type == "Succeeded")
        assert (condition.status, condition.reason) == ("False", reason), condition.message
        assert part in condition.message
        assert max(step.attempts for step in run.status.steps) == 1, "nothing to heal, no retry"


def test_a_run_without_a_gpu_node_says_what_it_waits_for(installed: Cluster, ingredients) -> None:
    manifest = objects.training_run("no-gpu", ingredients, None, TINY)
    manifest["spec"]["resources"] = {"collect": {"limits": {"nvidia.com/gpu": "64"}}}
    installed.apply(manifest)

    def told() -> bool:
        conditions = installed.get(TrainingRun, "no-gpu").status.conditions
        return any("nvidia.com/gpu" in one.message for one in conditions)

    wait_for("the sentence about the missing GPU", told, 60)
    installed.delete(TrainingRun, "no-gpu")


@pytest.mark.requirement("SUC-14")
@pytest.mark.requirement("SUC-15")
@pytest.mark.requirement("SUC-21")
@pytest.mark.requirement("SUC-22")
@pytest.mark.requirement("ABT-1")
@pytest.mark.requirement("ABT-3")
@pytest.mark.requirement("VER-6")
@pytest.mark.requirement("CHK-7")
@pytest.mark.requirement("DEP-9")
@pytest.mark.requirement("DEP-11")
def test_a_better_version_is_promoted_through_three_outages(
    installed: Cluster, scenario: Scenario, kubectl
) -> None:
    """Leader killed, a gateway pod killed, the API server away for 60 s: nobody notices."""
    traffic = traffic_at(installed, rate=15, feedback=0.2)
    outages: list[str] = []

    def break_things() -> None:
        def progressing() -> bool:
            return any(
                one.status.phase is ExperimentPhase.PROGRESSING
                for one in installed.every(ABExperiment)
            )

        wait_for("the canary to begin", progressing, 600)
        outages.append(kill_leader(kubectl))
        gateways = kubectl.json(
            "get", "pods", "-l", f"{names.LABEL_COMPONENT}={names.COMPONENT_GATEWAY}"
        )
        kubectl("delete", "pod", gateways["items"][0]["metadata"]["name"])
        assert kubectl.drill("apiserver-down", "60").wait(timeout=180) == 0
        outages.append("api server")

    with RouteLog(installed, objects.MODEL) as routes:
        traffic.start()
        with in_background(break_things):
            run = scenario.train("better", OTHER)
            watched = scenario.watch_experiment(run.status.version, traffic, 0)
        traffic.stop()
        summary = summarise(traffic.answers, routes.known())
    assert len(outages) == 2
    assert watched.experiment.status.verdict == "Promote", watched.experiment.status.reason
    assert summary.failed == 0, Counter(one.error for one in traffic.answers if one.failed)
    assert summary.users_on_wrong_arm == 0
    assert installed.get(Model, objects.MODEL).status.production.version == run.status.version
    version = installed.get(ModelVersion, run.status.model_version)
    took = deployed_in(version, watched.experiment)
    assert took is not None
    assert took < timedelta(hours=1)


@pytest.mark.requirement("SUC-23")
@pytest.mark.requirement("DEP-12")
def test_a_broken_version_is_rolled_back_and_quarantined(
    installed: Cluster, scenario: Scenario
) -> None:
    before = installed.get(Model, objects.MODEL).status.production.version
    traffic = traffic_at(installed, rate=15)
    with RouteLog(installed, objects.MODEL) as routes:
        traffic.start()
        run = scenario.train("broken", TINY, fault="error:0.3")
        watched = scenario.watch_experiment(run.status.version, traffic, 0)
        scenario.wait_until_live(before)
        traffic.stop()
        summary = summarise(traffic.answers, routes.known())
    assert watched.experiment.status.verdict == "Rollback"
    assert set(summary.failed_by_arm) <= {"candidate"}
    assert summary.users_on_wrong_arm == 0
    assert seconds_to_rollback(traffic.answers, run.status.version) < 60
    model = installed.get(Model, objects.MODEL)
    assert model.status.production.version == before
    assert run.status.version in [one.version for one in model.status.quarantine]


@pytest.mark.requirement("SUC-23")
@pytest.mark.requirement("RBK-4")
@pytest.mark.requirement("RBK-5")
@pytest.mark.requirement("CON-4")
def test_a_person_rolls_production_back(
    installed: Cluster, scenario: Scenario, stage: Stage, kubectl
) -> None:
    before = installed.get(Model, objects.MODEL).status
    assert before.previous is not None
    program = str(stage.checkout / ".venv" / "bin" / "pharos")
    where = ("-n", installed.namespace, "--kubeconfig", stage.kubeconfig())
    kubectl.run(program, "rollback", objects.MODEL, "--reason", "Critical bug", *where)
    scenario.wait_until_live(before.previous.version)
    after = installed.get(Model, objects.MODEL).status
    assert "Critical bug" in " ".join(one.reason for one in after.quarantine)


# Held while nothing happens: the lease says that a leader lives, a review asks whose token it is.
NOT_A_CHANGE = ("leases", "tokenreviews")


def writes(stage: Stage) -> list[str]:
    """Every write of Pharos' accounts that the API server has put down, as ``verb kind/name``.

    Other writers are left out: controllers delete old Jobs, the kubelet counts its Events.
    """
    record = Path(stage.output(stage.cluster_tool, "audit").strip())
    ours = f"system:serviceaccount:{NAMESPACE}:"
    found = []
    for line in record.read_text().splitlines():
        entry = json.loads(line)
        what = entry["objectRef"]
        if entry["user"]["username"].startswith(ours) and what["resource"] not in NOT_A_CHANGE:
            found.append(f"{entry['verb']} {what['resource']}/{what.get('name', '')}")
    return found


def test_at_rest_nothing_is_written(installed: Cluster, stage: Stage) -> None:
    """One minute with all objects of the story in the cluster and no traffic."""
    assert installed.every(Model)

    def settled() -> bool:
        before = len(writes(stage))
        threading.Event().wait(10)
        return len(writes(stage)) == before

    assert "patch jobs/first-train" in writes(stage), "the record is blind"
    wait_for("the cluster to settle", settled, 120)
    before = writes(stage)
    threading.Event().wait(60)
    assert writes(stage)[len(before) :] == []


@pytest.mark.requirement("SUC-14")
@pytest.mark.requirement("SUC-15")
@pytest.mark.requirement("SUC-22")
def test_an_upgrade_interrupts_nobody(installed: Cluster, stage: Stage) -> None:
    traffic = traffic_at(installed, rate=15)
    traffic.start()
    stage.install("--set", "operator.logLevel=DEBUG", "--set", "gateway.drainSeconds=8")
    traffic.stop()
    failed = [answer for answer in traffic.answers if answer.failed]
    assert traffic.answers
    assert not failed, Counter(answer.error for answer in failed)
