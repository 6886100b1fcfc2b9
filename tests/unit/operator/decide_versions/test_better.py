"""A retrained version that did not win by enough is archived, and nobody meets it."""

from dataclasses import dataclass

import pytest
from decide_builders import NOW, PLATFORM, looked, model, version

from pharos_api.model import ModelSpec, PromotionPolicy
from pharos_api.modelversion import Lineage, Metrics, ModelVersion, Stage
from pharos_api.retraining import Trigger
from pharos_operator.decide.conditions import ModelCondition, find
from pharos_operator.decide.decision import StartExperiment
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import VersionObservation
from pharos_operator.decide.versions import modelversion
from pharos_operator.decide.versions.better import not_better


def retrained(improvement: str | None, trigger: Trigger | None = Trigger.DRIFT) -> ModelVersion:
    made = version("v1.1.0")
    facts = {
        "lineage": Lineage(trigger=trigger),
        "metrics": Metrics(improvement=improvement, production_accuracy="0.9120"),
    }
    return made.model_copy(update={"spec": made.spec.model_copy(update=facts)})


@dataclass(frozen=True)
class Case:
    version: ModelVersion
    better: bool
    minimum: str = "0.02"


CASES = {
    "more than two points are enough": Case(retrained("0.0230"), True),
    "two points are not more than two": Case(retrained("0.0200"), False),
    "less is not": Case(retrained("0.0100"), False),
    "worse is not": Case(retrained("-0.0100"), False),
    "a policy may ask for any gain at all": Case(retrained("0.0010"), True, "0"),
    "as good is no gain": Case(retrained("0"), False, "0"),
    "what was not compared is judged by its experiment": Case(retrained(None), True),
    "a person's run is judged by its experiment": Case(retrained("-0.5", None), True),
}


@pytest.mark.requirement("RET-8", "RET-20", "RET-21")
@pytest.mark.parametrize("name", CASES)
def test_a_retrained_version_must_win_by_the_policys_minimum(name: str) -> None:
    case = CASES[name]
    policy = PromotionPolicy(min_improvement=case.minimum)
    of = model("v1.0.0", ModelSpec(promotion=policy))
    assert (not_better(case.version, policy) == "") is case.better
    seen = decide(looked(of, version("v1.0.0"), case.version), PLATFORM, NOW)
    assert any(isinstance(a, StartExperiment) for a in seen.actions) is case.better
    own = modelversion.decide(VersionObservation(case.version, of), PLATFORM, NOW)
    assert own.status.stage is (Stage.REGISTERED if case.better else Stage.ARCHIVED)
    assert [e.reason for e in own.events] == ([] if case.better else ["NotBetter"])


@pytest.mark.requirement("RET-21")
def test_the_sentence_names_the_version_and_what_it_gained() -> None:
    worse = retrained("0.0100")
    of = model("v1.0.0")
    said = not_better(worse, of.spec.promotion)
    assert said.startswith("New model v1.1.0 not promoted (+1.0%)")
    assert "0.9120 in production" in said
    seen = decide(looked(of, version("v1.0.0"), worse), PLATFORM, NOW)
    rollout = find(seen.status.conditions, ModelCondition.ROLLOUT)
    assert rollout is not None
    assert (rollout.reason, said in rollout.message) == ("NotBetter", True)


def test_an_archived_version_says_so_once() -> None:
    of, worse = model("v1.0.0"), retrained("0.0100")
    first = modelversion.decide(VersionObservation(worse, of), PLATFORM, NOW)
    stored = worse.model_copy(update={"status": first.status})
    again = modelversion.decide(VersionObservation(stored, of), PLATFORM, NOW)
    assert (again.events, again.status) == ((), first.status)
