"""How long the platform itself took to bring a version to everybody."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pharos_api.abexperiment import ABExperiment
from pharos_api.modelversion import ModelVersion
from pharos_console.experiments.deploying import deployed_in

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ONE_HOUR = {"percent": 5, "holdFor": "1h"}
HALF_AN_HOUR = {"percent": 50, "holdFor": "30m"}


def at(minutes: float) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


@dataclass(frozen=True)
class Case:
    """The version was made at noon."""

    minutes: float | None
    spec: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)

    def found(self) -> timedelta | None:
        return deployed_in(version(), experiment(self))


def version() -> ModelVersion:
    return ModelVersion.model_validate(
        {
            "kind": "ModelVersion",
            "metadata": {"name": "m-v1-1-0", "creationTimestamp": NOON.isoformat()},
            "spec": {
                "modelRef": {"name": "m"},
                "version": "v1.1.0",
                "artifact": {"uri": "file:///artifacts/m", "sha256": "ab" * 32},
            },
        }
    )


def experiment(case: Case) -> ABExperiment:
    ended = {"phase": "Succeeded", "verdict": "Promote", "finishedAt": at(100)}
    return ABExperiment.model_validate(
        {
            "kind": "ABExperiment",
            "metadata": {"name": "move"},
            "spec": {"modelRef": {"name": "m"}, "candidateRef": {"name": "m-v1-1-0"}} | case.spec,
            "status": ended | case.status,
        }
    )


CASES = {
    "a canary, less what its steps hold": Case(10, {"steps": [ONE_HOUR, HALF_AN_HOUR]}),
    "the default steps hold four hours": Case(7, status={"finishedAt": at(247)}),
    "an A/B test, less its duration": Case(
        40, {"strategy": "ABTest", "abTest": {"duration": "60m"}}
    ),
    "a blue-green is everybody's with the switch, and watched after it": Case(
        3, {"strategy": "BlueGreen"}, {"switchedAt": at(3)}
    ),
    "a shadow and the canary after it": Case(
        5, {"strategy": "Shadow", "shadow": {"duration": "65m"}, "steps": [HALF_AN_HOUR]}
    ),
    "a shadow with nothing after it, promoted by hand": Case(
        35, {"strategy": "Shadow", "shadow": {"duration": "65m", "then": "Nothing"}}
    ),
    "never less than nothing, where holds were cut short": Case(0, status={"finishedAt": at(9)}),
    "one that was rolled back has brought it to nobody": Case(None, status={"verdict": "Rollback"}),
    "one that still runs has not arrived": Case(None, status={"phase": "Promoting"}),
}


@pytest.mark.requirement("SUC-21")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_platforms_own_time(case: Case) -> None:
    wanted = None if case.minutes is None else timedelta(minutes=case.minutes)
    assert case.found() == wanted
