"""What people outside of the cluster are told of a Model, and that each fact is told once."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from decide_builders import NOW, PLATFORM, after, experiment, looked, model, name_of, pointer
from decide_builders import version as registered

from pharos_api.abexperiment import ABExperiment, ExperimentPhase, Verdict
from pharos_api.data import ArxivSource, Data, Source
from pharos_api.delivery import Strategy
from pharos_api.meta import Condition, ConditionStatus, Metadata, ObjectRef
from pharos_api.model import (
    ModelSpec,
    ModelStatus,
    NotificationKind,
    Notifications,
    NotificationStatus,
    PromotionPolicy,
    Quarantined,
)
from pharos_api.modelversion import Lineage, Metrics, ModelVersion, Stage
from pharos_api.retraining import Cause, DriftReading, RetrainingStatus, Trigger
from pharos_api.trainingrun import (
    StepName,
    StepState,
    StepStatus,
    TrainingRun,
    TrainingRunPhase,
    TrainingRunSpec,
    TrainingRunStatus,
)
from pharos_api.watched import WatchedWindow
from pharos_operator.decide.decision import Decision, Notice, Tone
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import Deliveries

LONG_AGO = NotificationStatus(since=NOW - timedelta(days=30))
TELL = Notifications(secret_name="pharos-notifications")
OLD, NEW = "v1.1.0", "v1.2.0"


def version(
    number: str,
    accuracy: str | None = None,
    stage: Stage = Stage.REGISTERED,
    same_texts: tuple[str, str] | None = None,
    **artifact: Any,
) -> ModelVersion:
    """``same_texts`` are production's accuracy on the new one's texts, and what was gained."""
    made = registered(number)
    production, gained = same_texts or (None, None)
    metrics = Metrics(test_accuracy=accuracy, production_accuracy=production, improvement=gained)
    spec = made.spec.model_copy(
        update={
            "metrics": metrics,
            "artifact": made.spec.artifact.model_copy(update=artifact),
        }
    )
    return made.model_copy(
        update={"spec": spec, "status": made.status.model_copy(update={"stage": stage})}
    )


def run(phase: TrainingRunPhase = TrainingRunPhase.SUCCEEDED, **cause: Any) -> TrainingRun:
    """A retraining that took 3.2 hours to train."""
    train = StepStatus(
        name=StepName.TRAIN,
        state=StepState.SUCCEEDED,
        started_at=NOW - timedelta(hours=3.2),
        finished_at=NOW,
    )
    succeeded = phase is TrainingRunPhase.SUCCEEDED
    ended = Condition(
        type="Succeeded",
        status=ConditionStatus.TRUE if succeeded else ConditionStatus.FALSE,
        reason="GateFailed",
        message="" if succeeded else "macroF1 0.71 is under 0.85",
        last_transition_time=NOW,
    )
    return TrainingRun(
        metadata=Metadata(name="arxiv-retrain-1", namespace="default", uid="uid-run"),
        spec=TrainingRunSpec(
            model_ref=ObjectRef(name="arxiv"),
            data=Data(source=Source(arxiv=ArxivSource(categories=["cs.AI", "cs.CL"]))),
            cause=Cause(trigger=Trigger.DATA_GROWTH, parent=OLD, **cause),
        ),
        status=TrainingRunStatus(
            phase=phase,
            steps=[train],
            version=NEW,
            model_version=name_of(NEW) if succeeded else "",
            finished_at=NOW,
            conditions=[ended],
        ),
    )


def rollout(reason: str, message: str = "") -> Condition:
    return said("RolloutInProgress", reason, message)


def due(reason: str, message: str) -> Condition:
    return said("RetrainingDue", reason, message)


def said(kind: str, reason: str, message: str) -> Condition:
    return Condition(
        type=kind,
        status=ConditionStatus.FALSE,
        reason=reason,
        message=message,
        last_transition_time=NOW,
    )


def drift(*detected: str) -> RetrainingStatus:
    reading = DriftReading(texts=1200, detected=list(detected), report_uri="file:///a/drift.html")
    return RetrainingStatus(check="arxiv-retrain-29", checked_at=NOW, drift=reading)


def verified(reason: str) -> Condition:
    return rollout(reason, "1,000 requests").model_copy(update={"type": "ProductionVerified"})


WATCHED = WatchedWindow(version=OLD, since=NOW, until=NOW)


def ended(verdict: Verdict, reason: str, **status: Any) -> ABExperiment:
    return experiment(
        NEW,
        phase=ExperimentPhase.SUCCEEDED,
        verdict=verdict,
        reason=reason,
        finished_at=NOW,
        control_version=OLD,
        candidate_version=NEW,
        **status,
    )


AUTO, UNTRIED = PromotionPolicy(), Deliveries()
PAIR = (version(OLD, "0.912"), version(NEW, "0.935"))


@dataclass(frozen=True)
class World:
    """What the objects say. Two versions, of which the older is in production."""

    status: dict[str, Any] = field(default_factory=dict)
    runs: tuple[TrainingRun, ...] = ()
    experiments: tuple[ABExperiment, ...] = ()
    versions: tuple[ModelVersion, ...] = PAIR
    policy: PromotionPolicy = AUTO
    notifications: Notifications | None = TELL
    deliveries: Deliveries = UNTRIED

    def decided(
        self, at: float = 0.0, told: NotificationStatus = LONG_AGO
    ) -> Decision[ModelStatus]:
        spec = ModelSpec(promotion=self.policy, notifications=self.notifications)
        state: dict[str, Any] = {"production": pointer(OLD), "notifications": told} | self.status
        seen = looked(
            model(spec=spec).model_copy(update={"status": ModelStatus(**state)}),
            *self.versions,
            experiments=self.experiments,
            runs=self.runs,
            deliveries=self.deliveries,
        )
        return decide(seen, PLATFORM, after(at))

    def notices(self, at: float = 0.0) -> dict[NotificationKind, Notice]:
        return {notice.kind: notice for notice in self.decided(at).notices}


GREW = {"previous_samples": 10_000, "new_samples": 1_500}
PROMOTED = World(
    status={"production": pointer(NEW, promoted_by="uid-x"), "previous": pointer(OLD)},
    runs=(run(**GREW),),
    experiments=(ended(Verdict.PROMOTE, "every step passed"),),
    versions=(
        version(OLD, "0.905"),
        version(NEW, "0.935", same_texts=("0.912", "0.023"), size_bytes=268_000_000),
    ),
)
RET_25 = """\
New model v1.2.0 promoted (+2.3%)

