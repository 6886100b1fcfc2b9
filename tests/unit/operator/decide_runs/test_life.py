"""A run's life, seen from outside: Jobs, conditions, events, the version."""

import json
from dataclasses import replace

import pytest
from run_builders import (
    DATA_SHA,
    NOW,
    OUTPUTS,
    PLATFORM,
    SHA,
    active,
    at,
    make_model,
    make_run,
    make_version,
)
from run_world import Outcome, World

from pharos_api.jobio import FailureReason
from pharos_api.meta import Command, Condition, ConditionStatus
from pharos_api.names import ANNOTATION_FAULT
from pharos_api.trainingrun import ProgressStatus, StepName, StepState, TrainingRunPhase
from pharos_operator.decide.conditions import find
from pharos_operator.decide.decision import CreateVersion, Delete, StartStep, SuspendJob
from pharos_operator.decide.observation import JobState, PodView, RunObservation
from pharos_operator.decide.runs.lineage import registered_lineage
from pharos_operator.decide.runs.pipeline import Look
from pharos_operator.decide.runs.trainingrun import decide
from pharos_operator.decide.runs.version import version_spec


def said(world: World, kind: str) -> Condition:
    found = find(world.run.status.conditions, kind)
    assert found is not None
    return found


def at_step(step: StepName, **spec: object) -> World:
    """A world whose run has just started that step."""
    world = World(make_run(**spec))
    while True:
        world.reconcile()
        current = world.run.status.steps[
            next(
                i
                for i, each in enumerate(world.run.status.steps)
                if each.state is not StepState.SUCCEEDED
            )
        ]
        if current.name is step and current.state is StepState.RUNNING:
            return world
        world.finish_jobs()
        world.wait(10)


@pytest.mark.requirement("GOL-8", "CHK-6")
def test_a_run_goes_through_its_steps_and_ends_in_a_version() -> None:
    world = World(make_run())
    world.settle()
    assert sorted(world.jobs) == [
        "weekly-collect",
        "weekly-evaluate",
        "weekly-prepare",
        "weekly-register",
        "weekly-train",
    ]
    status = world.run.status
    assert (status.phase, status.version) == (TrainingRunPhase.SUCCEEDED, "v1.0.0")
    assert status.model_version == "arxiv-v1-0-0"
    assert status.metrics == {"validationAccuracy": "0.91", "macroF1": "0.9"}
    assert status.progress == ProgressStatus(step=StepName.REGISTER, percent=100)
    assert said(world, "Succeeded").message == "ModelVersion arxiv-v1-0-0 is registered."


def test_a_search_is_a_step_of_its_own_only_when_asked_for() -> None:
    world = World(make_run(search={"trials": 3, "timeout": "1h"}))
    world.settle()
    assert "weekly-search" in world.jobs


def test_each_step_is_told_what_the_earlier_ones_left_behind() -> None:
    world = at_step(StepName.REGISTER)
    told = world.started["weekly-register"].step_input
    expected: dict[str, str] = {}
    for step in (StepName.COLLECT, StepName.PREPARE, StepName.TRAIN, StepName.EVALUATE):
        expected |= OUTPUTS[step]
    assert told.inputs == expected
    assert told.version == "v1.0.0"
    assert told.git_commit == "abc123def456"
    assert told.progress is not None
    assert world.started["weekly-train"].step_input.version == ""


@pytest.mark.requirement("VER-14")
def test_the_version_carries_artifact_lineage_and_metrics() -> None:
    model = make_model(labels=["cs.AI", "cs.LG"])
    world = World(make_run(), model=model)
    world.settle()
    spec = world.versions["arxiv-v1-0-0"].spec
    assert (spec.artifact.sha256, spec.artifact.size_bytes) == (SHA, 1000)
    assert spec.lineage.training_run == "weekly"
    assert spec.lineage.dataset_sha256 == DATA_SHA
    assert spec.lineage.base_model == "distilbert-base-uncased"
    assert (spec.metrics.validation_accuracy, spec.metrics.macro_f1) == ("0.91", "0.9")
    assert spec.labels == ["cs.AI", "cs.LG"]


