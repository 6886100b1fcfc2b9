"""A search of twenty trials on two pods, killed twice on the way; its winner serves."""

import json
from typing import Any

import pytest
from proving import NO_GATE, kill_leader, wait_for

from pharos_api import names
from pharos_api.search import SearchStatus, TrialStatus
from pharos_api.trainingrun import StepName, TrainingRun, TrainingRunPhase
from pharos_console.cluster import Cluster
from pharos_console.demo import objects
from pharos_console.demo.objects import Size
from pharos_console.demo.stage import Stage

pytestmark = pytest.mark.timeout(1200)

MODEL, RUN = "searched", "search"
TRIALS = 20
PLOTS = {
    "optimization_history.png",
    "param_importances.png",
    "parallel_coordinate.png",
    "slice.png",
}
SEARCH = {
    "trials": TRIALS,
    "parallelism": 2,
    "timeout": "20m",
    "dataPercent": 25,
    "space": {
        "learningRate": {"min": "1e-5", "max": "5e-4", "scale": "Log"},
        "headLearningRate": {"min": "1e-4", "max": "1e-2", "scale": "Log"},
        "weightDecay": {"min": "0", "max": "0.1"},
        "batchSize": [8, 16],
        "warmupSteps": [0, 5],
        "epochs": [1, 2],
    },
}
# Two pods on two cores: neither may take the other's.
RESOURCES = {
    "search": {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "1", "memory": "3Gi"},
    }
}


READY = "jsonpath={.items[0].status.readyReplicas}"
# Not the pods of the Model's Jobs, which come and go.
SERVING = f"{names.LABEL_MODEL}={MODEL},{names.LABEL_COMPONENT}={names.COMPONENT_SERVING}"


def standing(cluster: Cluster) -> SearchStatus:
    """How the search stands; an empty one before its first report."""
    run = cluster.get(TrainingRun, RUN)
    assert run.status.phase is not TrainingRunPhase.FAILED, run.status.conditions
    return run.status.search or SearchStatus(study="")


def finished(search: SearchStatus) -> int:
    return search.completed + search.pruned + search.failed


def at_work(cluster: Cluster, kubectl) -> dict[str, TrialStatus]:
    """Trials by the running pod that has them, as far as the run's status knows; newest last."""
    pods = kubectl.json(
        *("get", "pods", "--field-selector=status.phase=Running"),
        *("-l", f"{names.LABEL_RUN}={RUN},{names.LABEL_STEP}={StepName.SEARCH}"),
    )["items"]
    index = "batch.kubernetes.io/job-completion-index"
    pod_of = {int(p["metadata"]["annotations"][index]): p["metadata"]["name"] for p in pods}
    trials = sorted(standing(cluster).current, key=lambda trial: trial.number)
    return {pod_of[t.worker]: t for t in trials if t.worker in pod_of}


def kill_a_trial(cluster: Cluster, kubectl) -> tuple[str, TrialStatus]:
    """SIGKILL the pod of the trial that began last; returns both."""
    found: list[tuple[str, TrialStatus]] = []

    def look() -> bool:
        found[:] = at_work(cluster, kubectl).items()
        return bool(found)

    wait_for("a trial whose pod runs", look, 120)
    kubectl("delete", "pod", found[-1][0], "--grace-period=0", "--force")
    return found[-1]


def kill_one_amid_its_trial(cluster: Cluster, kubectl) -> None:
    """Kill until a trial has died with its pod: statuses are seconds old, and trials end."""
    while not standing(cluster).repeated:
        pod, killed = kill_a_trial(cluster, kubectl)
        wait_until_replaced(cluster, kubectl, pod, killed)


def wait_until_replaced(cluster: Cluster, kubectl, pod: str, killed: TrialStatus) -> None:
    """Until the dead pod's successor has a trial: what was half done is owed a repetition then."""

    def is_back() -> bool:
        others = {p: t for p, t in at_work(cluster, kubectl).items() if p != pod}
        known = {t.worker for t in others.values() if t.number != killed.number}
        return standing(cluster).repeated > 0 or killed.worker in known

    wait_for("the successor's trial", is_back, 120)


