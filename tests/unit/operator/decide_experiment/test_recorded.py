"""Which decisions leave a record, once each, and that each can be judged again."""

import json
from typing import Any

import pytest
from decide_builders import NOW, PLATFORM, after, arm, healthy, pairs, sample
from experiment_cases import FIRST, LAST, Case, command, routed
from hypothesis import given, settings
from hypothesis import strategies as st

from pharos_analysis.record import agrees, context_of, replayed
from pharos_analysis.samples import Facts, Sample
from pharos_api.abexperiment import ABExperimentStatus, Evidence, ExperimentPhase
from pharos_api.names import evidence_name
from pharos_operator.decide.decision import RecordEvidence
from pharos_operator.decide.experiments.experiment import decide
from pharos_operator.decide.experiments.recording import KEPT

SHADOWED = FIRST | {
    "phase": ExperimentPhase.SHADOWING,
    "exposure": 0,
    "mirror": 40,
    "exposed_at": None,
    "shadowed_at": after(-3600),
}
SHADOW: dict[str, Any] = {"strategy": "Shadow", "shadow": {"percent": 40}}
BAD = sample(arm(30), arm(30, 9))

RECORDED = {
    "a step up": (Case(FIRST, of=routed(500), sample=healthy()), "StepUp", "Won"),
    "a promotion": (Case(LAST, of=routed(5000), sample=healthy()), "Promote", "Won"),
    "a rollback": (Case(FIRST, of=routed(500), sample=BAD), "Rollback", "Harm"),
    "a shadow that passed": (
        Case(SHADOWED, of=routed(mirror=40), spec=SHADOW, facts=Facts(pairs=pairs(9000))),
        "ShadowPassed",
        "Won",
    ),
    "what a person decided, with what was known": (
        Case(FIRST | {"command": command("Rollback")}, of=routed(500), sample=healthy()),
        "Rollback",
        "Won",
    ),
    "what a person decided, with nothing known": (
        Case(FIRST | {"command": command("Abort")}, of=routed(500)),
        "Abort",
        "Hold",
    ),
}


def records(case: Case) -> list[RecordEvidence]:
    return [each for each in case.decision().actions if isinstance(each, RecordEvidence)]


@pytest.mark.parametrize(("case", "decision", "ruling"), RECORDED.values(), ids=RECORDED.keys())
def test_each_decision_leaves_one_record_that_is_judged_alike(
    case: Case, decision: str, ruling: str
) -> None:
    (record,) = records(case)
    found = json.loads(record.document)
    assert (record.decision, record.at, context_of(found).decision) == (decision, NOW, decision)
    assert replayed(found).ruling == ruling
    assert agrees(found) == []
    (listed,) = case.decision().status.evidence
    assert (listed.name, listed.decision, listed.at) == (record.name, decision, NOW)


QUIET = {
    "a look that holds": Case(LAST, of=routed(5000), sample=Sample(error="gone")),
    "the first share, which rests on staging": Case(),
    "a refused plan": Case(spec={"metrics": [{"name": "error-rate", "role": "Signal"}]}),
    "a pause": Case(FIRST | {"command": command("Pause")}, of=routed(500), sample=healthy()),
}


@pytest.mark.parametrize("case", QUIET.values(), ids=QUIET.keys())
def test_what_is_no_decision_leaves_no_record(case: Case) -> None:
    assert records(case) == []


def test_the_list_is_bounded_and_its_numbers_rise() -> None:
    before = [
        Evidence(name=evidence_name("rollout-uid-x", n, "StepUp", ""), decision="StepUp", at=NOW)
        for n in range(5, 5 + KEPT)
    ]
    case = Case(FIRST | {"evidence": before}, of=routed(500), sample=healthy())
    after_it = case.decision().status.evidence
    assert len(after_it) == KEPT
    assert after_it[-1].name.startswith("rollout-uid-x-25-stepup-")
    assert after_it[:-1] == before[1:]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True)
)
def test_every_record_can_be_judged_again(requests: float, errors: float) -> None:
    case = Case(LAST, of=routed(5000), sample=sample(arm(1000), arm(requests, errors)))
    decision = decide(case.observation(), PLATFORM, NOW)
    assert ABExperimentStatus.model_validate(decision.status.to_json()) == decision.status
    for record in records(case):
        assert agrees(json.loads(record.document)) == []
