"""One look at an A/B test, a blue-green switch and a shadow: a row for each transition and trap."""

from typing import Any

import pytest
from decide_builders import (
    NOW,
    after,
    arm,
    experiment,
    healthy,
    labels,
    model,
    name_of,
    pairs,
    pointer,
    sample,
    version,
)
from experiment_cases import FIRST, LAST, LIVE, Case, check, command, routed

from pharos_analysis.samples import Facts, LabelSample, PairSample, Sample
from pharos_api.abexperiment import ExperimentPhase, ExperimentStrategy, Verdict
from pharos_api.decision import DecisionRule, OnInconclusive
from pharos_api.delivery import ABTestPlan, Following, ShadowPlan
from pharos_api.metrics import Metric, MetricRole, MetricSource
from pharos_api.model import Model, Quarantined, Route

Phase = ExperimentPhase
GUARD = Metric(name="error-rate", max_ratio="1.5", abort_above="0.10")
GOAL = Metric(
    name="accuracy", role=MetricRole.GOAL, source=MetricSource.LABELS, min_improvement="0.02"
)
WITH_GOAL = {"metrics": [GOAL, GUARD]}
BETTER, EQUAL, WORSE = labels(0.70, 0.95), labels(0.90, 0.90), labels(0.95, 0.70)


def facts(taken: Sample | None = None, known: LabelSample | None = None) -> Facts:
    return Facts(audited=taken or healthy(), labels=known)


# --- Canary, where goals are given ---------------------------------------------------------------

CANARY = {
    "a step up needs no goal reached": Case(
        FIRST,
        spec=WITH_GOAL,
        of=routed(500),
        facts=facts(known=EQUAL),
        phase=Phase.PROGRESSING,
        exposure=5000,
    ),
    "the last step holds until every goal is reached": Case(
        LAST,
        spec=WITH_GOAL,
        of=routed(5000),
        facts=facts(known=EQUAL),
        phase=Phase.PROGRESSING,
        exposure=5000,
        says="accuracy",
    ),
    "a better candidate is promoted by its labels": Case(
        LAST,
        spec=WITH_GOAL,
        of=routed(5000),
        facts=facts(known=BETTER),
        phase=Phase.PROMOTING,
        exposure=5000,
        verdict=Verdict.PROMOTE,
        says="every goal is reached",
    ),
    "a candidate that is only wrong is rolled back by its labels": Case(
        FIRST,
        spec=WITH_GOAL,
        of=routed(500),
        facts=facts(known=WORSE),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        says="accuracy",
    ),
    "a store that is away holds and neither promotes nor rolls back": Case(
        LAST,
        spec=WITH_GOAL,
        of=routed(5000),
        facts=facts(known=LabelSample(error="connection refused")),
        phase=Phase.PROGRESSING,
        exposure=5000,
        says="connection refused",
    ),
    "labels that were not asked for this time hold": Case(
        LAST, spec=WITH_GOAL, of=routed(5000), facts=facts(), phase=Phase.PROGRESSING, exposure=5000
    ),
    "a goal on labels without any feedback is warned of": Case(
        LAST,
        spec=WITH_GOAL,
        of=routed(5000),
        facts=facts(known=labels(0.9, 0.9, labelled=False)),
        phase=Phase.PROGRESSING,
        exposure=5000,
        says="send labels to POST /v1/feedback",
    ),
    "no decision in time holds for ever by default (argo-rollouts#3850)": Case(
        LAST,
        spec=WITH_GOAL,
        of=routed(5000),
        facts=facts(known=EQUAL),
        later_s=30 * 86400,
        phase=Phase.PROGRESSING,
        exposure=5000,
    ),
    "inconclusive with Promote never promotes a split that is not trusted": Case(
        FIRST,
        spec=WITH_GOAL | {"decision": DecisionRule(on_inconclusive=OnInconclusive.PROMOTE)},
        of=routed(500),
        facts=facts(known=LabelSample(EQUAL.control, EQUAL.candidate, EQUAL.metrics, multiple=900)),
        later_s=15 * 86400,
        phase=Phase.PROGRESSING,
        exposure=500,
        says="MultipleExposure",
    ),
}

# --- ABTest --------------------------------------------------------------------------------------

