"""Whatever a Model says of a version, the decision is one of serving or not, and it settles."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from run_builders import NOW, PLATFORM, SHA, at, make_version

from pharos_api.model import Model
from pharos_api.modelversion import EngineStatus, ModelVersionStatus, Stage
from pharos_operator.decide.decision import (
    Action,
    Decision,
    EnsureServing,
    RecordVersion,
    RemoveServing,
)
from pharos_operator.decide.observation import DeploymentView, ServerView, VersionObservation
from pharos_operator.decide.versions.modelversion import decide

_pointers = st.none() | st.sampled_from(["v1.0.0", "v1.1.0", "v0.9.0"]).map(
    lambda version: {
        "name": f"arxiv-{version.replace('.', '-')}",
        "version": version,
        "since": NOW.isoformat(),
    }
)

_engines = st.none() | st.builds(
    EngineStatus,
    name=st.sampled_from(["OpenVino-Int8", "OnnxRuntime-Fp32"]),
    texts_per_second=st.sampled_from([None, "52.3"]),
    template=st.sampled_from(["a", "b"]),
)


@st.composite
def observations(draw: st.DrawFn) -> VersionObservation:
    status: dict[str, Any] = {
        "production": draw(_pointers),
        "previous": draw(_pointers),
        "quarantine": draw(st.sampled_from([[], [{"version": "v1.0.0", "sha256": SHA}]])),
    }
    model = Model.model_validate({"metadata": {"name": "arxiv"}, "status": status})
    counts = st.integers(0, 3)
    server = draw(st.sampled_from([None, ServerView("10.0.0.1", "a"), ServerView("10.0.0.2", "b")]))
    deployment = DeploymentView(
        "arxiv-v1-0-0",
        "uid",
        draw(counts),
        draw(counts),
        draw(counts),
        draw(st.sampled_from(["", "The digest differs."])),
        server,
    )
    intent = draw(st.sampled_from([None, "", "OpenVino-Int8"]))
    known = ModelVersionStatus(preferred_engine=intent, engine=draw(_engines))
    return VersionObservation(
        make_version().model_copy(update={"status": known}),
        draw(st.sampled_from([model, None])),
        deployment=draw(st.sampled_from([deployment, None])),
        production=make_version("v1.1.0").model_copy(
            update={"status": ModelVersionStatus(engine=draw(_engines))}
        ),
        engine=draw(_engines) if server else None,
    )


def _serving(decision: Decision[ModelVersionStatus]) -> list[Action]:
    return [each for each in decision.actions if not isinstance(each, RecordVersion)]


@given(observations(), st.integers(0, 200_000))
@settings(deadline=None)
def test_a_second_look_at_the_same_world_changes_nothing(
    obs: VersionObservation, seconds: int
) -> None:
    first = decide(obs, PLATFORM, at(seconds))
    stored = ModelVersionStatus.model_validate(first.status.to_json())
    version = obs.version.model_copy(update={"status": stored})
    again = decide(replace(obs, version=version), PLATFORM, at(seconds))
    assert again.status == stored
    assert not again.events
    assert not any(isinstance(each, RecordVersion) for each in again.actions)
    if _serving(first):
        assert again.actions[0] == first.actions[0]


@given(observations(), st.integers(0, 200_000))
@settings(deadline=None)
def test_production_always_serves_and_a_version_either_serves_or_rests(
    obs: VersionObservation, seconds: int
) -> None:
    decision = decide(obs, PLATFORM, at(seconds))
    serving = _serving(decision)
    if not serving:
        # The intent comes first; with it in the status, the next look makes the pods.
        assert obs.version.status.preferred_engine is None
        version = obs.version.model_copy(update={"status": decision.status})
        decision = decide(replace(obs, version=version), PLATFORM, at(seconds))
        serving = _serving(decision)
    assert len(serving) == 1
    assert isinstance(serving[0], EnsureServing | RemoveServing)
    if decision.status.stage is Stage.PRODUCTION and obs.model is not None:
        assert isinstance(serving[0], EnsureServing)
        assert 1 <= serving[0].min_replicas <= serving[0].max_replicas
