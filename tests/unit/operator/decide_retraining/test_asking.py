"""A person asks for a retraining: a check at once, or the sentence that says why none."""

from typing import Any

import pytest
from decide_builders import NOW, PLATFORM, after, model
from retraining_builders import check, policy, retrained_model, retraining, seen

from pharos_api.meta import Command
from pharos_api.model import ModelSpec, ModelVerb
from pharos_api.names import check_job_name
from pharos_api.retraining import RetrainingStatus
from pharos_operator.decide.conditions import ModelCondition, find
from pharos_operator.decide.decision import StartCheck
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import JobState, ModelObservation

WISH = Command(id="c1", verb=ModelVerb.RETRAIN, by="ada", reason="new topics")
OWN = check_job_name("arxiv", "c1")


def _asked(rule: Any = None, *checks: Any, **more: Any) -> ModelObservation:
    return seen(retrained_model(rule, command=WISH), *checks, **more)


def _running(name: str) -> Any:
    return check(name=name, state=JobState.ACTIVE, finished_at=None, pod=None)


STARTS = {
    "a wish starts a check": _asked(),
    "a wish goes over the suspension": _asked(policy(suspend=True)),
    "a wish goes over the cool-down": seen(
        retrained_model(command=WISH, retraining=RetrainingStatus(run_finished_at=after(-60)))
    ),
    "a crash after the Job was made starts the same one": _asked(None, _running(OWN)),
}


@pytest.mark.requirement("RET-13")
@pytest.mark.parametrize("name", STARTS)
def test_a_wish_is_granted(name: str) -> None:
    decision = decide(STARTS[name], PLATFORM, NOW)
    (started,) = [a for a in decision.actions if isinstance(a, StartCheck)]
    assert (started.job, started.told.forced) == (OWN, "new topics (by ada)")
    assert decision.status.observed_command == "c1"
    again = STARTS[name].model.model_copy(update={"status": decision.status})
    assert not [a for a in decide(seen(again), PLATFORM, NOW).actions if isinstance(a, StartCheck)]


REFUSED = {
    "a Model without a policy": (
        seen(model("v1.0.0", ModelSpec(), command=WISH)),
        "spec.retraining has no template",
    ),
    "a Model without a template": (_asked(policy(template=None)), "has no template"),
    "a template that cannot work": (_asked(policy(template={})), "data: Field required"),
    "while a retraining runs": (_asked(runs=(retraining(),)), "one at a time"),
    "while another check runs": (_asked(None, _running("arxiv-retrain-7")), "arxiv-retrain-7"),
    "over the month's budget": (_asked(policy(maxGpuHoursPerMonth="1")), "GPU hours"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wish_is_refused_with_a_sentence(name: str) -> None:
    look, says = REFUSED[name]
    decision = decide(look, PLATFORM, NOW)
    found = find(decision.status.conditions, ModelCondition.COMMAND_REFUSED)
    assert found is not None
    assert says in found.message
    assert not [a for a in decision.actions if isinstance(a, StartCheck)]