def test_a_retrainings_version_knows_its_cause_its_last_day_and_what_it_gained() -> None:
    world = World(make_run())
    world.settle()
    status = world.run.status.model_copy(
        update={"metrics": {"improvement": "-0.0100", "productionAccuracy": "0.92"}}
    )
    run = make_run(cause={"trigger": "Drift"})
    look = Look(RunObservation(run, make_model()), PLATFORM, NOW)
    spec = version_spec(look, status)
    assert (spec.lineage.trigger, spec.lineage.data_until) == ("Drift", f"{NOW.date()}")
    assert (spec.metrics.improvement, spec.metrics.production_accuracy) == ("-0.0100", "0.92")


def test_the_version_says_of_its_lineage_what_was_written_beside_the_model() -> None:
    world = at_step(StepName.REGISTER)
    told = world.started["weekly-register"].step_input.lineage
    assert told is not None
    assert (told.training_run, told.dataset_sha256) == ("weekly", DATA_SHA)
    assert world.started["weekly-train"].step_input.lineage is None
    written = told.model_copy(update={"parent": "arxiv-v0-9-0"})
    register = {"name": "register", "outputs": {"lineage": json.dumps(written.to_json())}}
    world.write_status(steps=[register])
    look = Look(RunObservation(world.run, make_model()), PLATFORM, NOW)
    assert registered_lineage(look, world.run.status) == written


def test_a_linear_version_has_no_base_model_and_the_encoder_after_it_is_a_new_major() -> None:
    linear = World(make_run(trainer={"recipe": "Linear"}))
    linear.settle()
    first = linear.versions["arxiv-v1-0-0"]
    assert (first.spec.lineage.base_model, first.spec.lineage.architecture) == (None, "linear")
    encoder = World(make_run(), versions={first.metadata.name: first})
    encoder.settle()
    assert encoder.run.status.version == "v2.0.0"


def test_a_fault_asked_for_on_the_run_is_handed_on_to_its_version() -> None:
    run = make_run()
    annotations = {ANNOTATION_FAULT: "error:0.3", "other": "x"}
    marked = run.model_copy(
        update={"metadata": run.metadata.model_copy(update={"annotations": annotations})}
    )
    world = World(marked)
    actions = []
    for _ in range(10):
        actions += world.reconcile().actions
        world.finish_jobs()
    (created,) = [each for each in actions if isinstance(each, CreateVersion)]
    assert created.annotations == ((ANNOTATION_FAULT, "error:0.3"),)


def test_the_version_is_stored_before_the_register_step_starts() -> None:
    world = at_step(StepName.EVALUATE)
    world.finish_jobs()
    first = world.reconcile()
    assert first.status.version == "v1.0.0"
    assert not first.actions
    assert first.requeue_after_s == 0
    world.versions["arxiv-v1-0-0"] = make_version(sha256="b" * 64)
    (start,) = world.reconcile().actions
    assert isinstance(start, StartStep)
    assert start.step_input.version == "v1.0.0"


@pytest.mark.requirement("ERR-12")
def test_a_version_that_somebody_else_made_meanwhile_is_left_alone() -> None:
    world = at_step(StepName.REGISTER)
    imported = make_version(sha256="b" * 64)
    world.versions["arxiv-v1-0-0"] = imported
    world.settle()
    assert world.versions["arxiv-v1-0-0"] == imported
    assert world.run.status.model_version == "arxiv-v1-0-1"


def test_a_register_step_without_a_digest_fails_with_a_sentence() -> None:
    world = at_step(StepName.REGISTER)
    job = "weekly-register"
    world.script = {}
    world.finish_jobs()
    pod = world.jobs[job].pod
    assert pod is not None
    broken = json.loads(pod.message)
    broken["outputs"].pop("modelSha256")
    world.jobs[job] = replace(world.jobs[job], pod=replace(pod, message=json.dumps(broken)))
    world.reconcile()
    assert world.run.status.phase is TrainingRunPhase.FAILED
    assert "register left behind no usable model" in said(world, "Succeeded").message