@pytest.fixture(scope="module")
def killed(installed: Cluster, ingredients, kubectl) -> None:
    """The search, ended: the operator's leader was killed on the way, then a trial."""
    endpoint = objects.model(ingredients)
    endpoint["metadata"]["name"] = MODEL
    endpoint["spec"] |= {"qualityGate": NO_GATE, "promotion": {"strategy": "Manual", "auto": False}}
    installed.apply(endpoint)
    run = objects.training_run(RUN, ingredients, None, Size(papers_per_category=60, epochs=1))
    run["spec"] |= {"modelRef": {"name": MODEL}, "search": SEARCH, "resources": RESOURCES}
    run["spec"]["trainer"]["hyperparameters"]["maxTokens"] = 64
    installed.apply(run)
    wait_for("three trials", lambda: finished(standing(installed)) >= 3, 300)
    kill_leader(kubectl)
    wait_for("eight trials", lambda: finished(standing(installed)) >= 8, 300)
    kill_one_amid_its_trial(installed, kubectl)
    wait_for(
        "the end",
        lambda: installed.get(TrainingRun, RUN).status.phase is TrainingRunPhase.SUCCEEDED,
        600,
    )


@pytest.fixture(scope="module")
def kept(installed: Cluster, killed, kubectl) -> dict[str, Any]:
    """What the search left in the artifact store, read where the winner serves."""
    steps = {step.name: step for step in installed.get(TrainingRun, RUN).status.steps}
    folder = steps[StepName.SEARCH].outputs["searchUri"].removeprefix("file://")
    wait_for(
        "the winner's pod",
        lambda: kubectl("get", "deploy", "-l", SERVING, "-o", READY) == "1",
        180,
    )
    read = (
        "import json, pathlib, sys; at = pathlib.Path(sys.argv[1]);"
        "print(json.dumps({'files': {f.name: f.stat().st_size for f in at.iterdir()},"
        "'trials': json.loads((at / 'trials.json').read_text()),"
        "'best': json.loads((at / 'best_params.json').read_text())}))"
    )
    pod = kubectl(
        *("get", "pods", "-l", SERVING),
        *("--field-selector=status.phase=Running", "-o", "jsonpath={.items[0].metadata.name}"),
    )
    return json.loads(kubectl("exec", pod, "--", "python3", "-c", read, folder))


@pytest.mark.requirement("HPS-6")
def test_a_search_killed_twice_loses_and_repeats_no_trial(killed, kept: dict[str, Any]) -> None:
    trials = kept["trials"]
    repeated = {trial["repeats"] for trial in trials} - {None}
    final = [trial for trial in trials if trial["number"] not in repeated]
    assert repeated, "a trial died with its pod"
    assert len(final) == kept["best"]["n_trials"] == TRIALS
    assert {trial["state"] for trial in final} <= {"Complete", "Pruned"}
    params = {trial["number"]: trial["params"] for trial in trials}
    again = [trial for trial in trials if trial["repeats"] is not None]
    assert all(params[trial["repeats"]] == trial["params"] for trial in again)
    assert len({trial["worker"].split("/")[1] for trial in final}) == 2, "both pods worked"


def test_a_search_leaves_its_plots(kept: dict[str, Any]) -> None:
    assert set(kept["files"]) >= PLOTS
    assert all(kept["files"][name] > 1000 for name in PLOTS)


def test_the_winner_was_trained_again_and_registered(
    installed: Cluster, killed, kept: dict[str, Any], stage: Stage, kubectl
) -> None:
    run = installed.get(TrainingRun, RUN)
    assert run.status.search is not None
    assert run.status.search.best is not None
    assert float(run.status.search.best.value or 0) == kept["best"]["best_value"]
    assert run.status.version == "v1.0.0"
    program = str(stage.checkout / ".venv" / "bin" / "pharos")
    where = ("-n", installed.namespace, "--kubeconfig", stage.kubeconfig())
    assert f"{TRIALS} of {TRIALS} trials are done" in kubectl.run(program, "trials", RUN, *where)
