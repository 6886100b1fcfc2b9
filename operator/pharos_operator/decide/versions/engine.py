"""Which engine a version's pods are asked to take, and which one they took.

Pods are asked to take production's, because an experiment whose arms compute differently compares
engines. What they are asked is decided once and stands in the status before there is a Deployment;
it is kept for as long as that lives, since another template would replace pods that serve. Must
not decide whether a version serves, and nothing waits for an answer.
"""

from pharos_api.modelversion import EngineStatus
from pharos_operator.decide.observation import ServerView, VersionObservation
from pharos_operator.decide.versions.serving_need import Need


def intended(obs: VersionObservation, need: Need) -> str | None:
    """What the pods are asked to take, empty for nothing; None while there shall be none."""
    if need is Need.NONE:
        return None
    before = obs.version.status.preferred_engine
    if before is not None:
        return before
    # A Deployment without an intent is one of an earlier release: it stays as it is.
    return _of_production(obs) if obs.deployment is None else ""


def may_start(obs: VersionObservation) -> bool:
    """Whether the intent stands, so that pods can be made by it."""
    return obs.version.status.preferred_engine is not None or obs.deployment is not None


def known(obs: VersionObservation, need: Need) -> EngineStatus | None:
    """What computes the version's answers, as far as anybody told; None without pods."""
    if need is Need.NONE or obs.deployment is None:
        return None
    return obs.engine or obs.version.status.engine


def to_ask(obs: VersionObservation) -> ServerView | None:
    """The pod that can tell what is not known yet; None where nothing is to be asked."""
    server = None if obs.deployment is None else obs.deployment.server
    told = obs.version.status.engine
    if server is None or (told is not None and told.template == server.template):
        return None
    return server


def _of_production(obs: VersionObservation) -> str:
    engine = None if obs.production is None else obs.production.status.engine
    return "" if engine is None else engine.name