class TestWaiting:
    def test_without_its_model_a_run_waits_and_says_so(self) -> None:
        world = World(make_run(), model=None)
        decision = world.reconcile()
        assert not decision.actions
        assert decision.requeue_after_s is None
        assert said(world, "ModelFound").status is ConditionStatus.FALSE
        assert "no Model arxiv in namespace default" in said(world, "ModelFound").message
        assert world.run.status.phase is TrainingRunPhase.PENDING
        world.model = make_model()
        assert isinstance(world.reconcile().actions[0], StartStep)

    def test_a_cluster_without_gpus_is_named(self) -> None:
        world = at_step(StepName.TRAIN)
        message = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
        world.jobs["weekly-train"] = active("weekly-train", PodView("p", unschedulable=message))
        obs = RunObservation(world.run, world.model, world.jobs, gpu_allocatable=0)
        decision = decide(obs, PLATFORM, world.now)
        scheduled = find(decision.status.conditions, "Scheduled")
        assert scheduled is not None
        assert (scheduled.status, scheduled.reason) == (ConditionStatus.FALSE, "Unschedulable")
        assert "no node of this cluster offers it" in scheduled.message
        assert [each.reason for each in decision.events] == ["Unschedulable"]
        assert decision.requeue_after_s is not None

    def test_what_else_is_missing_is_named_with_the_schedulers_words(self) -> None:
        world = at_step(StepName.TRAIN)
        message = "0/2 nodes are available: 1 Insufficient cpu, 2 Insufficient memory."
        world.jobs["weekly-train"] = active("weekly-train", PodView("p", unschedulable=message))
        world.reconcile()
        assert said(world, "Scheduled").message == (
            "Step train waits because no node has enough cpu and memory free. "
            f"The scheduler: {message}"
        )

    @pytest.mark.parametrize("waiting", ["ImagePullBackOff: not found", "CreateContainerError"])
    def test_a_container_that_cannot_start_is_named(self, waiting: str) -> None:
        world = at_step(StepName.COLLECT)
        world.jobs["weekly-collect"] = active("weekly-collect", PodView("p", waiting=waiting))
        world.reconcile()
        assert said(world, "Scheduled").reason == "ContainerNotStarting"
        assert waiting in said(world, "Scheduled").message
        assert not world.reconcile().events

    @pytest.mark.requirement("FUT-11")
    def test_a_queued_job_is_left_to_its_queue(self) -> None:
        world = at_step(StepName.COLLECT, pods={"queueName": "gpu"})
        job = world.jobs["weekly-collect"]
        world.jobs["weekly-collect"] = replace(job, state=JobState.SUSPENDED)
        assert not world.reconcile().actions
        assert said(world, "Scheduled").reason == "Queued"

    def test_a_result_that_is_not_seen_yet_is_waited_for(self) -> None:
        world = at_step(StepName.COLLECT)
        running = PodView("p")
        world.finish_jobs()
        done = world.jobs["weekly-collect"]
        world.jobs["weekly-collect"] = replace(done, pod=running)
        assert world.reconcile().requeue_after_s == 2
        assert world.step(StepName.COLLECT).state is StepState.RUNNING
        world.jobs["weekly-collect"] = done
        world.reconcile()
        assert world.step(StepName.COLLECT).state is StepState.SUCCEEDED

    def test_a_result_that_never_comes_costs_an_attempt(self) -> None:
        world = at_step(StepName.COLLECT)
        world.finish_jobs()
        world.jobs["weekly-collect"] = replace(world.jobs["weekly-collect"], pod=None)
        world.wait(30)
        world.reconcile()
        assert world.started["weekly-collect-2"].step_input.attempt == 2
        assert any("cannot be read" in each for each in world.events)

    def test_a_run_whose_model_is_deleted_meanwhile_waits_for_it_before_the_next_step(self) -> None:
        world = at_step(StepName.TRAIN)
        world.model = None
        assert not world.reconcile().actions
        assert said(world, "Progressing").reason == "StepRunning"
        world.finish_jobs()
        assert not world.reconcile().actions
        assert said(world, "Progressing").reason == "WaitingForModel"

    def test_a_version_is_not_created_without_its_model(self) -> None:
        world = at_step(StepName.REGISTER)
        world.finish_jobs()
        world.model = None
        assert not world.reconcile().actions
        assert world.run.status.finished_at is None
        world.model = make_model()
        assert isinstance(world.reconcile().actions[0], CreateVersion)

    def test_a_job_that_somebody_deleted_is_started_again(self) -> None:
        world = at_step(StepName.TRAIN)
        del world.jobs["weekly-train"]
        (start,) = world.reconcile().actions
        assert isinstance(start, StartStep)
        assert start.job == "weekly-train"

    def test_a_stray_job_is_deleted_before_the_next_one_starts(self) -> None:
        world = at_step(StepName.COLLECT)
        world.finish_jobs()
        world.jobs["weekly-train-7"] = active("weekly-train-7")
        (deletion,) = world.reconcile().actions
        assert isinstance(deletion, Delete)
        assert deletion.ref.name == "weekly-train-7"
        assert isinstance(world.reconcile().actions[0], StartStep)

    def test_a_later_steps_job_is_no_stray_after_two_kills_before_the_status_was_written(
        self,
    ) -> None:
        world = at_step(StepName.COLLECT)
        for _ in range(2):
            # Each look starts the next step's Job, and is killed before it has written the status.
            world.finish_jobs()
            world.reconcile(killed_after=1)
        assert world.jobs["weekly-train"].state is JobState.ACTIVE
        assert not [each for each in world.reconcile().actions if isinstance(each, Delete)]
        assert world.run.status.steps[2].job == "weekly-train"

    def test_a_job_that_was_started_late_is_deleted_after_the_end(self) -> None:
        world = World(make_run(), {StepName.COLLECT: [Outcome.BAD_INPUT]})
        world.settle()
        world.jobs["weekly-prepare"] = active("weekly-prepare")
        (deletion,) = world.reconcile().actions
        assert isinstance(deletion, Delete)

    def test_a_version_that_another_run_has_chosen_is_passed_over(self) -> None:
        world = at_step(StepName.EVALUATE)
        world.finish_jobs()
        obs = RunObservation(world.run, world.model, world.jobs, claimed=("v1.0.0",))
        assert decide(obs, PLATFORM, world.now).status.version == "v1.1.0"


