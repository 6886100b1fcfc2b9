"""From a check's end to one TrainingRun, by real operators against a real API server.

The Job controller and the kubelet are played: a check's pod ends with a real termination message.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from operator_lab import (
    BATCH,
    CORE,
    GROUP,
    Api,
    Body,
    Fleet,
    end_step,
    model,
    pod_of,
    until,
    version,
)

from pharos_api.checking import CheckInput, CheckResult
from pharos_api.names import ENV_CHECK_INPUT, retraining_name
from pharos_api.retraining import DriftReading, Trigger
from pharos_api.trainingrun import StepName

SOURCE = {"arxiv": {"categories": ["cs.AI", "cs.LG"], "papersPerCategory": 100}}
TEMPLATE = {"data": {"source": SOURCE}}
GROWN = CheckResult(
    production="v9.0.0",
    due=True,
    trigger=Trigger.DATA_GROWTH,
    reason="1500 papers are new, 15 % of 10000",
    dataset_samples=10_000,
    new_samples=1500,
    drift=DriftReading(texts=900, input_score="0.31", detected=["input"]),
)
DATA_SHA = "d" * 64


def _retrained(**policy: Any) -> Body:
    body = model()
    body["spec"] = {"retraining": {"template": TEMPLATE, **policy}}
    return body


def _in_production(api: Api) -> Body:
    """A version that the Model has taken up, once its server is played ready."""
    body = version()
    body["spec"]["lineage"] = {
        "datasetSha256": DATA_SHA,
        "baseModel": "distilbert-base-uncased",
        "dataUntil": "2026-11-01",
    }
    made = api.create(GROUP, "modelversions", body)
    path = ("/apis/apps/v1", "deployments", "arxiv-v9-0-0")
    deployment = until("a Deployment", lambda: api.get(*path))
    ready = {
        "replicas": 1,
        "readyReplicas": 1,
        "updatedReplicas": 1,
        "availableReplicas": 1,
        "observedGeneration": deployment["metadata"]["generation"],
    }
    api.merge(*path, {"status": ready}, "status")
    until("it is in production", lambda: _status(api).get("production"))
    return made


def _status(api: Api) -> Body:
    found: Body = api.custom("models", "arxiv").get("status") or {}
    return found


def _condition(api: Api, kind: str) -> Body:
    conditions = _status(api).get("conditions", ())
    return next((c for c in conditions if c["type"] == kind), {})


def _by_schedule(api: Api, name: str) -> Body:
    """The Job that the CronJob's controller would make."""
    cron = until("the CronJob", lambda: api.get(BATCH, "cronjobs", "arxiv-retrain"))
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cron["metadata"]["name"],
        "uid": cron["metadata"]["uid"],
        "controller": True,
    }
    template = cron["spec"]["jobTemplate"]
    metadata = {
        "name": name,
        "labels": template["metadata"]["labels"],
        "ownerReferences": [owner],
    }
    return api.create(
        BATCH,
        "jobs",
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]},
    )


