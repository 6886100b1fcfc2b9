"""Which route a Model's experiments ask for."""

from dataclasses import dataclass
from typing import Any

import pytest
from decide_builders import NOW, experiment, model, name_of

from pharos_api.abexperiment import ABExperiment, Assignment, ExperimentPhase
from pharos_api.delivery import MissingKey
from pharos_api.model import Route
from pharos_operator.decide.models.route import derive

STABLE = name_of("v1.0.0")
SHADOWING: dict[str, Any] = {
    "phase": ExperimentPhase.SHADOWING,
    "control": STABLE,
    "candidate_version": "v1.1.0",
}
BEFORE = Route(revision=4, verified_revision=4, stable=STABLE, stable_version="v1.0.0")


@dataclass(frozen=True)
class Case:
    """An experiment, and the percentage that its candidate is mirrored (None: not at all)."""

    experiment: ABExperiment
    percent: int | None = None


MIRRORS = {
    "what an active experiment asks for is mirrored": Case(experiment(mirror=30, **SHADOWING), 30),
    "an experiment that asks for nothing is not mirrored": Case(experiment(**SHADOWING)),
    "an experiment against another version than production is not mirrored": Case(
        experiment(mirror=30, **SHADOWING | {"control": name_of("v0.9.0")})
    ),
    "an ended experiment is not mirrored": Case(
        experiment(mirror=30, **SHADOWING | {"phase": ExperimentPhase.FAILED})
    ),
    "a waiting experiment is not mirrored": Case(
        experiment(mirror=30, **SHADOWING | {"phase": ExperimentPhase.PENDING})
    ),
}


@pytest.mark.parametrize("case", MIRRORS.values(), ids=MIRRORS.keys())
def test_mirror(case: Case) -> None:
    route = derive(model("v1.0.0", route=BEFORE).status, [case.experiment], NOW)
    if case.percent is None:
        assert route == BEFORE
        return
    assert route.mirror is not None
    found = route.mirror.model_dump()
    assert found == {
        "name": "rollout-uid-x",
        "uid": "uid-x",
        "candidate": name_of("v1.1.0"),
        "candidate_version": "v1.1.0",
        "percent": case.percent,
    }
    assert (route.revision, route.verified_revision) == (5, 4)


def test_a_mirror_that_ends_is_a_new_revision_without_it() -> None:
    mirrored = derive(
        model("v1.0.0", route=BEFORE).status, [experiment(mirror=30, **SHADOWING)], NOW
    )
    after = derive(model("v1.0.0", route=mirrored).status, [experiment(**SHADOWING)], NOW)
    assert (after.mirror, after.revision) == (None, 6)


@pytest.mark.parametrize("policy", MissingKey)
def test_the_policy_for_users_without_an_id_is_the_specs(policy: MissingKey) -> None:
    asked = {"assignment": Assignment(on_missing_key=policy)}
    running = experiment(
        spec=asked, **SHADOWING | {"phase": ExperimentPhase.PROGRESSING, "exposure": 500}
    )
    route = derive(model("v1.0.0", route=BEFORE).status, [running], NOW)
    assert route.experiment is not None
    assert route.experiment.on_missing_key is policy
