"""The circle closes by itself: papers come, the check fires, the better version goes live.

Nobody types anything from the first version on. Only the feed grows, and traffic goes on. Each step
of the first retraining loses its pod once, and the operator its leader.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from proving import (
    ERRORS,
    NO_GATE,
    QUICK_LABELS,
    RATE_PER_S,
    USERS,
    kill_leader,
    shuffled,
    upload,
    wait_for,
)

from pharos_api import names
from pharos_api.meta import API_VERSION
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.modelversion import Stage as VersionStage
from pharos_api.retraining import Trigger
from pharos_api.trainer import Recipe
from pharos_api.trainingrun import TrainingRun, TrainingRunPhase
from pharos_console.cluster import Cluster
from pharos_console.demo.ingredients import NEWS_LABELS
from pharos_console.demo.stage import Stage
from pharos_console.demo.traffic import Traffic
from pharos_console.load.gateway import gateway_url
from pharos_console.load.generator import Plan
from pharos_console.load.texts import Text, packaged_texts
from pharos_console.platform import read_platform
from pharos_console.upload import Stored

pytestmark = pytest.mark.timeout(1800)

MODEL, FEED = "evergreen", "evergreen"
# What people were told, for whoever wants to read it.
RECEIVED = Path(__file__).resolve().parents[2] / "build" / "e2e" / "notices.txt"
SEED = 11
# At first few texts with poor labels; then many with good ones; then some whose labels say nothing.
POOR, GOOD, NOISE = slice(0, 300), slice(300, 900), slice(900, 1100)


@dataclass(frozen=True, slots=True)
class Feed:
    """The file that the Model's retraining reads: it only grows."""

    cluster: Cluster
    folder: Path

    def hold(self, texts: list[Text]) -> Stored:
        return upload(self.cluster, texts, self.folder, FEED)


TEXTS = packaged_texts(SEED, 1100)
FIRST = shuffled(TEXTS[POOR], seed=7, share=0.4)
SECOND = FIRST + TEXTS[GOOD]
THIRD = SECOND + shuffled(TEXTS[NOISE], seed=8)

PROMOTION = {
    "strategy": "Canary",
    "auto": True,
    "steps": [{"percent": 25, "holdFor": "5s"}, {"percent": 50, "holdFor": "5s"}],
    "metrics": [
        ERRORS,
        {"name": "accuracy", "role": "Goal", "source": "Labels", "minImprovement": "0.02"},
    ],
    "decision": {
        "minRequests": 50,
        "onInconclusive": "Rollback",
        "maxDuration": "5m",
        "labels": QUICK_LABELS,
    },
}
# Each minute in place of each week; and no day's rest between two retrainings.
POLICY = {
    "schedule": "* * * * *",
    "triggers": {"dataGrowthPercent": 10},
    "coolDown": "1s",
}
RECEIVER, HOOK_PORT = "evergreen-hook", 8080
# The one Secret of this kind that the chart lets the operator read, as it is installed.
ADDRESSES = "pharos-notifications"
# What comes is printed, a line each: the log is what was received.
LISTEN = """
import http.server, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        print(body.decode(), flush=True)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.HTTPServer(("", 8080), Hook).serve_forever()
"""


def data(stored: Stored) -> dict:
    source = {"dataset": {"uri": stored.uri, "categories": NEWS_LABELS}}
    return {"source": source, "minPapersPerClass": 20}


def trainer() -> dict:
    return {"recipe": Recipe.LINEAR.value}


def evergreen(stored: Stored) -> dict:
    """A Model that trains itself again; who is told lies in a Secret."""
    template = {"data": data(stored), "trainer": trainer()}
    return {
        "apiVersion": API_VERSION,
        "kind": "Model",
        "metadata": {"name": MODEL},
        "spec": {
            "labels": NEWS_LABELS,
            "qualityGate": NO_GATE,
            "serving": {"maxReplicas": 1, "maxTokens": 128},
            "promotion": PROMOTION,
            "retraining": POLICY | {"template": template},
            "notifications": {"secretName": ADDRESSES},
        },
    }


def first_run(stored: Stored) -> dict:
    return {
        "apiVersion": API_VERSION,
        "kind": "TrainingRun",
        "metadata": {"name": f"{MODEL}-first"},
        "spec": {"modelRef": {"name": MODEL}, "data": data(stored), "trainer": trainer()},
    }


def hook(cluster: Cluster) -> list[dict]:
    """A web hook of somebody's own, and the Secret that names it as Apprise wants."""
    marks = {"app": RECEIVER}
    container = {
        "name": "hook",
        "image": read_platform(cluster).jobs_image,
        "command": ["python3", "-c", LISTEN],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    spec = {"containers": [container], "securityContext": security}
    url = f"json://{RECEIVER}.{cluster.namespace}.svc:{HOOK_PORT}/"
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": RECEIVER, "labels": marks},
            "spec": spec | {"automountServiceAccountToken": False},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": RECEIVER},
            "spec": {"selector": marks, "ports": [{"port": HOOK_PORT}]},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": ADDRESSES},
            "stringData": {"urls": url},
        },
    ]


def production(cluster: Cluster) -> str:
    """The version that every gateway serves; empty while they still follow."""
    status = cluster.get(Model, MODEL).status
    settled = status.route.verified_revision == status.route.revision
    return status.production.version if status.production and settled else ""


def version(cluster: Cluster, number: str) -> ModelVersion:
    return cluster.get(ModelVersion, names.version_object_name(MODEL, number))