def _ends(api: Api, job: Body, message: str) -> None:
    """The check's pod ends well and leaves this message."""
    pod = api.create(CORE, "pods", pod_of(job))["metadata"]["name"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = {"exitCode": 0, "message": message, "startedAt": now, "finishedAt": now}
    container = {
        "name": "check", "image": "none", "imageID": "", "ready": False, "restartCount": 0,
        "state": {"terminated": ended},
    }  # fmt: skip
    status = {"phase": "Succeeded", "containerStatuses": [container]}
    api.merge(CORE, "pods", pod, {"status": status}, "status")
    condition = {"type": "Complete", "status": "True", "lastTransitionTime": now}
    done = {
        "conditions": [{**condition, "type": "SuccessCriteriaMet"}, condition],
        "startTime": now,
        "completionTime": now,
        "succeeded": 1,
    }
    api.merge(BATCH, "jobs", job["metadata"]["name"], {"status": done}, "status")


def _message(result: CheckResult) -> str:
    return result.model_dump_json(by_alias=True, exclude_none=True)


@pytest.mark.requirement("RET-9", "RET-10", "FUT-11")
@pytest.mark.timeout(120)
def test_a_check_that_is_due_becomes_one_run_and_stays_one_after_a_takeover(
    api: Api, fleet: Fleet
) -> None:
    leader = fleet.start("operator-0")
    until("it leads", lambda: leader.series("pharos_operator_leading"))
    api.create(GROUP, "models", _retrained())
    _in_production(api)
    job = _by_schedule(api, "arxiv-retrain-29401234")
    told = _told(job)
    assert told.production is not None
    assert (told.production.version, told.production.dataset_sha256) == ("v9.0.0", DATA_SHA)
    _ends(api, job, _message(GROWN))
    name = retraining_name("arxiv", job["metadata"]["uid"])
    run = until("a run", lambda: api.get(GROUP, "trainingruns", name))
    assert run["spec"]["cause"]["trigger"] == "DataGrowth"
    assert run["spec"]["cause"]["parent"] == "v9.0.0"
    assert run["spec"]["data"]["extends"] == {"datasetSha256": DATA_SHA}
    assert run["spec"]["data"]["source"]["arxiv"]["startDate"] == "2026-10-25"
    until("its first step", lambda: api.get(BATCH, "jobs", f"{name}-collect"))
    until("it is told", lambda: _condition(api, "RetrainingDue").get("status") == "True")
    assert _condition(api, "DriftDetected")["reason"] == "Drifted"
    assert _status(api)["retraining"]["run"] == name
    leader.process.kill()
    standby = fleet.start("operator-1")
    until("the other one leads", lambda: standby.series("pharos_operator_leading"), 30)
    later = _by_schedule(api, "arxiv-retrain-29401235")
    _ends(api, later, _message(GROWN))
    until("one at a time", lambda: _condition(api, "RetrainingDue")["reason"] == "InProgress")
    assert [r["metadata"]["name"] for r in api.list(GROUP, "trainingruns")] == [name]


STEPS = {
    StepName.COLLECT: {"rawUri": "file:///artifacts/raw"},
    StepName.PREPARE: {"datasetUri": "file:///artifacts/datasets/e", "datasetSha256": "e" * 64},
    StepName.TRAIN: {"checkpointUri": "file:///artifacts/checkpoint"},
    StepName.EVALUATE: {"evaluationUri": "file:///artifacts/evaluation"},
    StepName.REGISTER: {
        "modelUri": "file:///artifacts/models/new",
        "modelSha256": "b" * 64,
        "sizeBytes": "1000",
    },
}
LITTLE = {"improvement": "0.0100", "productionAccuracy": "0.9120"}


@pytest.mark.requirement("RET-9", "RET-18", "RET-21")
@pytest.mark.timeout(300)
def test_killed_at_every_step_there_is_one_run_and_one_version_and_a_poor_one_is_archived(
    api: Api, fleet: Fleet
) -> None:
    _killed_and_started(fleet)
    api.create(GROUP, "models", _retrained())
    _in_production(api)
    check = _by_schedule(api, "arxiv-retrain-29401234")
    _ends(api, check, _message(GROWN))
    name = retraining_name("arxiv", check["metadata"]["uid"])
    for step, outputs in STEPS.items():
        _killed_and_started(fleet)
        job = until(step, lambda step=step: api.get(BATCH, "jobs", f"{name}-{step}"))
        _killed_and_started(fleet)
        end_step(api, job, outputs, LITTLE if step is StepName.EVALUATE else None)
    until("a version", lambda: api.get(GROUP, "modelversions", "arxiv-v9-1-0"))
    _killed_and_started(fleet)
    made = until("it is archived", lambda: _archived(api, "arxiv-v9-1-0"))
    verdict = next(c for c in made["status"]["conditions"] if c["type"] == "NotBetter")
    assert verdict["message"].startswith("New model v9.1.0 not promoted (+1.0%)")
    assert made["spec"]["lineage"]["trigger"] == "DataGrowth"
    assert [r["metadata"]["name"] for r in api.list(GROUP, "trainingruns")] == [name]
    versions = {v["metadata"]["name"] for v in api.list(GROUP, "modelversions")}
    assert versions == {"arxiv-v9-0-0", "arxiv-v9-1-0"}
    assert api.list(GROUP, "abexperiments") == []
    of_run = [j["metadata"]["name"] for j in api.list(BATCH, "jobs")]
    assert sorted(j for j in of_run if j.startswith(name)) == sorted(f"{name}-{s}" for s in STEPS)
    assert _status(api)["production"]["version"] == "v9.0.0"


ADMISSION = "/apis/admissionregistration.k8s.io/v1"
NO_RUNS: Body = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "no-runs"},
    "spec": {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": ["pharos.neoalexandria.io"],
                    "apiVersions": ["*"],
                    "operations": ["CREATE"],
                    "resources": ["trainingruns"],
                }
            ]
        },
        "validations": [{"expression": "false", "message": "no training this month"}],
    },
}


@pytest.fixture
def no_runs(api: Api) -> Iterator[None]:
    """The cluster's own admission takes no TrainingRun in this namespace."""
    here = {"matchLabels": {"kubernetes.io/metadata.name": api.namespace}}
    binding = {
        **NO_RUNS,
        "kind": "ValidatingAdmissionPolicyBinding",
        "spec": {
            "policyName": "no-runs",
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": here},
        },
    }
    made = {"validatingadmissionpolicies": NO_RUNS, "validatingadmissionpolicybindings": binding}
    for plural, each in made.items():
        api.client.post(f"{ADMISSION}/{plural}", json=each).raise_for_status()
    probe = {"apiVersion": "pharos.neoalexandria.io/v1alpha1", "kind": "TrainingRun"}
    probe |= {"metadata": {"name": "probe"}, "spec": {"modelRef": {"name": "x"}, **TEMPLATE}}
    path = api.path(GROUP, "trainingruns")
    until("it refuses", lambda: _denied(api, path, probe), 30)
    yield
    for plural in made:
        api.client.delete(f"{ADMISSION}/{plural}/no-runs").raise_for_status()
    until("it is gone", lambda: not _denied(api, path, probe), 30)


