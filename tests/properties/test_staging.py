"""An experiment through staging, under random ends of its Job, pods that go, and lost writes."""

from datetime import timedelta

import pytest
from decide_builders import NOW, PLATFORM, experiment, healthy, model, name_of, seen, version
from hypothesis import given, settings
from hypothesis import strategies as st

from pharos_analysis.samples import Facts
from pharos_api.abexperiment import ABExperimentStatus, Verdict
from pharos_api.delivery import Staging
from pharos_api.model import Route
from pharos_api.verification import VerifyError, VerifyReason, VerifyResult
from pharos_operator.decide.decision import VerifyCandidate
from pharos_operator.decide.experiments.experiment import decide
from pharos_operator.decide.observation import JobState, JobView, PodView

REASONS = {str(reason): reason for reason in VerifyReason}
LOOKS = st.tuples(
    st.sampled_from(["runs", "runs", "passes", "is deleted", "late", *REASONS]),
    st.integers(0, 2),
    st.booleans(),
    st.integers(1, 300),
)


def job(how: str) -> JobView | None:
    """The Job as it stands; None where it is gone."""
    if how == "is deleted":
        return None
    if how == "runs":
        return JobView("j", "u", JobState.ACTIVE)
    if how == "passes":
        return JobView("j", "u", JobState.COMPLETE, pod=PodView("p", 0))
    if how == "late":
        return JobView("j", "u", JobState.FAILED, "DeadlineExceeded")
    error = VerifyError(reason=REASONS[how], message="It differs.")
    text = VerifyResult(checks=1, error=error).to_termination_message()
    return JobView("j", "u", JobState.FAILED, pod=PodView("p", 76, message=text))


@pytest.mark.requirement("DEP-2")
@pytest.mark.requirement("DEP-3")
@settings(max_examples=300, derandomize=True)
@given(st.lists(LOOKS, min_size=1, max_size=12))
def test_nobody_meets_a_candidate_that_did_not_pass(
    looks: list[tuple[str, int, bool, int]],
) -> None:
    own, now, started = experiment(spec={"staging": Staging()}), NOW, False
    route = Route(revision=1, stable=name_of("v1.0.0"), verified_revision=1)
    of, shown = model("v1.0.0", route=route), set()
    for how, ready, lost, seconds in looks:
        view = job(how) if started else None
        shown |= {how} if view is not None else set()
        candidate = version("v1.1.0", ready=ready)
        obs = seen(own, of, candidate, facts=Facts(audited=healthy(0)), verification=view)
        decision = decide(obs, PLATFORM, now)
        started |= any(isinstance(a, VerifyCandidate) for a in decision.actions)
        status = decision.status
        if status.exposure or status.verdict is Verdict.PROMOTE:
            assert "passes" in shown
            assert status.staged_at is not None
        if status.verdict is Verdict.ROLLBACK and own.status.exposure == 0:
            assert any(REASONS[name].proven for name in shown & REASONS.keys())
        if not lost:
            stored = ABExperimentStatus.model_validate(status.to_json())
            assert stored == status
            own = own.model_copy(update={"status": stored})
        now += timedelta(seconds=seconds)
