"""Between a verdict and its end: the Model switches, the gateways follow, harm still takes back."""

from typing import Any

import pytest
from decide_builders import after, arm, model, name_of, pointer, sample, version
from experiment_cases import LAST, Case, Phase, check, command, routed

from pharos_analysis.samples import Facts, Sample
from pharos_api.abexperiment import Verdict
from pharos_api.model import Model, Quarantined, Route

PROMOTING = LAST | {"phase": Phase.PROMOTING, "verdict": Verdict.PROMOTE}
ARRIVING = PROMOTING | {"exposure": 0, "switched_at": after(-9)}
FAILING, FINE = sample(arm(30), arm(30, 9)), sample(arm(300), arm(300))
IN_PRODUCTION = sample(arm(None), arm(30, 9))
BAD = [Quarantined(version="v1.1.0", sha256=version("v1.1.0").spec.artifact.sha256)]


def switched(verified: int = 7, by: str = "uid-x") -> Model:
    """v1.1.0 in production by revision 8, which the gateways may not follow yet."""
    route = Route(revision=8, stable=name_of("v1.1.0"), verified_revision=verified)
    won = model(route=route, previous=pointer("v1.0.0"))
    production = {"production": pointer("v1.1.0", promoted_by=by)}
    return won.model_copy(update={"status": won.status.model_copy(update=production)})


def held(exposure: int = 0, **more: Any) -> Case:
    return Case(phase=Phase.PROMOTING, exposure=exposure, verdict=Verdict.PROMOTE, **more)


def taken_back(says: str = "", verdict: Verdict = Verdict.ROLLBACK, **more: Any) -> Case:
    return Case(phase=Phase.ROLLING_BACK, verdict=verdict, says=says, **more)


DEGRADED = "Metrics degraded, rolling back: error-rate Fail: error-rate 0.3000 (9 of 30)"
CASES = {
    "while the switch is waited for, arms without harm change nothing": held(
        5000, status=PROMOTING, of=routed(5000), sample=FINE
    ),
    "nor does an outage, of any length (flagger#1098)": held(
        5000, status=PROMOTING, of=routed(5000), sample=Sample(error="gone"), later_s=9e5
    ),
    "a guardrail that fails takes the candidate back": taken_back(
        DEGRADED, status=PROMOTING, of=routed(5000), sample=FAILING
    ),
    "also in the look that finds production switched": taken_back(
        DEGRADED, status=PROMOTING, of=switched(), sample=FAILING
    ),
    "and in production, while not every gateway follows": taken_back(
        DEGRADED, status=ARRIVING, of=switched(), facts=Facts(fast=IN_PRODUCTION)
    ),
    "Prometheus sees it there as well as the gateways do": taken_back(
        DEGRADED, status=ARRIVING, of=switched(), facts=Facts(audited=IN_PRODUCTION)
    ),
    "and harm goes before the end, where one look shows both": taken_back(
        DEGRADED, status=ARRIVING, of=switched(verified=8), facts=Facts(fast=IN_PRODUCTION)
    ),
    "a person's promotion is taken back as well": taken_back(
        DEGRADED, status=LAST | {"command": command("Promote")}, of=routed(5000), sample=FAILING
    ),
    "since when the candidate is production is noted": held(
        status=PROMOTING, of=switched(), expect={"switched_at": after(0)}
    ),
    "and only once": held(status=ARRIVING, of=switched(), expect={"switched_at": after(-9)}),
    "what somebody else brought to production is not taken back": held(
        status=ARRIVING, of=switched(by=""), facts=Facts(fast=IN_PRODUCTION)
    ),
    "a measurement that fails there does not keep it from its end": Case(
        ARRIVING,
        of=switched(verified=8),
        facts=Facts(fast=Sample(error="no gateway is ready")),
        phase=Phase.SUCCEEDED,
        verdict=Verdict.PROMOTE,
    ),
    "a candidate without pods is taken back from production": taken_back(
        "no pod of the candidate has answered",
        status=ARRIVING | {"candidate_unready_since": after(-61)},
        of=switched(),
        candidate=version("v1.1.0", ready=0),
    ),
    "one that is quarantined is never promoted, so nothing is waited for": taken_back(
        "v1.1.0 was quarantined",
        verdict=Verdict.ABORT,
        status=PROMOTING,
        of=routed(5000, quarantine=BAD),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_look(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_second_look_at_the_same_things_changes_nothing(case: Case) -> None:
    first, second = case.second_look()
    assert second.status.verdict == first.status.verdict
    assert second.status.switched_at == first.status.switched_at
    assert second.events == ()