class TestSuspension:
    def test_suspending_stops_the_job_and_resuming_lets_it_go_on(self) -> None:
        world = at_step(StepName.TRAIN)
        world.change_spec(suspend=True)
        assert world.reconcile().actions == (SuspendJob("weekly-train", suspend=True),)
        assert world.run.status.phase is TrainingRunPhase.SUSPENDED
        assert not world.reconcile().actions
        world.wait(100)
        world.change_spec(suspend=False)
        assert world.reconcile().actions == (SuspendJob("weekly-train", suspend=False),)
        assert world.run.status.phase is TrainingRunPhase.TRAINING
        assert world.run.status.suspended_seconds == 100
        world.settle()
        assert world.run.status.phase is TrainingRunPhase.SUCCEEDED
        assert [each.partition(":")[0] for each in world.events].count("Suspended") == 1

    def test_a_run_that_begins_suspended_starts_nothing(self) -> None:
        world = World(make_run(suspend=True))
        assert not world.reconcile().actions
        assert world.run.status.started_at is None

    def test_time_suspended_does_not_count_against_the_deadline(self) -> None:
        world = at_step(StepName.COLLECT, activeDeadlineSeconds=100)
        world.change_spec(suspend=True)
        world.reconcile()
        world.wait(10_000)
        assert world.reconcile().requeue_after_s is None
        world.change_spec(suspend=False)
        world.reconcile()
        assert world.run.status.phase is TrainingRunPhase.COLLECTING
        world.wait(101)
        world.reconcile()
        assert said(world, "Succeeded").reason == FailureReason.DEADLINE_EXCEEDED

    def test_of_a_queued_job_only_the_run_itself_sets_suspend_and_the_queue_lifts_it(self) -> None:
        world = at_step(StepName.TRAIN, pods={"queueName": "gpu"})
        world.change_spec(suspend=True)
        assert world.reconcile().actions == (SuspendJob("weekly-train", suspend=True),)
        world.change_spec(suspend=False)
        assert not world.reconcile().actions