Dataset:
- Previous: 10,000 papers
- New: 11,500 papers (+15%)
- Growth: 1,500 new papers

Performance:
- Production (v1.1.0): 91.2%
- New (v1.2.0): 93.5% (+2.3%)

Decision: PROMOTED to production
Reason: Exceeds 2% improvement threshold; every step passed

Training time: 3.2 hours
Model size: 268 MB"""


@pytest.mark.requirement("RET-20")
@pytest.mark.requirement("RET-25")
def test_a_finished_retraining_is_told_with_every_field() -> None:
    notice = PROMOTED.notices()[NotificationKind.RETRAINING_COMPLETE]
    assert notice.title == "Model Retraining Complete - arxiv_v1.2.0"
    assert (notice.body, notice.tone) == (RET_25, Tone.SUCCESS)


@pytest.mark.requirement("RET-21")
@pytest.mark.parametrize(
    ("accuracy", "sentence", "reason"),
    [
        ("0.915", "New model v1.2.0 not promoted (+0.3%)", "Does not exceed 2% improvement"),
        ("0.932", "New model v1.2.0 not promoted (+2.0%)", "Does not exceed 2% improvement"),
        ("0.902", "New model v1.2.0 not promoted (-1.0%)", "Does not exceed 2% improvement"),
    ],
)
def test_a_version_that_is_not_better_is_told_as_archived(
    accuracy: str, sentence: str, reason: str
) -> None:
    new = version(NEW, accuracy, stage=Stage.ARCHIVED)
    world = World(runs=(run(),), versions=(version(OLD, "0.912"), new))
    notice = world.notices()[NotificationKind.RETRAINING_COMPLETE]
    assert notice.body.startswith(sentence)
    assert "Decision: NOT PROMOTED" in notice.body
    assert f"Reason: {reason}" in notice.body


def test_accuracies_of_different_texts_are_not_set_against_those_of_the_same() -> None:
    """Production's own test split was easier: on the same texts the new version is better."""
    new = version(NEW, "0.911", same_texts=("0.8810", "0.0300"))
    world = World(**{**vars(PROMOTED), "versions": (version(OLD, "0.920"), new)})
    body = world.notices()[NotificationKind.RETRAINING_COMPLETE].body
    assert body.startswith("New model v1.2.0 promoted (+3.0%)")
    assert "\nPerformance:\n- Production (v1.1.0): 88.1%\n- New (v1.2.0): 91.1% (+3.0%)" in body
    assert "Exceeds 2% improvement threshold" in body


