"""Four strategies, and candidates that are better, wrong, slow and crashing. Run in this order.

Real models, trained in the cluster, meet real traffic whose answers are labelled with the truth.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from proving import ERRORS, MODEL, Proving, shuffled, upload, wait_for

from pharos_api.abexperiment import ABExperiment, ExperimentPhase, Outcome
from pharos_console.cluster import Cluster
from pharos_console.demo.objects import Size
from pharos_console.demo.stage import Stage
from pharos_console.load.answers import seconds_to_rollback
from pharos_console.load.texts import packaged_texts

pytestmark = pytest.mark.timeout(1800)

# The ten minutes by PHAROS_OUTAGE_S=600; each run of the tier takes one.
OUTAGE_S = float(os.environ.get("PHAROS_OUTAGE_S", "60"))
WEAK = Size(papers_per_category=60, epochs=1)
GOOD = Size(papers_per_category=100, epochs=2)


@pytest.fixture(scope="module")
def proving(installed: Cluster, ingredients) -> Proving:
    ground = Proving(installed, ingredients)
    ground.apply_model()
    return ground


@pytest.fixture(scope="module")
def trained(proving: Proving, tmp_path_factory, stage: Stage) -> dict[str, str]:
    """Names of ModelVersions by their run. The weak one is in production."""
    os.environ["PHAROS_KUBECTL"] = f"{stage.cluster_tool} kubectl"
    texts = packaged_texts(11, 1200)
    poor = shuffled(texts, seed=7, share=0.4)
    poorly = upload(proving.cluster, poor, tmp_path_factory.mktemp("poor"))
    proving.begin_training("proof-weak", WEAK, poorly)
    weak = proving.trained("proof-weak")
    wait_for("the weak version live", lambda: proving.production() == weak)
    wrong = upload(proving.cluster, shuffled(texts, seed=7), tmp_path_factory.mktemp("shuffled"))
    proving.begin_training("proof-good", GOOD)
    proving.begin_training("proof-shuffled", WEAK, wrong)
    return {kind: proving.trained(f"proof-{kind}") for kind in ("good", "shuffled")}


@pytest.fixture
def pharos(kubectl, stage: Stage, proving: Proving) -> Callable[..., str]:
    """The command line, as a person has it; what it prints."""
    program = str(stage.checkout / ".venv" / "bin" / "pharos")
    where = ("-n", proving.cluster.namespace, "--kubeconfig", stage.kubeconfig())
    return lambda *words: kubectl.run(program, *words, *where)


@pytest.fixture
def replays(pharos, proving: Proving) -> Callable[[str], str]:
    """Judge the records of an experiment again; what that prints."""

    def replay(name: str) -> str:
        told = pharos("replay", name)
        records = proving.experiment(name).status.evidence
        assert records
        assert told.count("same verdict") == len(records), told
        return told

    return replay


# Steps so short that the outage begins before the last of them ends.
CHAIN = {
    "strategy": "Shadow",
    "shadow": {"duration": "20s", "minPairs": 100, "minAgreement": "0.90", "then": "Canary"},
    "steps": [{"percent": 25, "holdFor": "20s"}, {"percent": 50, "holdFor": "20s"}],
    "metrics": [
        ERRORS,
        {"name": "accuracy", "role": "Guardrail", "source": "Labels", "margin": "0.10"},
    ],
}
PROMETHEUS, POSTGRESQL = "deployment/pharos-prometheus", "statefulset/pharos-postgresql"


@contextmanager
def away(kubectl) -> Iterator[None]:
    """Prometheus and PostgreSQL are gone; at the end they are back and ready."""
    for each in (PROMETHEUS, POSTGRESQL):
        kubectl("scale", each, "--replicas=0")
    try:
        yield
    finally:
        for each in (PROMETHEUS, POSTGRESQL):
            kubectl("scale", each, "--replicas=1")
        for each in (PROMETHEUS, POSTGRESQL):
            kubectl("rollout", "status", each, "--timeout=180s")


def ask_database(kubectl, query: str) -> str:
    psql = ("psql", "-h", "/tmp", "-U", "pharos", "-d", "pharos", "-At", "-c", query)
    return kubectl("exec", "pharos-postgresql-0", "--", *psql).strip()


def lift(proving: Proving, pharos, version: str) -> None:
    """A quarantine is by digest: the same artifact comes again, with another fault."""
    assert version in proving.quarantined()
    pharos("lift-quarantine", MODEL, "--version", version, "--reason", "The drill is over")
    wait_for("the lifted quarantine", lambda: version not in proving.quarantined(), 30)


def version_in(name: str) -> str:
    return name.removeprefix(f"{MODEL}-").replace("-", ".")


def failed_metrics(experiment: ABExperiment) -> set[str]:
    return {one.metric for one in experiment.status.measurements if one.outcome is Outcome.FAIL}


@pytest.mark.requirement("ABT-5")
def test_an_ab_test_promotes_a_version_whose_labels_prove_it_better(
    proving: Proving, trained: dict[str, str], replays
) -> None:
    good = proving.bring_in(trained["good"], "v2.0.0")
    goal = {"name": "accuracy", "role": "Goal", "source": "Labels", "minImprovement": "0.02"}
    spec = {"strategy": "ABTest", "abTest": {"duration": "3m"}, "metrics": [ERRORS, goal]}
    with proving.traffic() as traffic:
        proving.start("proof-abtest", good, spec)
        ended = proving.ended("proof-abtest", 400)
    assert ended.status.verdict == "Promote", ended.status.reason
    assert not [one for one in traffic.answers if one.failed]
    assert proving.production() == good
    assert ended.status.plan.required_users is not None
    assert "Won" in replays("proof-abtest")


@pytest.mark.requirement("RBK-4")
def test_a_blue_green_switch_to_a_crashing_version_is_undone_in_seconds(
    proving: Proving, trained: dict[str, str], replays, pharos
) -> None:
    """Staging would have caught it: left out, so that users meet the crash."""
    crashing = proving.bring_in(trained["shuffled"], "v3.0.0", fault="crash:0.3")
    spec = {"strategy": "BlueGreen", "staging": {"mode": "Skip"}, "metrics": [ERRORS]}
    with proving.traffic() as traffic:
        proving.start("proof-blue-green-crash", crashing, spec)
        ended = proving.ended("proof-blue-green-crash")
    assert ended.status.verdict == "Rollback", ended.status.reason
    assert version_in(proving.production()) == "v2.0.0"
    assert seconds_to_rollback(traffic.answers, "v3.0.0") < 20
    failed = [one for one in traffic.answers if one.failed]
    assert failed
    assert {one.version for one in failed} <= {"v3.0.0", ""}
    replays("proof-blue-green-crash")
    lift(proving, pharos, "v3.0.0")


def test_a_shadow_stops_a_slow_version_before_anybody_meets_it(
    proving: Proving, trained: dict[str, str], replays, pharos
) -> None:
    slow = proving.bring_in(trained["shuffled"], "v4.0.0", fault="latency:400ms")
    latency = {"name": "p95-latency", "role": "Guardrail", "maxRatio": "1.5", "abortAbove": "2000"}
    plan = {"then": "Nothing", "duration": "10m", "minPairs": 100, "minAgreement": "0.05"}
    spec = {"strategy": "Shadow", "shadow": plan, "metrics": [ERRORS, latency]}
    with proving.traffic(feedback=0.0) as traffic:
        proving.start("proof-shadow-slow", slow, spec)
        ended = proving.ended("proof-shadow-slow")
    assert ended.status.verdict == "Rollback", ended.status.reason
    assert failed_metrics(ended) == {"p95-latency"}
    assert {one.version for one in traffic.answers} == {"v2.0.0"}
    assert not [one for one in traffic.answers if one.failed]
    assert "Harm" in replays("proof-shadow-slow")
    lift(proving, pharos, "v4.0.0")


@pytest.mark.requirement("RBK-5")
def test_a_canary_with_wrong_answers_is_rolled_back_by_labelled_accuracy(
    proving: Proving, trained: dict[str, str], replays
) -> None:
    """Trained on shuffled labels: it neither fails nor dawdles, it is only wrong."""
    wrong = proving.bring_in(trained["shuffled"], "v5.0.0")
    guard = {"name": "accuracy", "role": "Guardrail", "source": "Labels", "margin": "0.05"}
    steps = [{"percent": 25, "holdFor": "10m"}, {"percent": 50, "holdFor": "10m"}]
    spec = {"strategy": "Canary", "steps": steps, "metrics": [ERRORS, guard]}
    with proving.traffic() as traffic:
        proving.start("proof-canary-wrong", wrong, spec)
        ended = proving.ended("proof-canary-wrong")
    assert ended.status.verdict == "Rollback", ended.status.reason
    assert failed_metrics(ended) == {"accuracy"}
    assert not [one for one in traffic.answers if one.failed]
    assert version_in(proving.production()) == "v2.0.0"
    assert ended.status.candidate_version in proving.quarantined()
    assert "Harm" in replays("proof-canary-wrong")


def test_a_blue_green_switch_to_a_sound_version_is_watched_and_kept(
    proving: Proving, trained: dict[str, str], replays
) -> None:
    green = proving.bring_in(trained["good"], "v6.0.0")
    plan = {"warmUpRequests": 20, "watch": "20s"}
    spec = {"strategy": "BlueGreen", "blueGreen": plan, "metrics": [ERRORS]}
    with proving.traffic() as traffic:
        proving.start("proof-blue-green", green, spec)
        ended = proving.ended("proof-blue-green")
    assert ended.status.verdict == "Promote", ended.status.reason
    assert proving.production() == green
    assert not [one for one in traffic.answers if one.failed]
    replays("proof-blue-green")


@pytest.mark.requirement("RBK-1")
def test_a_shadow_and_its_canary_outlast_prometheus_and_the_database(
    proving: Proving, trained: dict[str, str], replays, kubectl
) -> None:
    """Both away at once in the middle of the canary: held, nothing lost, then the right end."""
    candidate = proving.bring_in(trained["good"], "v7.0.0")
    began = datetime.now(UTC)
    with proving.traffic() as traffic:
        proving.start("proof-chain", candidate, CHAIN)
        wait_for("the canary", lambda: proving.exposed("proof-chain"), 240)
        with away(kubectl):
            step = proving.experiment("proof-chain").status.current_step
            threading.Event().wait(OUTAGE_S)
            held = proving.experiment("proof-chain").status
        ended = proving.ended("proof-chain", 400)
    assert held.phase is ExperimentPhase.PROGRESSING
    assert held.current_step == step, "a step was taken without evidence"
    assert ended.status.verdict == "Promote", ended.status.reason
    assert proving.production() == candidate
    assert not [one for one in traffic.answers if one.failed]
    replays("proof-chain")
    rows = f"""SELECT count(*), count(DISTINCT request_id) FROM prediction_logs JOIN model_versions
        ON model_versions.id = model_version_id
        WHERE model = '{MODEL}' AND arm <> 'shadow' AND user_id IS NOT NULL
        AND prediction_logs.created_at >= '{began}'"""

    def settled() -> bool:
        before = ask_database(kubectl, rows)
        threading.Event().wait(15)
        return before == ask_database(kubectl, rows)

    wait_for("the last rows", settled, 120)
    assert ask_database(kubectl, rows) == f"{len(traffic.answers)}|{len(traffic.answers)}"