class TestEndings:
    @pytest.mark.requirement("ERR-6")
    def test_a_sentence_of_the_job_goes_unchanged_into_condition_and_event(self) -> None:
        world = World(make_run(), {StepName.TRAIN: [Outcome.DIVERGED]})
        world.settle()
        condition = said(world, "Succeeded")
        assert (condition.reason, condition.message) == (
            "TrainingDiverged",
            "This is TrainingDiverged.",
        )
        assert "TrainingDiverged: This is TrainingDiverged." in world.events
        assert sorted(world.jobs) == ["weekly-collect", "weekly-prepare", "weekly-train"]

    @pytest.mark.requirement("CHK-2")
    def test_a_model_below_the_gate_is_not_registered(self) -> None:
        world = World(make_run(), {StepName.EVALUATE: [Outcome.GATE]})
        world.settle()
        assert said(world, "Succeeded").reason == "QualityGateFailed"
        assert not world.versions

    def test_a_source_that_stays_away_is_tried_three_times(self) -> None:
        world = World(make_run(), {StepName.COLLECT: [Outcome.AWAY] * 9})
        world.settle()
        assert world.step(StepName.COLLECT).attempts == 3
        assert said(world, "Succeeded").reason == "SourceUnavailable"
        assert said(world, "Succeeded").message.startswith("Gave up after 3 attempts. ")

    def test_between_attempts_the_run_waits_longer_and_longer(self) -> None:
        world = World(make_run(maxAttempts=4), {StepName.COLLECT: [Outcome.CRASH] * 3})
        waits = []
        for _ in range(3):
            world.reconcile()
            world.finish_jobs()
            waits.append(world.reconcile().requeue_after_s)
            assert said(world, "Progressing").reason == "BackingOff"
            world.wait(waits[-1] or 0)
        assert waits == [10, 20, 40]

    def test_preemption_costs_no_attempt(self) -> None:
        world = World(make_run(maxAttempts=1), {StepName.TRAIN: [Outcome.PREEMPTED] * 5})
        world.settle()
        assert world.run.status.phase is TrainingRunPhase.SUCCEEDED
        assert world.step(StepName.TRAIN).attempts == 6

    @pytest.mark.requirement("ERR-5")
    def test_out_of_memory_halves_the_batch_down_to_one(self) -> None:
        spec = {"trainer": {"hyperparameters": {"batchSize": 4}}}
        world = World(make_run(**spec), {StepName.TRAIN: [Outcome.OUT_OF_MEMORY] * 9})
        world.settle()
        told = [s.step_input for s in world.started.values() if s.step_input.step == "train"]
        assert [each.batch_divisor for each in told] == [1, 2, 4]
        assert said(world, "Succeeded").reason == "OutOfMemory"

    def test_out_of_memory_elsewhere_ends_the_run(self) -> None:
        world = World(make_run(), {StepName.PREPARE: [Outcome.OUT_OF_MEMORY]})
        world.settle()
        assert world.step(StepName.PREPARE).attempts == 1
        assert "spec.resources.prepare.limits.memory" in said(world, "Succeeded").message

    @pytest.mark.requirement("GOL-5")
    def test_at_the_deadline_the_job_is_deleted_and_nothing_registered(self) -> None:
        world = at_step(StepName.TRAIN, activeDeadlineSeconds=3600)
        world.wait(3600)
        (deletion,) = world.reconcile().actions
        assert isinstance(deletion, Delete)
        assert (deletion.ref.name, deletion.ref.uid) == ("weekly-train", "uid-weekly-train")
        assert said(world, "Succeeded").reason == "DeadlineExceeded"
        assert "best checkpoint is kept" in said(world, "Succeeded").message
        assert not world.versions

    def test_a_job_is_given_what_is_left_of_the_deadline(self) -> None:
        world = World(make_run(activeDeadlineSeconds=3600))
        world.reconcile()
        world.wait(600)
        world.finish_jobs()
        world.reconcile()
        assert world.started["weekly-collect"].deadline_s == 3600
        assert world.started["weekly-prepare"].deadline_s == 3000

    def test_a_job_with_a_deadline_from_before_its_extension_starts_again(self) -> None:
        world = at_step(StepName.TRAIN, activeDeadlineSeconds=3600)
        world.change_spec(active_deadline_seconds=100_000)
        world.wait(3700)
        job = world.jobs["weekly-train"]
        world.jobs["weekly-train"] = replace(
            job, state=JobState.FAILED, reason="DeadlineExceeded", finished_at=world.now
        )
        (start,) = world.reconcile().actions
        assert isinstance(start, StartStep)
        assert start.job == "weekly-train-2"

    def test_an_ended_run_deletes_itself_when_its_time_is_up(self) -> None:
        world = World(make_run(ttlSecondsAfterFinished=600))
        world.settle()
        assert not world.deleted
        world.wait(600)
        world.reconcile()
        assert world.deleted

    def test_a_run_on_its_way_out_is_left_alone(self) -> None:
        run = make_run()
        gone = run.model_copy(
            update={"metadata": run.metadata.model_copy(update={"deletion_timestamp": NOW})}
        )
        decision = World(gone).look()
        assert (decision.actions, decision.status) == ((), run.status)


