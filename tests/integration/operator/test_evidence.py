"""The record of a decision, written by a real operator: immutable, and judged again."""

import json
from typing import Any

import pytest
from operator_lab import CORE, GROUP, Api, Fleet, Operator, experiment, model, until, version

from pharos_analysis.record import agrees, context_of
from pharos_api import names

RECORD = "move-01-abort"


@pytest.fixture
def operator(fleet: Fleet) -> Operator:
    leader = fleet.start("operator-0")
    until("it leads", lambda: leader.series("pharos_operator_leading"))
    return leader


def _aborted(api: Api) -> dict[str, Any]:
    """An experiment that waits for its candidate, and a person who ends it."""
    api.create(GROUP, "models", model())
    api.create(GROUP, "modelversions", version())
    made = api.create(GROUP, "abexperiments", experiment("arxiv-v9-1-0"))
    until("it waits", lambda: api.custom("abexperiments", "move").get("status"))
    command = {"id": "1", "verb": "Abort", "by": "ada", "reason": "wrong data"}
    api.merge(GROUP, "abexperiments", "move", {"status": {"command": command}}, "status")
    return made


@pytest.mark.usefixtures("operator")
def test_a_decision_leaves_an_immutable_record_that_is_judged_again(api: Api) -> None:
    made = _aborted(api)
    record = until("the record", lambda: api.get(CORE, "configmaps", RECORD))
    assert record["immutable"] is True
    assert record["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert record["metadata"]["labels"][names.LABEL_EXPERIMENT] == "move"
    document = json.loads(record["data"][names.EVIDENCE_KEY])
    assert agrees(document) == []
    assert "aborted by ada: wrong data" in context_of(document).reason
    noted = api.custom("abexperiments", "move")["status"]["evidence"]
    assert [one["name"] for one in noted] == [RECORD]


def test_a_name_that_is_taken_delays_no_decision_and_is_waited_for(
    api: Api, operator: Operator
) -> None:
    taken = {"metadata": {"name": RECORD}, "data": {"by": "somebody else"}}
    api.create(CORE, "configmaps", taken)
    _aborted(api)
    until("it ended", lambda: api.custom("abexperiments", "move")["status"]["phase"] == "Failed")
    until("the record waits", lambda: operator.series("pharos_operator_records_waiting"))
    api.delete(CORE, "configmaps", RECORD)
    record = until(
        "the record",
        lambda: names.EVIDENCE_KEY in (api.get(CORE, "configmaps", RECORD) or {}).get("data", {}),
    )
    assert record
    until("nothing waits", lambda: not operator.series("pharos_operator_records_waiting"))