def test_the_version_that_it_was_compared_with_is_named_even_where_production_had_moved() -> None:
    new = version(NEW, "0.911", same_texts=("0.8810", "0.0300"))
    lineage = Lineage(parent=name_of("v1.1.1"))
    new = new.model_copy(update={"spec": new.spec.model_copy(update={"lineage": lineage})})
    world = World(**{**vars(PROMOTED), "versions": (version(OLD), version("v1.1.1"), new)})
    body = world.notices()[NotificationKind.RETRAINING_COMPLETE].body
    assert "- Production (v1.1.1): 88.1%" in body


def test_where_they_were_not_compared_on_the_same_texts_it_says_so() -> None:
    world = World(**{**vars(PROMOTED), "versions": PAIR})
    body = world.notices()[NotificationKind.RETRAINING_COMPLETE].body
    assert "Performance (each on its own test split):\n- Production (v1.1.0): 91.2%" in body


def test_the_data_set_is_what_the_run_made_and_not_what_its_check_expected() -> None:
    made = {"previousSamples": "10000", "newSamples": "1432"}
    given = run(**GREW)
    prepare = StepStatus(name=StepName.PREPARE, state=StepState.SUCCEEDED, outputs=made)
    status = given.status.model_copy(update={"steps": [prepare, *given.status.steps]})
    told = given.model_copy(update={"status": status})
    world = World(**{**vars(PROMOTED), "runs": (told,)})
    body = world.notices()[NotificationKind.RETRAINING_COMPLETE].body
    assert "- New: 11,432 papers (+14%)\n- Growth: 1,432 new papers" in body


@dataclass(frozen=True)
class Case:
    world: World
    kind: NotificationKind
    title: str
    says: str
    tone: Tone


