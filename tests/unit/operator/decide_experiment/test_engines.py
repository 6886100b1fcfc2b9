"""What an experiment says where its arms are not computed alike."""

import json
from dataclasses import dataclass

import pytest
from decide_builders import after, healthy, version
from experiment_cases import FIRST, LAST, Case, routed

from pharos_analysis.record import agrees, context_of
from pharos_api.abexperiment import ExperimentPhase
from pharos_api.meta import ConditionStatus
from pharos_api.modelversion import EngineStatus, ModelVersion
from pharos_operator.decide.conditions import Finding, find, merge
from pharos_operator.decide.decision import RecordEvidence

WARNED = merge(
    [], [Finding("EnginesDiffer", ConditionStatus.TRUE, "EnginesDiffer", "")], 1, after(0)
)


def computed(number: str, engine: str) -> ModelVersion:
    made = version(number)
    told = EngineStatus(name=engine) if engine else None
    return made.model_copy(update={"status": made.status.model_copy(update={"engine": told})})


@dataclass(frozen=True)
class Arms:
    """What computes both, whether that was warned of before, and what is said now."""

    control: str
    candidate: str
    warned: bool = False
    status: ConditionStatus | None = None
    event: bool = False

    def case(self) -> Case:
        status = LAST | ({"conditions": WARNED} if self.warned else {})
        arms = {
            "control": computed("v1.0.0", self.control),
            "candidate": computed("v1.1.0", self.candidate),
        }
        return Case(status, of=routed(5000), sample=healthy(), **arms)


CASES = {
    "arms that are computed alike are not spoken of": Arms("OpenVino-Int8", "OpenVino-Int8"),
    "nor are arms that nobody knows of": Arms("", ""),
    "nor one that is known alone": Arms("OpenVino-Int8", ""),
    "arms that differ are warned of": Arms(
        "OpenVino-Int8", "OpenVino-Bf16", status=ConditionStatus.TRUE, event=True
    ),
    "and only once": Arms(
        "OpenVino-Int8", "OpenVino-Bf16", warned=True, status=ConditionStatus.TRUE
    ),
    "a warning ends when they are alike": Arms(
        "OpenVino-Bf16", "OpenVino-Bf16", warned=True, status=ConditionStatus.FALSE
    ),
    "and stays while nobody knows": Arms("", "", warned=True, status=ConditionStatus.TRUE),
}


@pytest.mark.parametrize("arms", CASES.values(), ids=CASES.keys())
def test_what_is_said_of_engines(arms: Arms) -> None:
    decision = arms.case().decision()
    found = find(decision.status.conditions, "EnginesDiffer")
    assert (None if found is None else found.status) == arms.status
    told = [event.reason for event in decision.events if event.reason == "EnginesDiffer"]
    assert told == ["EnginesDiffer"] * arms.event


def test_the_sentence_names_both_and_what_to_do() -> None:
    found = find(
        CASES["arms that differ are warned of"].case().decision().status.conditions, "EnginesDiffer"
    )
    assert found is not None
    assert "v1.1.0 is computed by OpenVino-Bf16 and v1.0.0 by OpenVino-Int8" in found.message
    assert "serving.engine" in found.message


def test_engines_that_differ_stop_nothing() -> None:
    differing = CASES["arms that differ are warned of"].case().decision().status
    alike = CASES["arms that are computed alike are not spoken of"].case().decision().status
    assert differing.phase is alike.phase is ExperimentPhase.PROMOTING


def test_the_record_of_a_decision_names_both_engines() -> None:
    arms = {
        "control": computed("v1.0.0", "OpenVino-Int8"),
        "candidate": computed("v1.1.0", "OpenVino-Bf16"),
    }
    decision = Case(FIRST, of=routed(500), sample=healthy(), **arms).decision()
    (record,) = (each for each in decision.actions if isinstance(each, RecordEvidence))
    document = json.loads(record.document)
    context = context_of(document)
    assert (context.control_engine, context.candidate_engine) == ("OpenVino-Int8", "OpenVino-Bf16")
    assert agrees(document) == []


def test_a_record_of_an_earlier_release_is_read_without_engines() -> None:
    decision = Case(FIRST, of=routed(500), sample=healthy()).decision()
    (record,) = (each for each in decision.actions if isinstance(each, RecordEvidence))
    document = json.loads(record.document)
    for name in ("control_engine", "candidate_engine"):
        del document["context"][name]
    assert context_of(document).control_engine == ""
