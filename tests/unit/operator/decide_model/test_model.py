"""One look at a Model: who is in production, what the gateways follow, what starts next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from decide_builders import (
    NOW,
    PLATFORM,
    after,
    experiment,
    gateways,
    looked,
    model,
    name_of,
    pointer,
    version,
)

from pharos_api.abexperiment import ABExperiment, ExperimentPhase, Verdict
from pharos_api.delivery import Staging, StagingMode, Step, Strategy
from pharos_api.meta import Command
from pharos_api.model import (
    Incoming,
    IncomingCause,
    Model,
    ModelPhase,
    ModelSpec,
    PromotionPolicy,
    Quarantined,
    RetrainingPolicy,
    Route,
    RouteExperiment,
)
from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.conditions import find
from pharos_operator.decide.decision import Delete, EnsureCronJob, StartExperiment, SyncRegistry
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import GatewayView, ModelObservation

Phase = ExperimentPhase
ONE, TWO, THREE = version("v1.0.0"), version("v1.1.0"), version("v1.2.0")
COLD = version("v1.1.0", ready=0)
STABLE = Route(revision=3, stable=name_of("v1.0.0"), stable_version="v1.0.0", verified_revision=3)
ON_TWO = Route(revision=3, stable=name_of("v1.1.0"), stable_version="v1.1.0", verified_revision=3)
RUNNING = {"control": name_of("v1.0.0"), "control_version": "v1.0.0", "salt": "s"}
RUNNING |= {"candidate_version": "v1.1.0"}


def live(phase: Phase = Phase.PROGRESSING, exposure: int = 500, **more: Any) -> ABExperiment:
    return experiment(**(RUNNING | {"phase": phase, "exposure": exposure} | more))


def shared(exposure: int = 500) -> RouteExperiment:
    return RouteExperiment(
        name="rollout-uid-x",
        uid="uid-x",
        salt="s",
        candidate=name_of("v1.1.0"),
        candidate_version="v1.1.0",
        exposure=exposure,
    )


def quarantined(of: ModelVersion) -> list[Quarantined]:
    return [Quarantined(version=of.spec.version, sha256=of.spec.artifact.sha256, reason="bad")]


def settled(production: str = "v1.0.0", **status: Any) -> Model:
    route = STABLE if production == "v1.0.0" else ON_TWO
    return model(production, **({"route": route} | status))


def policy(**promotion: Any) -> ModelSpec:
    return ModelSpec(promotion=PromotionPolicy(**promotion))


def command(verb: str, version: str = "", reason: str = "") -> Command:
    return Command(id="one", verb=verb, by="ada", version=version, reason=reason)


def incoming(number: str, cause: IncomingCause) -> Incoming:
    return Incoming(name=name_of(number), version=number, cause=cause, reason="slow answers")


ROLLED_BACK = live(Phase.FAILED, 0, verdict=Verdict.ROLLBACK, reason="error-rate 0.3")
WON = live(Phase.PROMOTING, 5000, verdict=Verdict.PROMOTE, reason="every step passed")


@dataclass(frozen=True)
class Case:
    of: Model
    versions: Sequence[ModelVersion] = (ONE,)
    experiments: Sequence[ABExperiment] = ()
    gateways: Sequence[GatewayView] = gateways(3)
    production: str = ""
    previous: str = ""
    incoming: str = ""
    starts: str = ""
    quarantined: tuple[str, ...] = ()
    revision: int = 3
    exposure: int | None = None
    phase: ModelPhase = ModelPhase.READY
    says: str = ""
    expect: dict[str, Any] = field(default_factory=dict)

    def observation(self) -> ModelObservation:
        return looked(
            self.of,
            *self.versions,
            experiments=tuple(self.experiments),
            gateways=tuple(self.gateways),
        )


CASES = {
    "without a version nothing serves": Case(
        model(), (), revision=0, phase=ModelPhase.PENDING, says="no version is registered yet"
    ),
    "the first version is started first": Case(
        model(),
        (version("v1.0.0", ready=0),),
        incoming="v1.0.0",
        revision=0,
        phase=ModelPhase.PENDING,
        says="waiting for the pods of v1.0.0",
    ),
    "the first version goes live when it is ready": Case(
        model(), production="v1.0.0", revision=1, says="v1.0.0 is in production"
    ),
    "the first version goes live even by a manual policy": Case(
        model(spec=policy(strategy=Strategy.MANUAL)), production="v1.0.0", revision=1
    ),
    "a quarantined version is not a first version": Case(
        model(quarantine=quarantined(TWO)),
        (ONE, TWO),
        production="v1.0.0",
        quarantined=("v1.1.0",),
        revision=1,
    ),
    "at rest nothing changes": Case(settled(), production="v1.0.0", says="v1.0.0 serves"),
    "a newer version starts its experiment": Case(
        settled(), (ONE, COLD), production="v1.0.0", starts="v1.1.0"
    ),
    "an older version starts nothing": Case(settled("v1.1.0"), (ONE, TWO), production="v1.1.0"),
    "only the newest is a candidate": Case(
        settled(), (THREE, ONE, TWO), production="v1.0.0", starts="v1.2.0"
    ),
    "a version that was tried is not tried again (argo-cd#9570)": Case(
        settled(),
        (ONE, TWO),
        (live(Phase.FAILED, 0, verdict=Verdict.ABORT, reason="by ada"),),
        production="v1.0.0",
        says="was tried by rollout-uid-x: Abort",
    ),
    "a quarantined version is not tried": Case(
        settled(quarantine=quarantined(TWO)),
        (ONE, TWO),
        production="v1.0.0",
        quarantined=("v1.1.0",),
        says="is quarantined",
    ),
    "the digest is quarantined, not the number": Case(
        settled(quarantine=quarantined(TWO)),
        (ONE, TWO, version("v1.2.0", digest=TWO.spec.artifact.sha256)),
        production="v1.0.0",
        quarantined=("v1.1.0",),
        says="v1.2.0 is quarantined",
    ),
    "a manual policy waits for a person": Case(
        settled(spec=policy(strategy=Strategy.MANUAL)),
        (ONE, TWO),
        production="v1.0.0",
        says="waits for a person",
    ),
    "auto: false waits for a person": Case(
        settled(spec=policy(auto=False)), (ONE, TWO), production="v1.0.0", says="waits for a person"
    ),
    "an experiment's share becomes the route": Case(
        settled(),
        (ONE, TWO),
        (live(),),
        production="v1.0.0",
        revision=4,
        exposure=500,
        phase=ModelPhase.ROLLING_OUT,
        says="rollout-uid-x is running",
    ),
    "a share of 0 is no route at all (seldon-core#4067)": Case(
        settled(route=STABLE.model_copy(update={"experiment": shared()})),
        (ONE, TWO),
        (live(Phase.ROLLING_BACK, 0, verdict=Verdict.ABORT),),
        production="v1.0.0",
        revision=4,
        phase=ModelPhase.ROLLING_OUT,
    ),
    "an experiment that is deleted loses its share": Case(
        settled(route=STABLE.model_copy(update={"experiment": shared()})),
        (ONE, TWO),
        (),
        production="v1.0.0",
        starts="v1.1.0",
        revision=4,
    ),
    "an experiment against another control gets nothing": Case(
        settled(),
        (ONE, TWO),
        (live(control=name_of("v0.9.0")),),
        production="v1.0.0",
        phase=ModelPhase.ROLLING_OUT,
    ),
    "the winner becomes production, the one before it previous": Case(
        settled(route=STABLE.model_copy(update={"experiment": shared(5000)})),
        (ONE, TWO),
        (WON,),
        production="v1.1.0",
        previous="v1.0.0",
        revision=4,
        phase=ModelPhase.ROLLING_OUT,
        says="every step passed",
    ),
    "a winner without ready pods waits (flagger#1898)": Case(
        settled(),
        (ONE, COLD),
        (WON,),
        production="v1.0.0",
        revision=4,
        exposure=5000,
        phase=ModelPhase.ROLLING_OUT,
    ),
    "a winner waits for the pods that production needs": Case(
        settled(),
        (ONE, TWO),
        (
            WON.model_copy(
                update={"status": WON.status.model_copy(update={"candidate_replicas": 3})}
            ),
        ),
        production="v1.0.0",
        revision=4,
        exposure=5000,
        phase=ModelPhase.ROLLING_OUT,
    ),
    "a rolled back candidate is quarantined": Case(
        settled(),
        (ONE, TWO),
        (ROLLED_BACK,),
        production="v1.0.0",
        quarantined=("v1.1.0",),
        says="error-rate 0.3",
        expect={"judged": ["uid-x"]},
    ),
    "an aborted or superseded candidate is not": Case(
        settled(),
        (ONE, TWO),
        (live(Phase.FAILED, 0, verdict=Verdict.SUPERSEDED),),
        production="v1.0.0",
    ),
    "a lifted quarantine stays lifted": Case(
        settled(judged=["uid-x"]), (ONE, TWO), (ROLLED_BACK,), production="v1.0.0"
    ),
    "promote by a person": Case(
        settled(command=command("Promote", "v1.1.0")),
        (ONE, TWO),
        production="v1.1.0",
        previous="v1.0.0",
        revision=4,
        expect={"observed_command": "one"},
    ),
    "promote by a person waits for the pods": Case(
        settled(command=command("Promote", "v1.1.0"), spec=policy(auto=False)),
        (ONE, COLD),
        production="v1.0.0",
        incoming="v1.1.0",
    ),
    "promote refuses what is not newer, in the words of ERR-14": Case(
        settled("v1.1.0", command=command("Promote", "v1.0.0")),
        (ONE, TWO),
        production="v1.1.0",
        says="New version v1.0.0 is not newer than current v1.1.0",
    ),
    "promote refuses what is not registered": Case(
        settled(command=command("Promote", "v9.0.0")),
        production="v1.0.0",
        says="v9.0.0 is not registered",
    ),
    "promote refuses what is quarantined": Case(
        settled(command=command("Promote", "v1.1.0"), quarantine=quarantined(TWO)),
        (ONE, TWO),
        production="v1.0.0",
        quarantined=("v1.1.0",),
        says="v1.1.0 is quarantined; lift that",
    ),
    "rollback to the previous version, at once where it is warm": Case(
        settled("v1.1.0", previous=pointer("v1.0.0"), command=command("Rollback", "", "slow")),
        (ONE, TWO),
        production="v1.0.0",
        previous="v1.1.0",
        quarantined=("v1.1.0",),
        revision=4,
        says="slow (by ada)",
    ),
    "rollback to a named version starts it first": Case(
        settled("v1.1.0", command=command("Rollback", "v1.0.0", "bug")),
        (version("v1.0.0", ready=0), TWO),
        production="v1.1.0",
        incoming="v1.0.0",
    ),
    "rollback needs a version to go back to": Case(
        settled(command=command("Rollback")), production="v1.0.0", says="no version to go back to"
    ),
    "rollback goes back, never on": Case(
        settled(command=command("Rollback", "v1.1.0"), spec=policy(auto=False)),
        (ONE, TWO),
        production="v1.0.0",
        says="v1.1.0 is not older than current v1.0.0",
    ),
    "what a person asked for goes before what an experiment found": Case(
        settled(incoming=incoming("v0.9.0", IncomingCause.ROLLBACK)),
        (version("v0.9.0", ready=0), ONE, TWO),
        (WON,),
        production="v1.0.0",
        incoming="v0.9.0",
        revision=4,
        exposure=5000,
        phase=ModelPhase.ROLLING_OUT,
    ),
    "an incoming version that is gone is forgotten": Case(
        settled(incoming=incoming("v0.9.0", IncomingCause.ROLLBACK)), production="v1.0.0"
    ),
    "a quarantine is lifted with a reason": Case(
        settled(
            quarantine=quarantined(TWO),
            judged=["uid-x"],
            command=command("LiftQuarantine", "v1.1.0", "data was wrong"),
        ),
        (ONE, TWO),
        (ROLLED_BACK,),
        production="v1.0.0",
        says="v1.1.0 may return: data was wrong",
    ),
    "a quarantine is not lifted without one": Case(
        settled(quarantine=quarantined(TWO), command=command("LiftQuarantine", "v1.1.0")),
        (ONE, TWO),
        production="v1.0.0",
        quarantined=("v1.1.0",),
        says="only with a reason",
    ),
    "an unknown verb is refused": Case(
        settled(command=command("Explode")), production="v1.0.0", says="use one of Promote"
    ),
    "a command is carried out once": Case(
        settled("v1.1.0", command=command("Rollback", "v1.0.0"), observed_command="one"),
        (ONE, TWO),
        production="v1.1.0",
    ),
    "production without pods is degraded, and stays where it is": Case(
        settled(),
        (version("v1.0.0", ready=0),),
        production="v1.0.0",
        phase=ModelPhase.DEGRADED,
        says="no pod of v1.0.0",
    ),
    "promotion.steps that fall are refused in a sentence": Case(
        settled(spec=policy(steps=[Step(percent=50), Step(percent=5)])),
        (ONE, TWO),
        production="v1.0.0",
        says="steps must rise",
    ),
}


def version_of(pointer: Any) -> str:
    return "" if pointer is None else pointer.version


@pytest.mark.requirement("VER-6")
@pytest.mark.requirement("ERR-11")
@pytest.mark.requirement("ABT-3")
@pytest.mark.requirement("ABT-7")
@pytest.mark.requirement("ERR-14")
@pytest.mark.requirement("RBK-4")
@pytest.mark.requirement("RBK-5")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_look(case: Case) -> None:
    decision = decide(case.observation(), PLATFORM, NOW)
    status = decision.status
    assert version_of(status.production) == case.production
    assert version_of(status.previous) == case.previous
    assert version_of(status.incoming) == case.incoming
    assert tuple(entry.version for entry in status.quarantine) == case.quarantined
    running = status.route.experiment
    assert (None if running is None else running.exposure) == case.exposure
    assert (status.route.revision, status.phase) == (case.revision, case.phase)
    started = [
        a.spec.candidate_ref.name for a in decision.actions if isinstance(a, StartExperiment)
    ]
    assert started == ([name_of(case.starts)] if case.starts else [])
    texts = [c.message for c in status.conditions] + [e.message for e in decision.events]
    assert case.says in " | ".join(texts)
    for name, wanted in case.expect.items():
        assert getattr(status, name) == wanted, name


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_second_look_at_the_same_things_changes_nothing(case: Case) -> None:
    first = decide(case.observation(), PLATFORM, NOW)
    own = case.of.model_copy(update={"status": first.status})
    again = decide(
        looked(own, *case.versions, experiments=case.experiments, gateways=case.gateways),
        PLATFORM,
        NOW,
    )
    assert again.status == first.status
    assert again.events == ()
    assert not any(isinstance(action, SyncRegistry) for action in again.actions)


def test_the_policy_s_staging_is_that_of_the_experiment_it_starts() -> None:
    staging = Staging(mode=StagingMode.SKIP, max_disagreement_percent=2)
    of = model("v1.0.0", ModelSpec(promotion=PromotionPolicy(staging=staging)))
    actions = decide(looked(of, ONE, TWO), PLATFORM, NOW).actions
    (started,) = (a for a in actions if isinstance(a, StartExperiment))
    assert started.spec.staging == staging


def test_a_rollback_that_crossed_its_own_promotion_goes_back() -> None:
    of = model(route=ON_TWO, previous=pointer("v1.0.0"))
    won = of.status.model_copy(update={"production": pointer("v1.1.0", promoted_by="uid-x")})
    obs = looked(of.model_copy(update={"status": won}), ONE, TWO, experiments=(ROLLED_BACK,))
    status = decide(obs, PLATFORM, NOW).status
    assert (version_of(status.production), version_of(status.previous)) == ("v1.0.0", "v1.1.0")
    assert [entry.version for entry in status.quarantine] == ["v1.1.0"]


def test_after_a_rollback_the_next_canary_is_routed_to_its_own_version_kserve_2130() -> None:
    bad = live(Phase.FAILED, 0, verdict=Verdict.ROLLBACK, reason="error-rate 0.3")
    status = RUNNING | {"candidate_version": "v1.2.0", "exposure": 500}
    following = experiment("v1.2.0", uid="uid-y", phase=Phase.PROGRESSING, **status)
    obs = looked(settled(), ONE, TWO, THREE, experiments=(bad, following))
    route = decide(obs, PLATFORM, NOW).status.route
    assert (route.stable_version, route.mirror) == ("v1.0.0", None)
    assert route.experiment is not None
    assert (route.experiment.uid, route.experiment.candidate) == ("uid-y", name_of("v1.2.0"))


CHANGED = Route(
    revision=4,
    stable=name_of("v1.0.0"),
    stable_version="v1.0.0",
    verified_revision=3,
    changed_at=NOW,
)
WATCH_ENDS_S = 86_400.0
GATEWAYS = {
    "every ready gateway has acknowledged": (gateways(4), 4, "every ready gateway", WATCH_ENDS_S),
    "one lags and is named": (
        (*gateways(4, 1), GatewayView("gateway-9", 3)),
        3,
        "revision 4 is not yet acknowledged by gateway-9",
        0.5,
    ),
    "one is not heard of": ((GatewayView("gateway-0", None),), 3, "by gateway-0", 0.5),
    "one rejects, in its own words": (
        (GatewayView("gateway-0", 4, "no such cluster"),),
        3,
        "gateway-0: no such cluster",
        0.5,
    ),
    "no gateway is ready": ((), 3, "no gateway is ready", 0.5),
}


@pytest.mark.parametrize(
    ("seen", "verified", "says", "again_s"), GATEWAYS.values(), ids=GATEWAYS.keys()
)
def test_a_route_is_verified_by_every_gateway(
    seen: Sequence[GatewayView], verified: int, says: str, again_s: float
) -> None:
    obs = looked(model("v1.0.0", route=CHANGED), ONE, gateways=tuple(seen))
    decision = decide(obs, PLATFORM, NOW)
    assert decision.status.route.verified_revision == verified
    found = find(decision.status.conditions, "RouteVerified")
    assert found is not None
    assert says in found.message
    assert decision.requeue_after_s == again_s


def test_waiting_for_gateways_backs_off_to_5_s() -> None:
    obs = looked(model("v1.0.0", route=CHANGED), ONE)
    waits = [decide(obs, PLATFORM, after(s)).requeue_after_s for s in (0, 2, 6, 3600)]
    assert waits == [0.5, 1.0, 3.0, 5.0]


@pytest.mark.requirement("VER-19")
def test_the_registry_is_written_when_its_content_changes() -> None:
    first = decide(looked(model(), TWO, ONE), PLATFORM, NOW)
    (sync,) = [a for a in first.actions if isinstance(a, SyncRegistry)]
    assert [entry.version for entry in sync.entries] == ["v1.0.0", "v1.1.0"]
    assert (sync.production, sync.latest) == ("v1.1.0", "v1.1.0")
    assert first.status.registry_digest == sync.digest


def test_the_registry_waits_until_no_version_is_on_its_way() -> None:
    moving = decide(looked(settled(), ONE, TWO, experiments=(live(),)), PLATFORM, NOW)
    assert not [a for a in moving.actions if isinstance(a, SyncRegistry)]
    arriving = model(incoming=incoming("v1.0.0", IncomingCause.FIRST))
    first = decide(looked(arriving, version("v1.0.0", ready=0)), PLATFORM, NOW)
    assert not [a for a in first.actions if isinstance(a, SyncRegistry)]


def test_the_cron_job_follows_the_policy() -> None:
    retraining = ModelSpec(retraining=RetrainingPolicy())
    wanted = decide(looked(model(spec=retraining)), PLATFORM, NOW)
    (ensured,) = (a for a in wanted.actions if isinstance(a, EnsureCronJob))
    assert (ensured.model, ensured.told.uid) == ("arxiv", "uid-model")
    actions = decide(looked(model(), has_cron_job=True), PLATFORM, NOW).actions
    (gone,) = (action for action in actions if isinstance(action, Delete))
    assert (gone.ref.kind, gone.ref.name) == ("CronJob", "arxiv-retrain")


def test_a_deleted_model_decides_nothing() -> None:
    of = model("v1.0.0")
    gone = of.metadata.model_copy(update={"deletion_timestamp": NOW})
    decision = decide(looked(of.model_copy(update={"metadata": gone}), ONE), PLATFORM, NOW)
    assert (decision.status, decision.actions) == (of.status, ())