def kill_first_pod(kubectl, *marks: str) -> str:
    """Delete the first pod with these labels, as soon as it is there."""
    found: list[str] = []

    def look() -> bool:
        wanted = ",".join((f"{names.LABEL_MODEL}={MODEL}", *marks))
        pods = kubectl.json("get", "pods", "-l", wanted)["items"]
        alive = [p for p in pods if p["status"].get("phase") in ("Pending", "Running")]
        found[:] = [p["metadata"]["name"] for p in alive]
        return bool(found)

    wait_for(f"a pod of {marks}", look, 180)
    kubectl("delete", "pod", found[0], "--grace-period=0", "--force")
    return found[0]


def next_retraining(cluster: Cluster, known: str, timeout_s: float = 180) -> str:
    """The name of the run that a check has started, after the ``known`` one."""

    def started() -> bool:
        standing = cluster.get(Model, MODEL).status.retraining
        return standing is not None and standing.run not in ("", known)

    wait_for("a retraining", started, timeout_s)
    standing = cluster.get(Model, MODEL).status.retraining
    assert standing is not None
    return standing.run


def succeeded(cluster: Cluster, name: str) -> bool:
    status = cluster.get(TrainingRun, name).status
    assert status.phase is not TrainingRunPhase.FAILED, status.conditions
    return status.phase is TrainingRunPhase.SUCCEEDED


@pytest.fixture(scope="module")
def feed(installed: Cluster, stage: Stage, kubectl, tmp_path_factory) -> Iterator[Feed]:
    """The first version is live and the Model looks after itself; at the end it is deleted."""
    os.environ["PHAROS_KUBECTL"] = f"{stage.cluster_tool} kubectl"
    feed = Feed(installed, tmp_path_factory.mktemp("feed"))
    stored = feed.hold(FIRST)
    listening = feed.folder / "hook.json"
    listening.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": hook(installed)}))
    kubectl("apply", "-f", str(listening))
    installed.apply(evergreen(stored))
    installed.apply(first_run(stored))
    wait_for("the first version", lambda: production(installed) == "v1.0.0", 300)
    yield feed
    installed.delete(Model, MODEL)


@pytest.fixture(scope="module")
def users(installed: Cluster, feed: Feed) -> Iterator[Traffic]:
    """People who use the endpoint all the time, and say what would have been right."""
    url = f"{gateway_url(installed)}/models/{installed.namespace}/{MODEL}"
    sent = Traffic(Plan(url, RATE_PER_S, None, users=USERS, feedback_share=1.0), TEXTS[:1000])
    sent.start()
    yield sent
    sent.stop()


@pytest.mark.requirement("RET-9")
@pytest.mark.requirement("RET-11")
@pytest.mark.requirement("SUC-20")
@pytest.mark.requirement("GOL-6")
@pytest.mark.requirement("FUT-11")
def test_new_papers_lead_to_a_better_version_though_every_step_is_killed_once(
    installed: Cluster, feed: Feed, users: Traffic, kubectl
) -> None:
    feed.hold(SECOND)
    kill_first_pod(kubectl, f"{names.LABEL_STEP}={names.CHECK}")
    kill_leader(kubectl)
    run = next_retraining(installed, "", 300)
    for step in ("collect", "prepare", "train", "evaluate", "register"):
        kill_first_pod(kubectl, f"{names.LABEL_RUN}={run}", f"{names.LABEL_STEP}={step}")
    kill_leader(kubectl)
    wait_for(run, lambda: succeeded(installed, run), 300)
    wait_for("the better version", lambda: production(installed) == "v1.1.0", 400)
    made = installed.get(TrainingRun, run)
    assert {step.name: step.attempts for step in made.status.steps if step.attempts < 2} == {}
    cause = made.spec.cause
    assert cause is not None
    assert (cause.trigger, cause.parent) == (Trigger.DATA_GROWTH, "v1.0.0")
    assert not [answer for answer in users.answers if answer.failed]
    retrainings = [r for r in installed.every(TrainingRun) if r.spec.model_ref.name == MODEL]
    assert sorted(r.metadata.name for r in retrainings) == sorted([f"{MODEL}-first", run])
    versions = [v for v in installed.every(ModelVersion) if v.spec.model_ref.name == MODEL]
    assert {v.spec.version for v in versions} == {"v1.0.0", "v1.1.0"}


@pytest.mark.requirement("RET-21")
def test_a_retraining_that_is_not_better_is_archived_and_nobody_meets_it(
    installed: Cluster, feed: Feed, users: Traffic
) -> None:
    before = installed.get(Model, MODEL).status.retraining
    assert before is not None
    mark = len(users.answers)
    feed.hold(THIRD)
    run = next_retraining(installed, before.run, 300)
    wait_for(run, lambda: succeeded(installed, run), 300)
    number = installed.get(TrainingRun, run).status.version
    wait_for(
        "the archive", lambda: version(installed, number).status.stage is VersionStage.ARCHIVED, 120
    )
    assert production(installed) == "v1.1.0"
    assert {answer.version for answer in users.since(mark)} == {"v1.1.0"}


@pytest.mark.requirement("RET-20")
@pytest.mark.requirement("RET-25")
def test_both_ends_were_told_to_the_web_hook_once(kubectl, feed: Feed) -> None:
    def told() -> list[tuple[str, str]]:
        notices = [json.loads(line) for line in kubectl("logs", RECEIVER).splitlines() if line]
        return [(notice["title"], notice["message"]) for notice in notices]

    wait_for("the news", lambda: any("v1.2.0 not promoted" in text for _, text in told()))
    RECEIVED.parent.mkdir(parents=True, exist_ok=True)
    RECEIVED.write_text("\n\n".join("\n".join(notice) for notice in told()))
    assert len(told()) == len(set(told())), "told twice"
    assert any("v1.1.0 promoted" in text for _, text in told())
