"""The operator's process against a real API server: what it creates, and what it leaves alone."""

import threading
from collections import Counter

import pytest
from operator_lab import (
    APPS,
    BATCH,
    GROUP,
    Api,
    Fleet,
    end_step,
    experiment,
    model,
    training_run,
    until,
    version,
)

COLLECT = "first-collect"


def _steps(api: Api) -> list[str]:
    jobs = api.list(BATCH, "jobs")
    return sorted(j["metadata"]["name"] for j in jobs if "first-" in j["metadata"]["name"])


@pytest.mark.requirement("FUT-11")
def test_a_run_becomes_one_job_a_step_each_owned_by_it(api: Api, fleet: Fleet) -> None:
    fleet.start()
    api.create(GROUP, "models", model())
    run = api.create(GROUP, "trainingruns", training_run())
    job = until("the first step is a Job", lambda: api.get(BATCH, "jobs", COLLECT))
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == (
        "TrainingRun",
        run["metadata"]["uid"],
        True,
    )
    end_step(api, job, {"raw": "file:///artifacts/raw"})
    until("the second step is a Job", lambda: api.get(BATCH, "jobs", "first-prepare"))
    assert _steps(api) == [COLLECT, "first-prepare"]
    status = api.custom("trainingruns", "first")["status"]
    assert status["phase"] == "Preparing"
    assert status["steps"][0]["outputs"] == {"raw": "file:///artifacts/raw"}


def test_a_standby_takes_over_within_ten_seconds_and_makes_no_second_job(
    api: Api, fleet: Fleet
) -> None:
    leader = fleet.start("operator-0")
    until("it leads", lambda: leader.series("pharos_operator_leading"))
    standby = fleet.start("operator-1")
    api.create(GROUP, "models", model())
    api.create(GROUP, "trainingruns", training_run())
    job = until("the first step is a Job", lambda: api.get(BATCH, "jobs", COLLECT))
    assert standby.series("pharos_operator_leading") == 0
    leader.process.kill()
    end_step(api, job, {"raw": "file:///artifacts/raw"})
    until("the standby goes on", lambda: api.get(BATCH, "jobs", "first-prepare"), 10)
    assert _steps(api) == [COLLECT, "first-prepare"]
    again = api.get(BATCH, "jobs", COLLECT)
    assert again is not None
    assert again["metadata"]["uid"] == job["metadata"]["uid"]


def test_a_leader_that_is_told_to_stop_hands_over_within_three_seconds(
    api: Api, fleet: Fleet
) -> None:
    leader = fleet.start("operator-0")
    until("it leads", lambda: leader.series("pharos_operator_leading"))
    standby = fleet.start("operator-1")
    leader.process.terminate()
    until("the standby leads", lambda: standby.series("pharos_operator_leading"), 3)
    assert leader.process.wait(10) == 0


def test_a_version_gets_its_servers_and_gives_them_back(api: Api, fleet: Fleet) -> None:
    fleet.start()
    api.create(GROUP, "models", model())
    api.create(GROUP, "modelversions", version())
    deployment = until("a Deployment", lambda: api.get(APPS, "deployments", "arxiv-v9-0-0"))
    assert deployment["metadata"]["ownerReferences"][0]["kind"] == "ModelVersion"
    for prefix, plural in (
        ("/api/v1", "services"),
        ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
        ("/apis/policy/v1", "poddisruptionbudgets"),
    ):
        until(plural, lambda p=prefix, q=plural: api.get(p, q, "arxiv-v9-0-0"))
    api.delete(APPS, "deployments", "arxiv-v9-0-0")
    again = until("it is made again", lambda: api.get(APPS, "deployments", "arxiv-v9-0-0"))
    assert again["metadata"]["uid"] != deployment["metadata"]["uid"]


@pytest.mark.timeout(180)
def test_nothing_is_written_at_rest(api: Api, fleet: Fleet) -> None:
    operator = fleet.start("operator-0", RESYNC_INTERVAL_S="5")
    fleet.start("operator-1", RESYNC_INTERVAL_S="5")
    api.create(GROUP, "models", model())
    api.create(GROUP, "modelversions", version())
    api.create(GROUP, "modelversions", version("arxiv-v9-1-0", "v9.1.0"))
    api.create(GROUP, "abexperiments", experiment("arxiv-v9-1-0"))
    api.create(GROUP, "trainingruns", training_run())
    until("the first step is a Job", lambda: api.get(BATCH, "jobs", COLLECT))
    until("the experiment is looked at", lambda: api.custom("abexperiments", "move").get("status"))
    settled = _settled(api)
    looked = operator.series("pharos_operator_reconciles_total")
    _pass(60)
    assert api.writes() - settled == {}
    assert operator.series("pharos_operator_reconciles_total") >= looked


def _settled(api: Api) -> Counter[str]:
    """The count of writes once two seconds have brought no more."""
    seen = [Counter[str]()]

    def is_quiet() -> bool:
        seen.append(api.writes())
        _pass(2)
        return seen[-1] == seen[-2]

    until("writing ends", is_quiet, 40)
    return seen[-1]


def _pass(seconds: float) -> None:
    threading.Event().wait(seconds)


def test_an_object_of_a_newer_release_is_refused_with_a_sentence_and_taken_once_corrected(
    api: Api, fleet: Fleet
) -> None:
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/models.pharos.neoalexandria.io"
    definition = api.client.get(crd).json()
    spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties"
    _json_patch(api, crd, [{"op": "add", "path": f"{spec}/mood", "value": {"type": "string"}}])
    try:
        fleet.start()
        body = model()
        body["spec"]["mood"] = "sunny"
        until("the new field is known", lambda: _created(api, body))
        condition = until("a complaint", lambda: _accepted(api))
        assert condition["status"] == "False"
        assert condition["reason"] == "InvalidSpec"
        assert "mood" in condition["message"]
        api.merge(GROUP, "models", "arxiv", {"spec": {"mood": None}})
        until("it is taken", lambda: (_accepted(api) or {}).get("status") == "True")
    finally:
        _json_patch(api, crd, [{"op": "remove", "path": f"{spec}/mood"}])
    assert definition["kind"] == "CustomResourceDefinition"


def _json_patch(api: Api, path: str, change: list[dict[str, object]]) -> None:
    headers = {"Content-Type": "application/json-patch+json"}
    api.client.patch(path, json=change, headers=headers).raise_for_status()


def _created(api: Api, body: dict[str, object]) -> bool:
    """Whether the server already keeps the field that it was taught a moment ago."""
    path = api.path(GROUP, "models")
    answer = api.client.post(f"{path}?dryRun=All&fieldValidation=Strict", json=body)
    if answer.is_success:
        api.create(GROUP, "models", body)
    return bool(answer.is_success)


def _accepted(api: Api) -> dict[str, str] | None:
    status = api.custom("models", "arxiv").get("status") or {}
    conditions = status.get("conditions", ())
    return next((c for c in conditions if c["type"] == "Accepted"), None)