TEST: dict[str, Any] = {
    "strategy": ExperimentStrategy.AB_TEST,
    "ab_test": ABTestPlan(percent=50, duration="7d"),
}
ARMS = LAST | {"current_step": 0}
DAY_S = 86400.0

ABTEST = {
    "it begins with two equal arms at once": Case(
        spec=TEST, phase=Phase.PROGRESSING, exposure=5000, says="two arms of 50 %"
    ),
    "it holds for its duration however well it goes": Case(
        ARMS, spec=TEST, of=routed(5000), sample=healthy(), phase=Phase.PROGRESSING, exposure=5000
    ),
    "at the end, without goals, passing guardrails promote": Case(
        ARMS,
        spec=TEST,
        of=routed(5000),
        sample=healthy(),
        later_s=7 * DAY_S,
        phase=Phase.PROMOTING,
        exposure=5000,
        verdict=Verdict.PROMOTE,
    ),
    "a goal reached in the first seventh waits for the novelty to wear off": Case(
        ARMS,
        spec=TEST | WITH_GOAL,
        of=routed(5000),
        facts=facts(known=BETTER),
        later_s=DAY_S - 200,
        phase=Phase.PROGRESSING,
        exposure=5000,
    ),
    "a goal reached after it ends the test early": Case(
        ARMS,
        spec=TEST | WITH_GOAL,
        of=routed(5000),
        facts=facts(known=BETTER),
        later_s=DAY_S,
        phase=Phase.PROMOTING,
        exposure=5000,
        verdict=Verdict.PROMOTE,
        says="won the test",
    ),
    "an open goal holds at the end": Case(
        ARMS,
        spec=TEST | WITH_GOAL,
        of=routed(5000),
        facts=facts(known=EQUAL),
        later_s=7 * DAY_S,
        phase=Phase.PROGRESSING,
        exposure=5000,
    ),
    "an open goal at the end of maxDuration is decided by onInconclusive": Case(
        ARMS,
        spec=TEST | WITH_GOAL | {"decision": DecisionRule(on_inconclusive=OnInconclusive.ROLLBACK)},
        of=routed(5000),
        facts=facts(known=EQUAL),
        later_s=14 * DAY_S,
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ABORT,
    ),
    "harm ends it at any time": Case(
        ARMS,
        spec=TEST,
        of=routed(5000),
        sample=sample(arm(100), arm(100, 40)),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "an arm without requests never wins (flagger#1011)": Case(
        ARMS,
        spec=TEST,
        of=routed(5000),
        sample=sample(arm(1000), arm(0)),
        later_s=7 * DAY_S,
        phase=Phase.PROGRESSING,
        exposure=5000,
    ),
}

# --- BlueGreen -----------------------------------------------------------------------------------

SWITCH: dict[str, Any] = {"strategy": ExperimentStrategy.BLUE_GREEN}
ASKED = LIVE | {"phase": Phase.PROMOTING, "verdict": Verdict.PROMOTE, "reason": "green is warm"}
WATCHED = ASKED | {"phase": Phase.WATCHING, "switched_at": after(-10), "weight": 100}
ON_GREEN = Route(revision=8, stable=name_of("v1.1.0"), verified_revision=8)


def green(by: str = "uid-x", verified: bool = True, **more: Any) -> Model:
    """v1.1.0 in production."""
    route = ON_GREEN if verified else ON_GREEN.model_copy(update={"verified_revision": 7})
    won = model(route=route, previous=pointer("v1.0.0"), **more)
    production = {"production": pointer("v1.1.0", promoted_by=by)}
    return won.model_copy(update={"status": won.status.model_copy(update=production)})


def quarantined() -> list[Quarantined]:
    return [Quarantined(version="v1.1.0", sha256=version("v1.1.0").spec.artifact.sha256)]


BLUE_GREEN = {
    "green with its pods is switched to at once": Case(
        spec=SWITCH,
        phase=Phase.PROMOTING,
        verdict=Verdict.PROMOTE,
        says="green is warm on its own Service arxiv-v1-1-0",
    ),
    "green needs the pods that production has (argo-rollouts PR 4612)": Case(
        spec=SWITCH,
        control=version("v1.0.0", ready=3),
        phase=Phase.STARTING,
        says="1 of 3 are ready",
        expect={"candidate_replicas": 3},
    ),
    "a green that never gets its pods ends without a switch (flagger#1898)": Case(
        LIVE | {"phase": Phase.STARTING, "staged_at": after(-601), "candidate_replicas": 3},
        spec=SWITCH,
        control=version("v1.0.0", ready=3),
        phase=Phase.FAILED,
        verdict=Verdict.INVALID,
        says="1 of 3 are ready",
    ),
    "the watch begins when every gateway has confirmed the switch": Case(
        ASKED,
        spec=SWITCH,
        of=green(),
        phase=Phase.WATCHING,
        verdict=Verdict.PROMOTE,
        says="watching v1.1.0 in production",
        expect={"switched_at": NOW, "weight": 100},
    ),
    "until then it waits": Case(
        ASKED,
        spec=SWITCH,
        of=green(verified=False),
        phase=Phase.PROMOTING,
        verdict=Verdict.PROMOTE,
    ),
    "what a person promoted is not watched by an experiment": Case(
        ASKED, spec=SWITCH, of=green(by=""), phase=Phase.SUCCEEDED, verdict=Verdict.PROMOTE
    ),
    "the watch lasts its time": Case(
        WATCHED,
        spec=SWITCH,
        of=green(),
        facts=Facts(fast=sample(arm(None), arm(500))),
        phase=Phase.WATCHING,
        verdict=Verdict.PROMOTE,
    ),
    "a watch without harm is the end": Case(
        WATCHED,
        spec=SWITCH,
        of=green(),
        facts=Facts(fast=sample(arm(None), arm(500))),
        later_s=51,
        phase=Phase.SUCCEEDED,
        verdict=Verdict.PROMOTE,
        says="nothing was wrong",
    ),
    "harm in the watch goes back at once (flagger#616)": Case(
        WATCHED,
        spec=SWITCH,
        of=green(),
        facts=Facts(fast=sample(arm(None), arm(60, 30))),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        says="0.5000 (30 of 60)",
    ),
    "Prometheus away does not blind the watch": Case(
        WATCHED,
        spec=SWITCH,
        of=green(),
        facts=Facts(audited=Sample(error="gone"), fast=sample(arm(None), arm(60, 30))),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "a watch that sees nothing neither ends nor goes back": Case(
        WATCHED,
        spec=SWITCH,
        of=green(),
        facts=Facts(audited=Sample(error="gone")),
        later_s=3600,
        phase=Phase.WATCHING,
        verdict=Verdict.PROMOTE,
        says="gone",
    ),
    "a newer candidate need not wait for a watch that sees nothing": Case(
        WATCHED,
        spec=SWITCH,
        of=green(),
        rivals=[experiment("v1.2.0", uid="uid-b", candidate_version="v1.2.0")],
        later_s=3600,
        phase=Phase.SUCCEEDED,
        verdict=Verdict.PROMOTE,
        says="saw too little",
    ),
    "a watch that saw too little is decided by onInconclusive": Case(
        WATCHED,
        spec=SWITCH | {"decision": DecisionRule(on_inconclusive=OnInconclusive.ROLLBACK)},
        of=green(),
        later_s=14 * DAY_S,
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ABORT,
    ),
    "no pod of green goes back at once: everybody is there": Case(
        WATCHED,
        spec=SWITCH,
        of=green(),
        candidate=version("v1.1.0", ready=0),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        says="no pod of v1.1.0 answers after the switch",
    ),
    "a rollback of the Model meanwhile is one of the experiment": Case(
        WATCHED,
        spec=SWITCH,
        of=routed(quarantine=quarantined()),
        phase=Phase.FAILED,
        verdict=Verdict.ROLLBACK,
        says="production is v1.0.0 now",
    ),
    "another production meanwhile supersedes it": Case(
        WATCHED,
        spec=SWITCH,
        of=model("v0.9.0", route=Route(revision=9, verified_revision=9)),
        phase=Phase.FAILED,
        verdict=Verdict.SUPERSEDED,
    ),
    "a rollback by hand goes back": Case(
        WATCHED | {"command": command("Rollback", reason="complaints")},
        spec=SWITCH,
        of=green(),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "an abort by hand goes back": Case(
        WATCHED | {"command": command("Abort")},
        spec=SWITCH,
        of=green(),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ABORT,
    ),
    "a watch cannot be paused": Case(
        WATCHED | {"command": command("Pause")},
        spec=SWITCH,
        of=green(),
        phase=Phase.WATCHING,
        verdict=Verdict.PROMOTE,
        says="it is Watching",
    ),
    "it has not gone back before production has": Case(
        WATCHED | {"phase": Phase.ROLLING_BACK, "verdict": Verdict.ROLLBACK},
        spec=SWITCH,
        of=green(),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "it has when production has": Case(
        WATCHED | {"phase": Phase.ROLLING_BACK, "verdict": Verdict.ROLLBACK},
        spec=SWITCH,
        of=routed(quarantine=quarantined()),
        phase=Phase.FAILED,
        verdict=Verdict.ROLLBACK,
        expect={"weight": 0, "finished_at": NOW},
    ),
    "it ends where the old version is gone and nothing can be given back": Case(
        WATCHED | {"phase": Phase.ROLLING_BACK, "verdict": Verdict.ROLLBACK},
        spec=SWITCH,
        of=green(judged=["uid-x"]),
        phase=Phase.FAILED,
        verdict=Verdict.ROLLBACK,
    ),
}

# --- Shadow --------------------------------------------------------------------------------------

MIRROR: dict[str, Any] = {"strategy": ExperimentStrategy.SHADOW, "shadow": ShadowPlan(percent=40)}
ALONE = MIRROR | {"shadow": ShadowPlan(percent=40, then=Following.NOTHING)}
COPIED = LIVE | {"phase": Phase.SHADOWING, "mirror": 40}
SHADOWED = COPIED | {"shadowed_at": after(-3600), "weight_verified": True}
STOPPED = SHADOWED | {"mirror": 0, "weight_verified": False, "reason": "the shadow passed"}

SHADOW = {
    "it begins with copies and without users": Case(
        spec=MIRROR,
        phase=Phase.SHADOWING,
        says="shadow of 40 % of the requests",
        expect={"mirror": 40, "exposed_at": None},
    ),
    "its clock waits for the gateways": Case(
        COPIED,
        spec=MIRROR,
        of=routed(mirror=40, verified=False),
        facts=Facts(pairs=pairs(9000)),
        phase=Phase.SHADOWING,
        says="not every gateway mirrors yet",
        expect={"shadowed_at": None},
    ),
    "its clock starts when they confirm": Case(
        COPIED,
        spec=MIRROR,
        of=routed(mirror=40),
        phase=Phase.SHADOWING,
        expect={"shadowed_at": NOW, "weight_verified": True},
    ),
    "it holds for its duration": Case(
        SHADOWED | {"shadowed_at": after(-3599)},
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(pairs=pairs(9000)),
        phase=Phase.SHADOWING,
        expect={"mirror": 40},
    ),
    "it holds for enough pairs": Case(
        SHADOWED,
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(pairs=pairs(499)),
        later_s=30 * DAY_S,
        phase=Phase.SHADOWING,
        says="499 of 500 pairs",
        expect={"mirror": 40},
    ),
    "without pairs it never passes": Case(
        SHADOWED,
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(pairs=PairSample(error="connection refused")),
        later_s=30 * DAY_S,
        phase=Phase.SHADOWING,
        says="connection refused",
        expect={"mirror": 40},
    ),
    "a shadow that passes stops to mirror first": Case(
        SHADOWED,
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(pairs=pairs(9000)),
        phase=Phase.SHADOWING,
        says="the shadow passed",
        expect={"mirror": 0, "weight_verified": False},
    ),
    "the canary waits until every gateway has stopped": Case(
        STOPPED,
        spec=MIRROR,
        of=routed(mirror=40),
        phase=Phase.SHADOWING,
        says="not every gateway has stopped to mirror",
    ),
    "then the canary begins at its first step": Case(
        STOPPED,
        spec=MIRROR,
        of=routed(),
        phase=Phase.PROGRESSING,
        exposure=500,
        expect={"current_step": 0, "exposed_at": NOW, "mirror": 0},
    ),
    "the canary of a shadow steps on": Case(
        FIRST | {"shadowed_at": after(-9000)},
        spec=MIRROR,
        of=routed(500),
        sample=healthy(),
        phase=Phase.PROGRESSING,
        exposure=5000,
    ),
    "a shadow alone passes and moves nothing": Case(
        STOPPED,
        spec=ALONE,
        of=routed(),
        phase=Phase.SUCCEEDED,
        verdict=Verdict.PASSED,
        says="nothing was moved",
        expect={"weight": 0, "finished_at": NOW},
    ),
    "pairs that disagree take the candidate back before any user met it": Case(
        SHADOWED,
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(pairs=pairs(9000, agreed=0.5)),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        says="agreement",
        expect={"mirror": 0},
    ),
    "pairs that fail take it back, paused or not": Case(
        SHADOWED | {"phase": Phase.PAUSED, "paused": True, "paused_at": after(-60)},
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(pairs=pairs(600, errors=300)),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "copies that fail at the gateways take it back, with the log away": Case(
        SHADOWED | {"shadowed_at": after(-2)},
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(pairs=PairSample(error="gone"), fast=sample(arm(60), arm(24, 24))),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        says="error-rate 1.0000 (24 of 24)",
        expect={"mirror": 0},
    ),
    "it has not ended before every gateway has stopped (argo-rollouts#1838)": Case(
        SHADOWED | {"phase": Phase.ROLLING_BACK, "mirror": 0, "verdict": Verdict.ROLLBACK},
        spec=MIRROR,
        of=routed(mirror=40),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "a pause keeps the copies": Case(
        SHADOWED | {"command": command("Pause")},
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(pairs=pairs(9000)),
        phase=Phase.PAUSED,
        expect={"mirror": 40},
    ),
    "resume goes on shadowing, its clock set forward": Case(
        SHADOWED
        | {
            "phase": Phase.PAUSED,
            "paused": True,
            "paused_at": after(-100),
            "command": command("Resume"),
        },
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(pairs=pairs(9000)),
        phase=Phase.SHADOWING,
        expect={"mirror": 40, "shadowed_at": after(-3500)},
    ),
    "pods that stay away end it": Case(
        SHADOWED | {"candidate_unready_since": after(-61)},
        spec=MIRROR,
        of=routed(mirror=40),
        candidate=version("v1.1.0", ready=0),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "a newer candidate supersedes it (flagger#30)": Case(
        SHADOWED,
        spec=MIRROR,
        of=routed(mirror=40),
        rivals=[experiment("v1.2.0", uid="uid-b", candidate_version="v1.2.0")],
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.SUPERSEDED,
        expect={"mirror": 0},
    ),
    "inconclusive with Promote never promotes from a shadow (argo-rollouts#3850)": Case(
        SHADOWED,
        spec=MIRROR | {"decision": DecisionRule(on_inconclusive=OnInconclusive.PROMOTE)},
        of=routed(mirror=40),
        facts=Facts(pairs=pairs(20)),
        later_s=15 * DAY_S,
        phase=Phase.SHADOWING,
        expect={"mirror": 40},
    ),
    "inconclusive with Rollback gives up without a quarantine": Case(
        SHADOWED,
        spec=MIRROR | {"decision": DecisionRule(on_inconclusive=OnInconclusive.ROLLBACK)},
        of=routed(mirror=40),
        later_s=15 * DAY_S,
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ABORT,
    ),
    "promote by a person stops the copies": Case(
        SHADOWED | {"command": command("Promote")},
        spec=MIRROR,
        of=routed(mirror=40),
        phase=Phase.PROMOTING,
        verdict=Verdict.PROMOTE,
        expect={"mirror": 0},
    ),
    "arms of another phase are no evidence for a shadow": Case(
        SHADOWED,
        spec=MIRROR,
        of=routed(mirror=40),
        facts=Facts(audited=sample(arm(100), arm(100, 90))),
        phase=Phase.SHADOWING,
        expect={"mirror": 40},
    ),
}

CASES = {
    f"{strategy}: {sentence}": case
    for strategy, cases in (
        ("Canary", CANARY),
        ("ABTest", ABTEST),
        ("BlueGreen", BLUE_GREEN),
        ("Shadow", SHADOW),
    )
    for sentence, case in cases.items()
}


@pytest.mark.requirement("ABT-16")
@pytest.mark.requirement("ABT-17")
@pytest.mark.requirement("ABT-18")
@pytest.mark.requirement("DEP-1")
@pytest.mark.requirement("DEP-5")
@pytest.mark.requirement("DEP-6")
@pytest.mark.requirement("DEP-7")
@pytest.mark.requirement("DEP-8")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_look(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_second_look_at_the_same_things_changes_nothing(case: Case) -> None:
    first, again = case.second_look()
    assert again.status == first.status
    assert (again.events, again.actions) == ((), ())
