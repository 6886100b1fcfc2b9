"""Whatever becomes of production, and wherever the operator stops, no live pods are replaced.

The machine plays the API server: a Deployment keeps the template that it was made with, and to
apply another one is the mistake that this is about.
"""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from run_builders import PLATFORM, at, make_version

from pharos_api.model import Model
from pharos_api.modelversion import EngineStatus, ModelVersionStatus
from pharos_operator.decide.decision import Decision, EnsureServing, RemoveServing
from pharos_operator.decide.observation import DeploymentView, ServerView, VersionObservation
from pharos_operator.decide.versions.modelversion import decide

NAMES = ("OpenVino-Int8", "OnnxRuntime-Fp32")
ARRIVING = {"name": "arxiv-v1-1-0", "version": "v1.1.0", "cause": "Promote"}


class Serving(RuleBasedStateMachine):
    """A version on its way into production, and the Deployment that serves it."""

    def __init__(self) -> None:
        super().__init__()
        self.status = ModelVersionStatus()
        self.asked: str | None = None
        self.ready = False
        self.production = ModelVersionStatus()
        self.needed = True

    @rule(name=st.sampled_from(NAMES) | st.none())
    def production_changes(self, name: str | None) -> None:
        engine = None if name is None else EngineStatus(name=name)
        self.production = ModelVersionStatus(engine=engine)

    @rule(needed=st.booleans())
    def it_is_needed_or_not(self, needed: bool) -> None:
        self.needed = needed

    @precondition(lambda self: self.asked is not None)
    @rule()
    def a_pod_becomes_ready(self) -> None:
        self.ready = True

    @rule()
    def somebody_deletes_the_pods(self) -> None:
        self.asked, self.ready = None, False

    @precondition(lambda self: self.asked is None)
    @rule()
    def it_was_made_by_an_earlier_release(self) -> None:
        self.status, self.asked = ModelVersionStatus(), ""

    @rule(told=st.sampled_from(NAMES) | st.none())
    def a_look(self, told: str | None) -> None:
        decision = self.decided(told)
        self.act(decision)
        self.status = ModelVersionStatus.model_validate(decision.status.to_json())

    @rule()
    def a_look_that_ends_before_its_status(self) -> None:
        self.act(self.decided(None))

    @rule()
    def two_looks_of_a_version_that_is_needed_make_pods(self) -> None:
        self.needed = True
        self.a_look(None)
        self.a_look(None)
        assert self.asked is not None
        assert self.status.preferred_engine == self.asked

    @invariant()
    def nobody_computes_without_pods(self) -> None:
        decision = self.decided(None)
        assert decision.status.engine is None or (self.needed and self.asked is not None)

    def decided(self, told: str | None) -> Decision[ModelVersionStatus]:
        server = ServerView("10.0.0.1", "a") if self.ready else None
        pods = DeploymentView("arxiv-v1-1-0", "uid-d", 1, int(self.ready), 1, server=server)
        status = {"incoming": ARRIVING} if self.needed else {}
        obs = VersionObservation(
            make_version("v1.1.0").model_copy(update={"status": self.status}),
            Model.model_validate({"metadata": {"name": "arxiv"}, "status": status}),
            deployment=None if self.asked is None else pods,
            production=make_version("v1.0.0").model_copy(update={"status": self.production}),
        )
        if told is not None and server is not None:
            obs = replace(obs, engine=EngineStatus(name=told, template=server.template))
        return decide(obs, PLATFORM, at(0))

    def act(self, decision: Decision[ModelVersionStatus]) -> None:
        for action in decision.actions:
            if isinstance(action, EnsureServing):
                assert self.asked in (None, action.preferred_engine), "live pods are replaced"
                self.asked = action.preferred_engine
            if isinstance(action, RemoveServing):
                self.asked, self.ready = None, False


TestServing = Serving.TestCase
TestServing.settings = settings(max_examples=100, stateful_step_count=30)