def _denied(api: Api, path: str, probe: Body) -> bool:
    return api.client.post(f"{path}?dryRun=All", json=probe).status_code == 422


@pytest.mark.usefixtures("no_runs")
@pytest.mark.timeout(180)
def test_a_run_that_admission_refuses_is_told_as_failed_and_not_as_started(
    api: Api, fleet: Fleet
) -> None:
    fleet.start()
    api.create(GROUP, "models", _retrained())
    _in_production(api)
    check = _by_schedule(api, "arxiv-retrain-29401234")
    _ends(api, check, _message(GROWN))
    due = until("it is said", lambda: _said(api, "RunRefused"))
    assert due["status"] == "False"
    assert "no training this month" in due["message"]
    kept = _status(api)["retraining"]
    assert kept["run"] == retraining_name("arxiv", check["metadata"]["uid"])
    assert kept["runFinishedAt"]
    assert api.list(GROUP, "trainingruns") == []
    later = _by_schedule(api, "arxiv-retrain-29401235")
    _ends(api, later, _message(GROWN))
    until("the next check goes on", lambda: _said(api, "CoolingDown"))


def _killed_and_started(fleet: Fleet) -> None:
    """The operator's container dies as by ``kill -9`` and starts anew in its pod."""
    for operator in fleet.running:
        operator.process.kill()
        operator.process.wait()
    fleet.running.clear()
    fleet.start()


def _archived(api: Api, name: str) -> Body | None:
    found = api.custom("modelversions", name)
    return found if (found.get("status") or {}).get("stage") == "Archived" else None


@pytest.mark.requirement("RET-13")
@pytest.mark.timeout(120)
def test_a_person_asks_and_a_check_starts_at_once(api: Api, fleet: Fleet) -> None:
    fleet.start()
    api.create(GROUP, "models", _retrained())
    _in_production(api)
    until("the CronJob", lambda: api.get(BATCH, "cronjobs", "arxiv-retrain"))
    command = {"id": "c1", "verb": "Retrain", "by": "ada", "reason": "a new conference"}
    api.merge(GROUP, "models", "arxiv", {"status": {"command": command}}, "status")
    job = until("a check", lambda: _asked(api))
    assert _told(job).forced == "a new conference (by ada)"
    asked = CheckResult(due=True, trigger=Trigger.MANUAL, reason="a new conference (by ada)")
    _ends(api, job, _message(asked))
    name = retraining_name("arxiv", job["metadata"]["uid"])
    run = until("a run", lambda: api.get(GROUP, "trainingruns", name))
    assert run["spec"]["cause"]["trigger"] == "Manual"


@pytest.mark.timeout(120)
def test_what_cannot_be_read_or_cannot_work_is_said_and_starts_nothing(
    api: Api, fleet: Fleet
) -> None:
    fleet.start()
    api.create(GROUP, "models", _retrained())
    _in_production(api)
    _ends(api, _by_schedule(api, "arxiv-retrain-1"), "Killed")
    until("it is said", lambda: _condition(api, "RetrainingDue").get("reason") == "CheckFailed")
    broken = {"data": {"source": {}}}
    api.client.patch(
        api.path(GROUP, "models", "arxiv"),
        json=[{"op": "replace", "path": "/spec/retraining/template", "value": broken}],
        headers={"Content-Type": "application/json-patch+json"},
    ).raise_for_status()
    due = until("the template", lambda: _said(api, "InvalidPolicy"))
    assert "give exactly one source" in due["message"]
    cron = until("it rests", lambda: _resting(api))
    assert cron["spec"]["startingDeadlineSeconds"] == 7 * 24 * 3600
    assert api.list(GROUP, "trainingruns") == []


def _said(api: Api, reason: str) -> Body | None:
    due = _condition(api, "RetrainingDue")
    return due if due.get("reason") == reason else None


def _resting(api: Api) -> Body | None:
    cron = api.get(BATCH, "cronjobs", "arxiv-retrain")
    return cron if cron and cron["spec"]["suspend"] else None


def _asked(api: Api) -> Body | None:
    jobs = api.list(BATCH, "jobs")
    return next((j for j in jobs if "-check-" in j["metadata"]["name"]), None)


def _told(job: Body) -> CheckInput:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    found = next(v["value"] for v in container["env"] if v["name"] == ENV_CHECK_INPUT)
    return CheckInput.model_validate_json(found)


@pytest.mark.timeout(120)
def test_a_schedule_that_nobody_understands_is_said_and_stops_nothing_else(
    api: Api, fleet: Fleet
) -> None:
    fleet.start()
    api.create(GROUP, "models", _retrained(schedule="on sundays"))
    _in_production(api)
    complaint = _condition(api, "Accepted")
    assert complaint["status"] == "False"
    assert "spec.schedule" in complaint["message"]
    api.merge(GROUP, "models", "arxiv", {"spec": {"retraining": {"schedule": "0 2 * * 0"}}})
    until("it is taken", lambda: _condition(api, "Accepted").get("status") == "True")
    until("the CronJob", lambda: api.get(BATCH, "cronjobs", "arxiv-retrain"))
