"""Whatever the Jobs do and wherever the operator is killed, a run ends in the same place."""

from copy import deepcopy

from hypothesis import example, given, settings
from hypothesis import strategies as st
from run_builders import make_run
from run_world import Outcome, World, ending

from pharos_api.jobio import PIPELINE
from pharos_api.meta import Command
from pharos_api.trainingrun import StepName, StepState, TrainingRunPhase

_ANYWHERE = (
    Outcome.OK,
    Outcome.CRASH,
    Outcome.AWAY,
    Outcome.PREEMPTED,
    Outcome.OUT_OF_MEMORY,
    Outcome.BAD_INPUT,
    Outcome.LOST,
)
_ONLY = {
    StepName.TRAIN: (Outcome.DIVERGED,),
    StepName.EVALUATE: (Outcome.GATE,),
    StepName.REGISTER: (Outcome.VERSION_EXISTS,),
}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    script = {
        step: draw(st.lists(st.sampled_from(_ANYWHERE + _ONLY.get(step, ())), max_size=6))
        for step in PIPELINE
    }
    spec = {
        "maxAttempts": draw(st.integers(1, 4)),
        "activeDeadlineSeconds": 2_592_000,
        "trainer": {"hyperparameters": {"batchSize": draw(st.sampled_from([1, 4, 16]))}},
    }
    if draw(st.booleans()):
        spec["search"] = {"trials": 2}
    return World(make_run(**spec), script)


kills = st.dictionaries(st.integers(0, 30), st.integers(0, 3), max_size=12)


@given(worlds(), kills, st.sets(st.integers(0, 30), max_size=12))
@example(World(make_run()), {1: 1, 2: 1}, {2})
@settings(max_examples=150)
def test_a_run_killed_anywhere_ends_as_one_that_never_was(
    world: World, killed: dict[int, int], busy: set[int]
) -> None:
    undisturbed = deepcopy(world)
    undisturbed.settle()
    world.settle(killed, busy)
    assert world.end() == undisturbed.end()
    assert not world.stopped, "a Job lost its work because the operator was killed"


@given(worlds())
@settings(max_examples=75)
def test_after_acting_the_same_look_changes_nothing(world: World) -> None:
    for _ in range(30):
        world.reconcile()
        while world.reconcile().requeue_after_s == 0:
            pass
        again = world.look()
        assert again.status == world.run.status
        assert not again.events
        assert not again.actions
        world.finish_jobs()
        world.wait(301)


@given(worlds(), st.sampled_from(Outcome))
@settings(max_examples=75)
def test_an_end_is_an_end_whatever_its_jobs_still_say(world: World, outcome: Outcome) -> None:
    world.settle()
    for name, start in world.started.items():
        world.jobs[name] = ending(name, start.step_input.step, outcome, world.now)
    end = world.end()
    world.wait(10_000_000)
    assert not world.reconcile().actions
    assert world.end() == end


@given(worlds())
@settings(max_examples=75)
def test_a_run_that_succeeded_has_one_version_and_all_its_steps(world: World) -> None:
    world.settle()
    states = {step.state for step in world.run.status.steps}
    if world.run.status.phase is TrainingRunPhase.SUCCEEDED:
        assert states == {StepState.SUCCEEDED}
        assert list(world.versions) == [world.run.status.model_version]
    else:
        assert StepState.FAILED in states
        assert not world.versions


@given(worlds(), kills)
@example(World(make_run(maxAttempts=1), {StepName.EVALUATE: [Outcome.CRASH]}), {0: 1, 1: 0})
@settings(max_examples=75)
def test_a_retry_goes_on_from_the_step_that_failed(world: World, killed: dict[int, int]) -> None:
    world.settle()
    done = {s.name for s in world.run.status.steps if s.state is StepState.SUCCEEDED}
    jobs_before = set(world.jobs)
    world.script = {}
    world.write_status(command=Command(id="1", verb="Retry").to_json())
    world.settle(killed)
    assert world.run.status.phase is TrainingRunPhase.SUCCEEDED
    repeated = {world.started[job].step_input.step for job in set(world.jobs) - jobs_before}
    assert not repeated & done
