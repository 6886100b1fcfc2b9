"""What a version's pods are asked to compute with, and what they told."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from run_builders import PLATFORM, at, make_version

from pharos_api.model import Model
from pharos_api.modelversion import EngineStatus, ModelVersion, ModelVersionStatus
from pharos_operator.decide.decision import Decision, EnsureServing, RemoveServing
from pharos_operator.decide.observation import DeploymentView, ServerView, VersionObservation
from pharos_operator.decide.versions.engine import to_ask
from pharos_operator.decide.versions.modelversion import ASK_AGAIN_S, decide

INT8 = EngineStatus(name="OpenVino-Int8", texts_per_second="52.3", template="abc")
FP32 = EngineStatus(name="OnnxRuntime-Fp32", template="def")
OLD = ServerView("10.0.0.1", "abc")
NEW = ServerView("10.0.0.2", "def")
PRODUCTION = {"name": "arxiv-v1-0-0", "version": "v1.0.0"}
ARRIVING = {"name": "arxiv-v1-1-0", "version": "v1.1.0", "cause": "Promote"}


def model(**status: Any) -> Model:
    return Model.model_validate({"metadata": {"name": "arxiv"}, "status": status})


def version(number: str = "v1.1.0", **status: Any) -> ModelVersion:
    return make_version(number).model_copy(update={"status": ModelVersionStatus(**status)})


def pods(server: ServerView | None = None) -> DeploymentView:
    return DeploymentView("arxiv-v1-1-0", "uid-d", 1, 1 if server else 0, 1, server=server)


NEEDED = model(production=PRODUCTION, incoming=ARRIVING)
WITH_INT8 = version("v1.0.0", engine=INT8)


def seen(of: ModelVersion, **fields: Any) -> VersionObservation:
    return VersionObservation(of, **{"model": NEEDED, "production": WITH_INT8} | fields)


def decided(obs: VersionObservation) -> Decision[ModelVersionStatus]:
    return decide(obs, PLATFORM, at(0))


@dataclass(frozen=True)
class Start:
    """A look at a version, what it writes as intent, and what it asks its pods to take."""

    obs: VersionObservation
    intent: str | None
    asked: str | None = None


STARTS = {
    "before there are pods, production's engine is written down and nothing is made": Start(
        seen(version()), "OpenVino-Int8"
    ),
    "once it stands, the pods are asked for it": Start(
        seen(version(preferred_engine="OpenVino-Int8")), "OpenVino-Int8", "OpenVino-Int8"
    ),
    "where production did not tell, any engine will do": Start(
        seen(version(), production=version("v1.0.0")), ""
    ),
    "the first version of a Model takes any": Start(seen(version(), production=None), ""),
    "while the pods live, another production changes nothing": Start(
        seen(
            version(preferred_engine="OpenVino-Int8"),
            production=version("v1.0.0", engine=FP32),
            deployment=pods(),
        ),
        "OpenVino-Int8",
        "OpenVino-Int8",
    ),
    "nor where none was asked for": Start(
        seen(version(preferred_engine=""), deployment=pods()), "", ""
    ),
    "nor where they were made by an earlier release": Start(
        seen(version(), deployment=pods()), "", ""
    ),
    "pods that somebody deleted are made again as they were": Start(
        seen(
            version(preferred_engine="OnnxRuntime-Fp32", engine=FP32),
            production=version("v1.0.0", engine=INT8),
        ),
        "OnnxRuntime-Fp32",
        "OnnxRuntime-Fp32",
    ),
    "a version that rests is asked for nothing": Start(
        seen(version(preferred_engine="OpenVino-Int8"), model=model(production=PRODUCTION)), None
    ),
}


@pytest.mark.parametrize("case", STARTS.values(), ids=STARTS.keys())
def test_what_pods_are_asked_to_take(case: Start) -> None:
    decision = decided(case.obs)
    made = [each for each in decision.actions if isinstance(each, EnsureServing)]
    assert decision.status.preferred_engine == case.intent
    assert [each.preferred_engine for each in made] == [case.asked] * (case.asked is not None)
    gone = any(isinstance(each, RemoveServing) for each in decision.actions)
    assert gone == (case.intent is None)


def test_an_intent_is_followed_by_another_look() -> None:
    assert decided(seen(version())).requeue_after_s == 1


@dataclass(frozen=True)
class Told:
    """A look at pods, whom it asks, and what the status says after it."""

    obs: VersionObservation
    asked: ServerView | None
    engine: EngineStatus | None = None
    again: bool = False


TOLD = {
    "a pod that just became ready is asked": Told(
        seen(version(preferred_engine=""), deployment=pods(OLD)), OLD, again=True
    ),
    "what it tells is written": Told(
        seen(version(preferred_engine=""), deployment=pods(OLD), engine=INT8), OLD, INT8
    ),
    "what is known is not asked again": Told(
        seen(version(preferred_engine="", engine=INT8), deployment=pods(OLD)), None, INT8
    ),
    "a pod of another template is asked anew, and the old word stands until it tells": Told(
        seen(version(preferred_engine="", engine=INT8), deployment=pods(NEW)), NEW, INT8, again=True
    ),
    "its word takes the place of the old one": Told(
        seen(version(preferred_engine="", engine=INT8), deployment=pods(NEW), engine=FP32),
        NEW,
        FP32,
    ),
    "while no pod is ready nobody is asked": Told(
        seen(version(preferred_engine="", engine=INT8), deployment=pods()), None, INT8
    ),
    "without a Deployment nothing computes": Told(
        seen(version(preferred_engine="", engine=INT8)), None
    ),
    "a version that rests computes nothing": Told(
        seen(
            version(preferred_engine="", engine=INT8),
            deployment=pods(OLD),
            model=model(production=PRODUCTION),
        ),
        None,
    ),
}


@pytest.mark.parametrize("case", TOLD.values(), ids=TOLD.keys())
def test_what_pods_tell(case: Told) -> None:
    assert to_ask(case.obs) == case.asked
    decision = decided(case.obs)
    assert decision.status.engine == case.engine
    assert decision.requeue_after_s == (ASK_AGAIN_S if case.again else None)


def test_a_pod_that_does_not_tell_delays_no_readiness() -> None:
    silent = decided(seen(version(preferred_engine=""), deployment=pods(OLD)))
    telling = decided(seen(version(preferred_engine=""), deployment=pods(OLD), engine=INT8))
    assert silent.status.conditions == telling.status.conditions
    assert silent.status.phase == "Ready"


def test_what_was_told_is_stored_and_read_back_alike() -> None:
    obs = seen(version(preferred_engine=""), deployment=pods(OLD), engine=INT8)
    stored = ModelVersionStatus.model_validate(decided(obs).status.to_json())
    again = replace(obs, version=obs.version.model_copy(update={"status": stored}), engine=None)
    assert decided(again).status == stored
