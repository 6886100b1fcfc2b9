"""Looks at an experiment as cases: the status before, what is seen, and what is expected."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from decide_builders import PLATFORM, after, experiment, model, name_of, version

from pharos_analysis.samples import Facts, Sample
from pharos_api.abexperiment import (
    ABExperiment,
    ABExperimentStatus,
    ArmCounts,
    Arms,
    ExperimentPhase,
    Verdict,
)
from pharos_api.assignment import salt_of
from pharos_api.meta import Command
from pharos_api.model import Model, Route, RouteExperiment, RouteMirror
from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.decision import Decision
from pharos_operator.decide.experiments.experiment import decide
from pharos_operator.decide.observation import ExperimentObservation

Phase = ExperimentPhase
LIVE: dict[str, Any] = {
    "control": name_of("v1.0.0"),
    "control_version": "v1.0.0",
    "candidate_version": "v1.1.0",
    "salt": salt_of("uid-x"),
    "started_at": after(-600),
    "candidate_replicas": 1,
}
STEPPING = LIVE | {"phase": Phase.PROGRESSING, "exposure": 500, "exposed_at": after(-300)}
FIRST = STEPPING | {"weight": 5, "weight_verified": True, "step_started_at": after(-120)}
LAST = FIRST | {"current_step": 1, "exposure": 5000, "weight": 50}
BEFORE = Arms(control=ArmCounts(requests=990), candidate=ArmCounts(requests=990))


def routed(
    exposure: int = 0, verified: bool = True, uid: str = "uid-x", mirror: int = 0, **more: Any
) -> Model:
    """v1.0.0 in production, and what the gateways were told of an experiment."""
    copied = RouteMirror(name="x", uid=uid, candidate="c", candidate_version="v", percent=mirror)
    running = RouteExperiment(
        name="x", uid=uid, salt="s", candidate="c", candidate_version="v", exposure=exposure
    )
    route = Route(
        revision=7,
        stable=name_of("v1.0.0"),
        experiment=running if exposure else None,
        mirror=copied if mirror else None,
        verified_revision=7 if verified else 6,
    )
    return model("v1.0.0", route=route, **more)


def command(verb: str, **more: Any) -> Command:
    """What ada asked for."""
    return Command(id="one", verb=verb, by="ada", **more)


def audited(of: ABExperiment, said: Sample | None) -> Facts | None:
    """The facts of a look at which Prometheus alone answered; None where nobody was asked."""
    return None if said is None else Facts(audited=said, exposure=of.status.exposure)


@dataclass(frozen=True)
class Case:
    """``status`` is the experiment's before, the rest what is seen; then what is expected.

    ``sample`` is what Prometheus says, where no other source has anything to say.
    """

    status: dict[str, Any] = field(default_factory=dict)
    of: Model | None = field(default_factory=routed)
    spec: dict[str, Any] = field(default_factory=dict)
    candidate: ModelVersion | None = field(default_factory=lambda: version("v1.1.0"))
    control: ModelVersion | None = field(default_factory=lambda: version("v1.0.0"))
    rivals: Sequence[ABExperiment] = ()
    sample: Sample | None = None
    facts: Facts | None = None
    later_s: float = 0.0
    phase: Phase = Phase.PENDING
    exposure: int = 0
    verdict: Verdict | None = None
    says: str = ""
    expect: dict[str, Any] = field(default_factory=dict)

    def observation(self) -> ExperimentObservation:
        own = experiment(spec=self.spec, **self.status)
        arms = (self.control, self.candidate)
        facts = self.facts or audited(own, self.sample)
        return ExperimentObservation(own, self.of, *arms, tuple(self.rivals), facts=facts)

    def decision(self) -> Decision[ABExperimentStatus]:
        """What the look leads to."""
        return decide(self.observation(), PLATFORM, after(self.later_s))

    def second_look(self) -> tuple[Decision[ABExperimentStatus], Decision[ABExperimentStatus]]:
        """The look, and one more at the same things with the status that it led to."""
        obs, first = self.observation(), self.decision()
        own = obs.experiment.model_copy(update={"status": first.status})
        again = dataclasses.replace(obs, experiment=own)
        return first, decide(again, PLATFORM, after(self.later_s))


def check(case: Case) -> None:
    """The case leads to what it expects, and says so."""
    decision = case.decision()
    status = decision.status
    found = (status.phase, status.exposure, status.verdict)
    assert found == (case.phase, case.exposure, case.verdict)
    texts = [c.message for c in status.conditions] + [e.message for e in decision.events]
    assert case.says in " | ".join([*texts, status.reason])
    for name, wanted in case.expect.items():
        assert getattr(status, name) == wanted, name
