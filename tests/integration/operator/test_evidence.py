"""The record of a decision, written by a real operator: immutable, and judged again."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from operator_lab import CORE, GROUP, Api, Fleet, experiment, model, until, version

from pharos_analysis.record import agrees, context_of
from pharos_api import names

POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
STATUSES = {
    "apiGroups": [names.GROUP],
    "apiVersions": ["*"],
    "operations": ["UPDATE"],
    "resources": ["abexperiments/status"],
}
MAPS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}
NO_EVIDENCE = "!has(object.status.evidence) || size(object.status.evidence) == 0"


def _leads(fleet: Fleet, name: str) -> None:
    leader = fleet.start(name)
    until(f"{name} leads", lambda: leader.series("pharos_operator_leading"), 30)


def _waiting(api: Api) -> dict[str, Any]:
    """An experiment that waits for its candidate."""
    api.create(GROUP, "models", model())
    api.create(GROUP, "modelversions", version())
    made = api.create(GROUP, "abexperiments", experiment("arxiv-v9-1-0"))
    until("it waits", lambda: api.custom("abexperiments", "move").get("status"))
    return made


def _abort(api: Api) -> None:
    """A person ends it."""
    command = {"id": "1", "verb": "Abort", "by": "ada", "reason": "wrong data"}
    api.merge(GROUP, "abexperiments", "move", {"status": {"command": command}}, "status")


def _ended(api: Api) -> list[str]:
    """The names of the records, once the experiment has ended."""
    status = until("it ended", lambda: _if_ended(api.custom("abexperiments", "move")), 30)
    return [one["name"] for one in status["evidence"]]


def _if_ended(found: dict[str, Any]) -> dict[str, Any] | None:
    status: dict[str, Any] = found["status"]
    return status if status["phase"] == "Failed" else None


def _records(api: Api) -> list[str]:
    found = [each["metadata"]["name"] for each in api.list(CORE, "configmaps")]
    return [name for name in found if name.startswith("move-01-abort")]


@contextmanager
def _refused(
    api: Api, rule: dict[str, Any], allowed: str, probe: Callable[[], bool]
) -> Iterator[None]:
    """The API server refuses what is not ``allowed`` (CEL), from when ``probe`` says so."""
    metadata = {"name": f"{api.namespace}-refused"}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": allowed, "message": "refused by a test"}],
    }
    here = {"kubernetes.io/metadata.name": api.namespace}
    binding = {
        "policyName": metadata["name"],
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": here}},
    }
    for path, spec in ((POLICIES, policy), (BINDINGS, binding)):
        body = {"metadata": metadata, "spec": spec}
        api.client.post(path, json=body).raise_for_status()
    try:
        until("it is refused", probe, 30)
        yield
    finally:
        for path in (BINDINGS, POLICIES):
            api.client.delete(f"{path}/{metadata['name']}").raise_for_status()


def _refuses_maps(api: Api) -> bool:
    path = api.path(CORE, "configmaps")
    body = {"metadata": {"name": "probe"}}
    return api.client.post(path, json=body, params={"dryRun": "All"}).status_code == 422


def _refuses_evidence(api: Api) -> bool:
    path = api.path(GROUP, "abexperiments", "move", "status")
    headers = {"Content-Type": "application/merge-patch+json"}
    change = {"status": {"evidence": [{"name": "probe", "decision": "Abort"}]}}
    asked = {"dryRun": "All"}
    return api.client.patch(path, json=change, params=asked, headers=headers).status_code == 422


def test_a_decision_leaves_an_immutable_record_that_is_judged_again(api: Api, fleet: Fleet) -> None:
    _leads(fleet, "operator-0")
    made = _waiting(api)
    _abort(api)
    (name,) = _ended(api)
    record = api.get(CORE, "configmaps", name)
    assert record is not None
    assert record["immutable"] is True
    assert record["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert record["metadata"]["labels"][names.LABEL_EXPERIMENT] == "move"
    document = json.loads(record["data"][names.EVIDENCE_KEY])
    assert agrees(document) == []
    assert "aborted by ada: wrong data" in context_of(document).reason


def test_a_record_that_is_refused_delays_no_decision_and_is_waited_for(
    api: Api, fleet: Fleet
) -> None:
    leader = fleet.start()
    _waiting(api)
    with _refused(api, MAPS | {"resources": ["configmaps"]}, "false", lambda: _refuses_maps(api)):
        _abort(api)
        names_ = _ended(api)
        until("the record waits", lambda: leader.series("pharos_operator_records_waiting"))
        assert _records(api) == []
    until("the record", lambda: _records(api) == names_, 30)
    until("nothing waits", lambda: not leader.series("pharos_operator_records_waiting"))


def test_a_leader_killed_between_record_and_status_loses_no_evidence(
    api: Api, fleet: Fleet
) -> None:
    """The status is refused, so the leader is killed after the one write and before the other."""
    _leads(fleet, "operator-0")
    _waiting(api)
    with _refused(api, STATUSES, NO_EVIDENCE, lambda: _refuses_evidence(api)):
        _abort(api)
        until("the record of what was decided", lambda: _records(api))
        fleet.running[0].process.kill()
        fleet.running[0].process.wait(10)
    assert not api.custom("abexperiments", "move")["status"].get("evidence")
    _leads(fleet, "operator-1")
    noted = _ended(api)
    assert len(noted) == 1
    assert set(noted) <= set(_records(api))
