"""A Model under random versions, experiments, gateways and commands."""

from dataclasses import replace
from datetime import timedelta

from decide_builders import (
    NOW,
    PLATFORM,
    arm,
    experiment,
    gateways,
    looked,
    model,
    name_of,
    pointer,
    sample,
    version,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pharos_analysis.samples import Sample
from pharos_api.abexperiment import ABExperiment, ExperimentPhase, Verdict
from pharos_api.meta import Command
from pharos_api.model import Model, ModelStatus, ModelVerb, Quarantined
from pharos_api.versioning import is_newer
from pharos_operator.decide.decision import StartExperiment
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.versions.serving_need import Need, is_quarantined, serving_need

NUMBERS = ("v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0")
PROFILE = settings(max_examples=300, derandomize=True)
SEEN = {
    "nothing": None,
    "away": Sample(error="connection refused"),
    "silent": sample(arm(None), arm(None)),
    "not a number": sample(arm(None), arm(float("nan"))),
    "fine": sample(arm(None), arm(1000, 3)),
    "failing": sample(arm(None), arm(1000, 300)),
}
SHARE = {ExperimentPhase.PROGRESSING, ExperimentPhase.PAUSED, ExperimentPhase.PROMOTING}


@st.composite
def an_experiment(draw: st.DrawFn) -> ABExperiment:
    phase = draw(st.sampled_from(ExperimentPhase))
    verdict = {
        ExperimentPhase.PROMOTING: Verdict.PROMOTE,
        ExperimentPhase.SUCCEEDED: Verdict.PROMOTE,
    }
    control, candidate = sorted(draw(st.permutations(NUMBERS))[:2])
    return experiment(
        candidate,
        uid=draw(st.sampled_from(["uid-a", "uid-b"])),
        phase=phase,
        exposure=draw(st.sampled_from([500, 5000])) if phase in SHARE else 0,
        verdict=verdict.get(phase, draw(st.sampled_from([None, *Verdict]))),
        control=name_of(control),
        control_version=control,
        candidate_version=candidate,
        salt="s",
        reason="because",
    )


@st.composite
def a_model(draw: st.DrawFn) -> Model:
    production = draw(st.sampled_from(["", *NUMBERS]))
    bad = draw(st.lists(st.sampled_from(NUMBERS), max_size=2, unique=True))
    verbs = st.sampled_from([*ModelVerb, "Explode"])
    wanted = st.builds(
        Command,
        id=st.just("one"),
        verb=verbs,
        version=st.sampled_from(["", "v9.0.0", *NUMBERS]),
        reason=st.sampled_from(["", "a reason"]),
    )
    return model(
        production,
        previous=draw(st.sampled_from([None, pointer("v1.0.0"), pointer("v2.0.0")])),
        quarantine=[
            Quarantined(version=n, sha256=version(n).spec.artifact.sha256)
            for n in bad
            if n != production
        ],
        command=draw(st.none() | wanted),
    )


@st.composite
def a_world(draw: st.DrawFn) -> ModelObservation:
    versions = draw(st.lists(st.sampled_from(NUMBERS), unique=True))
    experiments = draw(st.lists(an_experiment(), max_size=2, unique_by=lambda e: e.metadata.uid))
    return looked(
        draw(a_model()),
        *(version(number, ready=draw(st.integers(0, 2))) for number in versions),
        experiments=tuple(experiments),
        gateways=gateways(draw(st.none() | st.integers(0, 3)), draw(st.integers(0, 2))),
        production=SEEN[draw(st.sampled_from(sorted(SEEN)))],
    )


def looked_again(obs: ModelObservation, status: ModelStatus) -> ModelObservation:
    own = obs.model.model_copy(update={"status": status})
    same = status.production == obs.model.status.production
    # What was seen of production is about the version that was there then.
    seen = obs.production if same else None
    return replace(obs, model=own, production=seen)


@PROFILE
@given(a_world())
def test_looks_settle_after_one_more_and_are_stored_as_decided(obs: ModelObservation) -> None:
    """The second look may follow up on the first (a switch makes a route); the third finds rest."""
    first = decide(obs, PLATFORM, NOW).status
    second = decide(looked_again(obs, first), PLATFORM, NOW).status
    third = decide(looked_again(obs, second), PLATFORM, NOW)
    assert third.status == second
    assert third.events == ()
    assert ModelStatus.model_validate(first.to_json()) == first


@PROFILE
@given(a_world())
def test_only_ready_versions_that_nobody_quarantined_take_over(obs: ModelObservation) -> None:
    before, after = obs.model.status, decide(obs, PLATFORM, NOW).status
    if after.production is None or after.production.name == getattr(before.production, "name", ""):
        return
    (arrived,) = [v for v in obs.versions if v.metadata.name == after.production.name]
    assert arrived.status.ready_replicas >= 1
    if arrived.metadata.name != getattr(before.incoming, "name", ""):
        assert not is_quarantined(before, arrived.spec.artifact.sha256) or lifted(before)
    assert after.previous == (
        None if before.production is None else before.production.model_copy(update={"since": NOW})
    )


def lifted(status: ModelStatus) -> bool:
    return status.command is not None and status.command.verb == ModelVerb.LIFT_QUARANTINE


@PROFILE
@given(a_world())
def test_whoever_the_gateways_may_send_to_keeps_its_pods(obs: ModelObservation) -> None:
    status = decide(obs, PLATFORM, NOW).status
    own = obs.model.model_copy(update={"status": status})
    route = status.route
    in_route = {route.stable, getattr(route.experiment, "candidate", "")}
    for one in obs.versions:
        need = serving_need(one, own, obs.experiments, NOW + timedelta(days=365))
        if one.metadata.name in in_route:
            assert need is not Need.NONE


@PROFILE
@given(a_world())
def test_the_route_follows_production_and_is_confirmed_by_all_or_not_at_all(
    obs: ModelObservation,
) -> None:
    status = decide(obs, PLATFORM, NOW).status
    route = status.route
    assert (route.revision == 0) == (status.production is None)
    if status.production is not None:
        assert route.stable == status.production.name
    agreed = bool(obs.gateways) and all(g.revision == route.revision for g in obs.gateways)
    assert (route.verified_revision == route.revision) == (agreed or route.revision == 0)


@PROFILE
@given(a_world())
def test_the_policy_starts_only_the_newest_untried_version(obs: ModelObservation) -> None:
    decision = decide(obs, PLATFORM, NOW)
    for action in decision.actions:
        if isinstance(action, StartExperiment):
            wanted = action.spec.candidate_ref.name
            newest = max((v.spec.version, v.metadata.name) for v in obs.versions)[1]
            assert wanted == newest
            assert all(e.spec.candidate_ref.name != wanted for e in obs.experiments)


@PROFILE
@given(a_world())
def test_only_harm_takes_production_back_and_only_to_what_was_before_it(
    obs: ModelObservation,
) -> None:
    """No answer is no harm, and a rollback does not answer a rollback (argo-cd#9570)."""
    unseen = decide(replace(obs, production=None), PLATFORM, NOW).status
    seen = decide(obs, PLATFORM, NOW).status
    moved = (seen.production, seen.incoming) != (unseen.production, unseen.incoming)
    if obs.production is not SEEN["failing"]:
        assert not moved
    if moved:
        back = seen.incoming or seen.production
        assert unseen.production is not None
        assert back is not None
        assert is_newer(unseen.production.version, than=back.version)
        assert seen.previous is not None
        assert back.version in (seen.previous.version, unseen.previous and unseen.previous.version)