class TestCommands:
    def command(self, world: World, verb: str, id_: str = "1") -> None:
        world.write_status(command=Command(id=id_, verb=verb, by="ada").to_json())

    def test_abort_stops_the_job_and_names_who_asked(self) -> None:
        world = at_step(StepName.TRAIN)
        self.command(world, "Abort")
        (deletion,) = world.reconcile().actions
        assert isinstance(deletion, Delete)
        assert said(world, "Succeeded").reason == "Aborted"
        assert said(world, "Succeeded").message == "The run was aborted by ada."

    def test_retry_starts_the_failed_step_again_with_all_its_attempts(self) -> None:
        world = World(make_run(), {StepName.TRAIN: [Outcome.CRASH] * 4})
        world.settle()
        self.command(world, "Retry")
        world.settle()
        assert world.run.status.phase is TrainingRunPhase.SUCCEEDED
        assert world.step(StepName.TRAIN).attempts == 5
        assert world.step(StepName.COLLECT).attempts == 1

    @pytest.mark.parametrize(
        ("verb", "answer"),
        [
            ("Retry", "Retry needs a failed run; this one is Collecting."),
            ("Dance", "'Dance' is no verb of a TrainingRun; use Retry or Abort."),
        ],
    )
    def test_what_cannot_be_done_is_refused_once_with_a_sentence(
        self, verb: str, answer: str
    ) -> None:
        world = at_step(StepName.COLLECT)
        self.command(world, verb)
        decision = world.reconcile()
        assert [each.message for each in decision.events] == [answer]
        assert not world.reconcile().events


class TestProgress:
    def report(self, step: StepName, percent: int, seconds: float = 5) -> ProgressStatus:
        return ProgressStatus(step=step, percent=percent, epoch="1/3", updated_at=at(seconds))

    def progressed(self, world: World, report: ProgressStatus | None) -> ProgressStatus | None:
        jobs = {name: replace(job, started_at=NOW) for name, job in world.jobs.items()}
        obs = RunObservation(world.run, world.model, jobs, progress=report)
        return decide(obs, PLATFORM, world.now).status.progress

    def test_the_current_steps_report_is_shown(self) -> None:
        report = self.report(StepName.TRAIN, 40)
        assert self.progressed(at_step(StepName.TRAIN), report) == report

    def test_another_steps_report_is_not(self) -> None:
        world = at_step(StepName.TRAIN)
        shown = self.progressed(world, self.report(StepName.PREPARE, 99))
        assert shown == ProgressStatus(step=StepName.TRAIN)

    def test_a_report_of_an_earlier_attempt_is_not(self) -> None:
        world = at_step(StepName.TRAIN)
        shown = self.progressed(world, self.report(StepName.TRAIN, 99, seconds=-5))
        assert shown == ProgressStatus(step=StepName.TRAIN)

    def test_what_was_shown_stays_while_a_new_operator_knows_nothing(self) -> None:
        world = at_step(StepName.TRAIN)
        world.write_status(progress=self.report(StepName.TRAIN, 40).to_json())
        assert self.progressed(world, None) == self.report(StepName.TRAIN, 40)


@pytest.mark.requirement("SUC-12")
def test_a_replay_is_measured_and_registers_nothing() -> None:
    world = World(make_run(replayOf="weekly-before"))
    world.settle()
    assert "weekly-evaluate" in world.jobs
    assert "weekly-register" not in world.jobs
    assert not world.versions
    status = world.run.status
    assert status.phase is TrainingRunPhase.SUCCEEDED
    assert status.metrics == {"validationAccuracy": "0.91", "macroF1": "0.9"}
    assert said(world, "Succeeded").reason == "Replayed"
