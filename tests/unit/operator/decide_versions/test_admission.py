"""A version that a person made must not contradict what is registered."""

from dataclasses import dataclass

import pytest
from decide_builders import NOW, PLATFORM, after, model, version

from pharos_api.modelversion import ModelVersion, ModelVersionPhase
from pharos_api.names import FIELD_MANAGER, LABEL_MANAGED_BY
from pharos_operator.decide.decision import EventType, RemoveServing
from pharos_operator.decide.observation import VersionObservation
from pharos_operator.decide.versions.admission import admitted, refusal
from pharos_operator.decide.versions.modelversion import decide


def made(
    number: str, at_s: float = 0, name: str = "", by_pharos: bool = False, digest: str = ""
) -> ModelVersion:
    each = version(number, digest=digest)
    labels = {LABEL_MANAGED_BY: FIELD_MANAGER} if by_pharos else {}
    given = {"creation_timestamp": after(at_s), "labels": labels}
    given |= {"name": name, "uid": f"uid-{name}"} if name else {}
    metadata = each.metadata.model_copy(update=given)
    return each.model_copy(update={"metadata": metadata})


@dataclass(frozen=True)
class Case:
    version: ModelVersion
    standing: tuple[ModelVersion, ...]
    sentence: str = ""


CASES = {
    "the first version": Case(made("v3.0.0"), ()),
    "a newer number": Case(made("v1.1.0", 60), (made("v1.0.0"),)),
    "an older number, made later": Case(
        made("v1.0.5", 60), (made("v1.1.0"),), "New version v1.0.5 is not newer than v1.1.0"
    ),
    "an older number, made in the same second": Case(made("v1.0.0"), (made("v1.1.0"),)),
    "a number that is taken": Case(
        made("v1.0.0", 60, "mine", digest="a" * 64),
        (made("v1.0.0"),),
        "v1.0.0 is registered already, as arxiv-v1-0-0",
    ),
    "the one that was there before another took its number": Case(
        made("v1.0.0"), (made("v1.0.0", 60, "mine"),)
    ),
    "what Pharos made keeps its number against an older one": Case(
        made("v1.0.0", 60, by_pharos=True), (made("v1.0.0", 0, "mine"),)
    ),
    "a slow run registers after a quick one": Case(
        made("v1.1.0", 60, by_pharos=True), (made("v1.2.0"),)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_refusal(case: Case) -> None:
    found = refusal(case.version, (*case.standing, case.version))
    assert found.startswith(case.sentence)
    assert bool(found) == bool(case.sentence)


def test_of_two_that_contradict_each_other_one_stands() -> None:
    twins = (made("v1.0.0", 0, "a"), made("v1.0.0", 0, "b", digest="b" * 64))
    assert [each.metadata.name for each in admitted(twins)] == ["a"]


def test_a_refused_version_never_serves_and_says_why() -> None:
    refused = made("v1.0.5", 60)
    obs = VersionObservation(refused, model("v1.1.0"), siblings=(made("v1.1.0"), refused))
    decision = decide(obs, PLATFORM, NOW)
    assert RemoveServing(refused.metadata.name) in decision.actions
    assert decision.status.phase is ModelVersionPhase.FAILED
    (ready,) = decision.status.conditions
    assert (ready.type, ready.reason) == ("Ready", "Contradictory")
    assert "register its model under a newer number" in ready.message
    assert [event.type for event in decision.events] == [EventType.WARNING]
