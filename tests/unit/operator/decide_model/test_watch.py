"""The report at the end of the watch over production: what it says, and when it is none."""

from dataclasses import dataclass

import pytest
from decide_builders import (
    NOW,
    PLATFORM,
    after,
    arm,
    gateways,
    looked,
    model,
    name_of,
    pointer,
    sample,
    version,
)

from pharos_analysis.samples import LoggedErrors, Sample
from pharos_api.meta import Condition
from pharos_api.model import (
    Incoming,
    IncomingCause,
    ModelSpec,
    ModelStatus,
    PromotionPolicy,
    Route,
)
from pharos_api.watched import WatchedWindow
from pharos_operator.decide.decision import Decision
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.models.watch import is_due
from pharos_operator.decide.observation import ModelObservation, Window

HOUR = 3600
ROUTE = Route(revision=3, stable=name_of("v1.1.0"), stable_version="v1.1.0", verified_revision=3)
SPEC = ModelSpec(promotion=PromotionPolicy(rollback_window="24h"))
TOLD = WatchedWindow(version="v1.1.0", since=NOW, until=after(24 * HOUR), requests=10, errors=0)
FINE, NOBODY = sample(arm(None), arm(1000, 5)), sample(arm(None), arm(None))
NO_ERRORS = LoggedErrors()


@dataclass(frozen=True)
class Case:
    """v1.1.0 came to production at noon."""

    hours: float
    seen: Sample | None = FINE
    logged: LoggedErrors = NO_ERRORS
    told: WatchedWindow | None = None
    status: str = "True"
    reason: str = "WithinTargets"
    says: str = ""
    events: int = 1

    def observation(self) -> ModelObservation:
        of = model("v1.1.0", SPEC, watched=self.told, previous=pointer("v1.0.0"))
        window = None if self.seen is None else Window(self.seen, self.logged)
        return looked(of, version("v1.0.0"), version("v1.1.0"), window=window)

    def decided(self) -> Decision[ModelStatus]:
        return decide(self.observation(), PLATFORM, after(self.hours * HOUR))


CASES = {
    "before the end of the day it is watched": Case(
        1,
        status="Unknown",
        reason="Watching",
        says="v1.1.0 is watched until 2026-11-24T12:00:00Z",
        events=0,
    ),
    "within its targets": Case(
        24, says="1,000 requests, 0.50 % errors (5; target 5 %), p95 23 ms (target 100 ms)"
    ),
    "the answers of an experiment's control arm count too": Case(
        24, sample(arm(500, 45), arm(1000, 5)), says="1,500 requests, 3.33 % errors (50;"
    ),
    "more errors than the target": Case(
        24,
        sample(arm(None), arm(1000, 60)),
        status="False",
        reason="BeyondTargets",
        says="Above its target: error rate",
    ),
    "slower than the target": Case(
        24,
        sample(arm(None), arm(1000, 0, ms=200)),
        status="False",
        reason="BeyondTargets",
        says="Above its target: p95",
    ),
    "nobody asked anything": Case(
        24, NOBODY, status="Unknown", reason="NoTraffic", says="no request, so nothing is verified"
    ),
    "errors of the log by their code": Case(
        24,
        logged=LoggedErrors((("OVERLOADED", 1200), ("INTERNAL", 1))),
        says="errors in the prediction log: OVERLOADED 1,200, INTERNAL 1",
    ),
    "a log without errors": Case(24, says="no error in the prediction log"),
    "a log that could not be read": Case(
        24,
        logged=LoggedErrors(problem="no database is configured"),
        says="the error log was not read: no database is configured",
    ),
    "another version was told before": Case(
        24, told=TOLD.model_copy(update={"version": "v1.0.0"}), says="v1.1.0 in production"
    ),
    "the same version was told when it was here before": Case(
        24, told=TOLD.model_copy(update={"since": after(-HOUR)}), says="v1.1.0 in production"
    ),
}


def condition(decision: Decision[ModelStatus]) -> Condition | None:
    found = {each.type: each for each in decision.status.conditions}
    return found.get("ProductionVerified")


def told(decision: Decision[ModelStatus]) -> list[str]:
    return [e.message for e in decision.events if e.reason == "ProductionVerified"]


@pytest.mark.requirement("CHK-9")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_the_model_says(case: Case) -> None:
    decision = case.decided()
    found = condition(decision)
    assert found is not None
    assert (found.status, found.reason) == (case.status, case.reason)
    assert case.says in found.message
    assert told(decision) == [found.message] * case.events


SILENT = {
    "it was told": Case(24, told=TOLD),
    "it is told once, however late the look": Case(100, told=TOLD),
    "nothing was summed up yet": Case(24, seen=None),
    "more than a week too late, when metrics may be gone": Case(24 + 7 * 24 + 1),
}


@pytest.mark.parametrize("case", SILENT.values(), ids=SILENT)
def test_when_nothing_is_said(case: Case) -> None:
    decision = case.decided()
    assert condition(decision) is None
    assert told(decision) == []
    assert decision.status.watched == case.told


DUE = {
    "a second before the end": (Case(24 - 1 / HOUR), False),
    "at the end": (Case(24), True),
    "told": (Case(24, told=TOLD), False),
    "a week later": (Case(24 + 7 * 24), True),
    "later than that": (Case(24 + 7 * 24 + 1), False),
}


@pytest.mark.parametrize(("case", "due"), DUE.values(), ids=DUE)
def test_when_the_metrics_are_asked(case: Case, due: bool) -> None:
    assert is_due(case.observation(), after(case.hours * HOUR)) is due


def test_what_was_summed_up_is_not_told_of_a_version_that_takes_over_at_the_same_look() -> None:
    """Even where the window is so short that the new version's is over at once."""
    at_once = ModelSpec(promotion=PromotionPolicy(rollback_window="0s"))
    incoming = Incoming(
        name=name_of("v1.1.0"), version="v1.1.0", cause=IncomingCause.PROMOTE, since=NOW
    )
    of = model("v1.0.0", at_once, incoming=incoming)
    obs = looked(of, version("v1.0.0"), version("v1.1.0"), window=Window(FINE, NO_ERRORS))
    decision = decide(obs, PLATFORM, after(HOUR))
    assert decision.status.production is not None
    assert decision.status.production.version == "v1.1.0"
    assert (told(decision), decision.status.watched) == ([], None)


def test_without_production_nothing_is_watched() -> None:
    decision = decide(looked(model()), PLATFORM, NOW)
    assert condition(decision) is None


def test_the_model_is_looked_at_when_the_window_ends_at_the_latest() -> None:
    of = looked(model("v1.1.0", SPEC, route=ROUTE), version("v1.1.0"), gateways=gateways(3))
    assert decide(of, PLATFORM, after(23 * HOUR)).requeue_after_s == HOUR