BACK = Quarantined(version=NEW, sha256="0" * 64, reason="high error rate: 14 %")
MANUAL = PromotionPolicy(strategy=Strategy.MANUAL)
CASES = {
    "a version came to production": Case(
        PROMOTED,
        NotificationKind.PROMOTED,
        "arxiv v1.2.0 is in production",
        "Before it: v1.1.0\nReason: every step passed",
        Tone.SUCCESS,
    ),
    "the first version": Case(
        World(versions=(version(OLD),)),
        NotificationKind.PROMOTED,
        "arxiv v1.1.0 is in production",
        "It is the first version.",
        Tone.SUCCESS,
    ),
    "production went back": Case(
        World(status={"previous": pointer(NEW), "quarantine": [BACK]}),
        NotificationKind.ROLLED_BACK,
        "arxiv v1.2.0 was rolled back",
        "v1.1.0 is in production again.\nReason: high error rate: 14 %",
        Tone.FAILURE,
    ),
    "a candidate was rolled back": Case(
        World(experiments=(ended(Verdict.ROLLBACK, "p95 is 1.4 times as high"),)),
        NotificationKind.ROLLED_BACK,
        "arxiv v1.2.0 was rolled back",
        "v1.1.0 stays in production.\nReason: p95 is 1.4 times as high",
        Tone.WARNING,
    ),
    "a version that only people promote": Case(
        World(
            status={"conditions": [rollout("Manual", "v1.2.0 waits for a person")]}, policy=MANUAL
        ),
        NotificationKind.NEEDS_APPROVAL,
        "arxiv v1.2.0 needs approval",
        "pharos promote arxiv v1.2.0",
        Tone.INFO,
    ),
    "a version whose shadow passed": Case(
        World(
            experiments=(ended(Verdict.PASSED, "the shadow passed"),),
            status={"conditions": [rollout("AlreadyTried")]},
        ),
        NotificationKind.NEEDS_APPROVAL,
        "arxiv v1.2.0 needs approval",
        "the shadow passed",
        Tone.INFO,
    ),
    "what users send has moved": Case(
        World(status={"retraining": drift("input", "label")}),
        NotificationKind.DRIFT_DETECTED,
        "arxiv: drift detected in input, label",
        "1,200 texts were compared",
        Tone.WARNING,
    ),
    "the watch over production is over": Case(
        World(status={"watched": WATCHED, "conditions": [verified("WithinTargets")]}),
        NotificationKind.PRODUCTION_VERIFIED,
        "arxiv v1.1.0 was watched to the end",
        "1,000 requests",
        Tone.INFO,
    ),
    "the watch over production found more than its targets": Case(
        World(status={"watched": WATCHED, "conditions": [verified("BeyondTargets")]}),
        NotificationKind.PRODUCTION_VERIFIED,
        "arxiv v1.1.0 misses its targets",
        "1,000 requests",
        Tone.WARNING,
    ),
    "a retraining that failed": Case(
        World(runs=(run(TrainingRunPhase.FAILED, reason="12 % more papers"),)),
        NotificationKind.RETRAINING_FAILED,
        "Model Retraining Failed - arxiv",
        "Started because: 12 % more papers\nReason: macroF1 0.71 is under 0.85",
        Tone.FAILURE,
    ),
    "a retraining that the API server refused": Case(
        World(
            status={
                "retraining": RetrainingStatus(
                    run="arxiv-r", reason="12 % more papers", run_finished_at=NOW
                ),
                "conditions": [due("RunRefused", "the API server refused arxiv-r: quota")],
            }
        ),
        NotificationKind.RETRAINING_FAILED,
        "Model Retraining Failed - arxiv",
        "Started because: 12 % more papers\nReason: the API server refused arxiv-r: quota",
        Tone.FAILURE,
    ),
    "a retraining that leaves the last word to a person": Case(
        World(
            runs=(run(),),
            status={"conditions": [rollout("Manual", "v1.2.0 waits for a person")]},
            policy=MANUAL,
        ),
        NotificationKind.RETRAINING_COMPLETE,
        "Model Retraining Complete - arxiv_v1.2.0",
        "New model v1.2.0 waits for approval (+2.3%)",
        Tone.INFO,
    ),
    "a retraining whose candidate was rolled back": Case(
        World(runs=(run(),), experiments=(ended(Verdict.ROLLBACK, "p95 is too high"),)),
        NotificationKind.RETRAINING_COMPLETE,
        "Model Retraining Complete - arxiv_v1.2.0",
        "Decision: NOT PROMOTED\nReason: p95 is too high",
        Tone.INFO,
    ),
    "a retraining that a newer version overtook": Case(
        World(runs=(run(),), versions=(version(OLD), version(NEW), version("v1.3.0"))),
        NotificationKind.RETRAINING_COMPLETE,
        "Model Retraining Complete - arxiv_v1.2.0",
        "a newer version came before its turn",
        Tone.INFO,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_told(case: Case) -> None:
    notice = case.world.notices()[case.kind]
    assert notice.title == case.title
    assert case.says in notice.body
    assert notice.tone is case.tone


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_was_sent_is_not_told_again(case: Case) -> None:
    keys = [notice.key for notice in case.world.decided().notices]
    told = LONG_AGO.model_copy(update={"sent": keys})
    again = case.world.decided(told=told)
    assert again.notices == ()
    assert again.status.notifications is not None
    assert set(again.status.notifications.sent) == set(keys)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_happened_before_anybody_asked_is_not_told(case: Case) -> None:
    just_now = NotificationStatus(since=after(1))
    assert case.world.decided(at=2, told=just_now).notices == ()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_after_a_week_it_is_no_news_and_nothing_is_kept_of_it(case: Case) -> None:
    keys = [notice.key for notice in case.world.decided().notices]
    old = case.world.decided(at=8 * 86400, told=LONG_AGO.model_copy(update={"sent": keys}))
    assert old.notices == ()
    assert old.status.notifications is not None
    assert old.status.notifications.sent == []


@pytest.mark.parametrize("kind", NotificationKind)
def test_only_what_is_asked_for_is_told(kind: NotificationKind) -> None:
    chosen = Notifications(secret_name="s", events=[kind])
    for case in CASES.values():
        world = World(**{**vars(case.world), "notifications": chosen})
        assert {notice.kind for notice in world.decided().notices} <= {kind}


def test_while_an_experiment_runs_nothing_is_told_of_the_retraining() -> None:
    running = experiment(NEW, phase=ExperimentPhase.PROGRESSING)
    world = World(runs=(run(),), experiments=(running,))
    assert NotificationKind.RETRAINING_COMPLETE not in world.notices()


def test_a_version_that_returns_to_production_later_is_not_told_as_new_again() -> None:
    """Its retraining ended a month ago; that it is back is a notice of its own."""
    back = pointer(NEW).model_copy(update={"since": after(30 * 86400)})
    newer = version("v1.3.0")
    world = World(
        status={"production": back, "previous": pointer("v1.3.0")},
        runs=PROMOTED.runs,
        experiments=PROMOTED.experiments,
        versions=(*PROMOTED.versions, newer),
    )
    assert set(world.notices(at=30 * 86400)) == {NotificationKind.ROLLED_BACK}


def test_a_run_of_a_person_is_no_retraining() -> None:
    by_hand = PROMOTED.runs[0].model_copy(
        update={"spec": PROMOTED.runs[0].spec.model_copy(update={"cause": None})}
    )
    world = World(**{**vars(PROMOTED), "runs": (by_hand,)})
    assert NotificationKind.RETRAINING_COMPLETE not in world.notices()


def test_figures_that_are_not_known_are_left_out() -> None:
    bare = World(**{**vars(PROMOTED), "runs": (run(),), "versions": (version(OLD), version(NEW))})
    body = bare.notices()[NotificationKind.RETRAINING_COMPLETE].body
    assert "Dataset" not in body
    assert "Performance" not in body
    assert "Model size" not in body
    assert "None" not in body


def test_without_notifications_nothing_is_told_or_kept() -> None:
    silent = World(**{**vars(PROMOTED), "notifications": None}).decided()
    assert silent.notices == ()
    assert silent.status.notifications is None


STATES = {
    "a service is away": (Deliveries(problem="slack:// did not take it"), "False"),
    "everything arrived": (
        Deliveries(frozenset(notice.key for notice in PROMOTED.decided().notices)),
        "True",
    ),
    "nothing was tried yet": (Deliveries(), None),
}


@pytest.mark.parametrize(("deliveries", "status"), STATES.values(), ids=STATES)
def test_the_condition_says_whether_notices_arrive(
    deliveries: Deliveries, status: str | None
) -> None:
    world = World(**{**vars(PROMOTED), "deliveries": deliveries})
    found = {c.type: c for c in world.decided().status.conditions}
    condition = found.get("NotificationsDelivered")
    assert (condition.status if condition else None) == status
    assert deliveries.problem in (condition.message if condition else "")
