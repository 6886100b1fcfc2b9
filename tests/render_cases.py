"""Every kind of rendering: the action, its owner, and how Pharos is installed."""

from dataclasses import replace

from run_builders import DATA_SHA, NOW, PLATFORM, SHA, make_model, make_run, make_version

from pharos_api.abexperiment import ABExperiment, ABExperimentSpec
from pharos_api.checking import CheckedVersion, CheckInput
from pharos_api.jobio import StepInput
from pharos_api.meta import Metadata, ObjectRef, Resource
from pharos_api.model import Retention, RetrainingPolicy
from pharos_api.modelversion import Lineage, Stage
from pharos_api.names import ANNOTATION_FAULT
from pharos_api.retaining import RetainedVersion, RetentionInput
from pharos_api.retraining import Cause, Trigger
from pharos_api.trainingrun import StepName, TrainingRun
from pharos_api.verification import VerifyInput
from pharos_operator.decide.decision import (
    CreateVersion,
    EnsureCronJob,
    EnsureRetention,
    EnsureServing,
    Platform,
    RecordEvidence,
    RegistryEntry,
    StartCheck,
    StartExperiment,
    StartRetraining,
    StartStep,
    SyncRegistry,
    VerifyCandidate,
)
from pharos_operator.decide.observation import RunObservation
from pharos_operator.decide.retraining.template import as_run, retraining_spec
from pharos_operator.decide.runs.pipeline import Look, listed_steps
from pharos_operator.decide.runs.step_input import step_input
from pharos_operator.render.manifests import Rendered

RUN = make_run(
    resources={"train": {"limits": {"nvidia.com/gpu": "1"}}},
    pods={
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "runtimeClassName": "nvidia",
        "queueName": "research",
        "priorityClassName": "batch",
    },
)
SEARCHING = make_run(
    search={"trials": 20, "timeout": "2h", "parallelism": 2},
    resources={"search": {"limits": {"nvidia.com/gpu": "1"}}},
)
TOGETHER = make_run(trainer={"nodes": 2}, resources={"train": {"limits": {"nvidia.com/gpu": "4"}}})
TEMPLATE = {
    "data": {"source": {"arxiv": {"categories": ["cs.AI", "cs.LG"]}}},
    "resources": {"train": {"limits": {"nvidia.com/gpu": "1"}}},
}
CHECKED = CheckedVersion(
    name="arxiv-v1-0-0",
    uid="00000000-0000-4000-8000-000000000001",
    version="v1.0.0",
    model_uri="file:///artifacts/models/default/arxiv/v1.0.0",
    dataset_sha256=DATA_SHA,
    accuracy="0.9100",
    promoted_at="2026-11-16T12:00:00Z",
    trained_at="2026-11-15T00:00:00Z",
)
MODEL = make_model(
    labels=["cs.AI", "cs.LG"],
    retraining={"template": TEMPLATE, "timeZone": "Europe/Vienna"},
)
POLICY = RetrainingPolicy(template=TEMPLATE, time_zone="Europe/Vienna")
TOLD = CheckInput(
    namespace="default",
    model="arxiv",
    uid="uid-model",
    artifact_root="file:///artifacts",
    policy=POLICY.model_copy(update={"template": None}),
    data=as_run(MODEL, POLICY, TEMPLATE).data,
    labels=["cs.AI", "cs.LG"],
    production=CHECKED,
)
ASKED = TOLD.model_copy(update={"forced": "new categories (by ada)"})
CAUSE = Cause(
    trigger=Trigger.DATA_GROWTH,
    reason="1,500 papers are new, 15 % of 10,000",
    parent="v1.0.0",
    check="arxiv-retrain-29401234",
    previous_samples=10_000,
    new_samples=1500,
)
VERSION = make_version()
S3 = Platform(
    namespace="pharos-system",
    artifact_root="s3://models/pharos",
    jobs_image="pharos-jobs:test",
    serving_image="pharos-serving:test",
    artifact_secret="pharos-s3",
    source_secret="paper-sources",
    extra_pod_env=(("HF_ENDPOINT", "http://mirror"),),
)


KEYS = replace(
    S3,
    database_secret="pharos-database",
    job_defaults=(("check", {"limits": {"memory": "6Gi"}}),),
)
RESTING = TOLD.model_copy(update={"data": None})
TRAINED = VERSION.model_copy(
    update={
        "spec": VERSION.spec.model_copy(
            update={"lineage": Lineage(dataset_sha256=DATA_SHA, data_until="2026-11-15")}
        )
    }
)


def told(step: StepName, platform: Platform, run: TrainingRun = RUN) -> StepInput:
    look = Look(RunObservation(run, MODEL), platform, NOW)
    status = run.status.model_copy(update={"version": "v1.0.0"})
    first = next(each for each in listed_steps(run) if each.name is step)
    return step_input(look, MODEL, status, first.model_copy(update={"attempts": 1}))


def start(step: StepName, platform: Platform = PLATFORM) -> StartStep:
    return StartStep("weekly", f"weekly-{step}", told(step, platform), 14400)


FAULTY = VERSION.model_copy(
    update={
        "metadata": VERSION.metadata.model_copy(
            update={"annotations": {ANNOTATION_FAULT: "error:0.3"}}
        )
    }
)
ENTRY = RegistryEntry("v1.0.0", "file:///artifacts/m/v1.0.0", SHA, "Production", NOW.isoformat())
REGISTRY = SyncRegistry("arxiv", DATA_SHA, (ENTRY,), "v1.0.0", "v1.0.0")
ROLLOUT = ABExperimentSpec(
    model_ref=ObjectRef(name="arxiv"), candidate_ref=ObjectRef(name="arxiv-v1-1-0")
)
MOVE = ABExperiment(
    metadata=Metadata(name="move", namespace="default", uid="uid-move"), spec=ROLLOUT
)
EVIDENCE = RecordEvidence(
    name="move-03-rollback-6d4c9b33",
    document='{"decision":"Rollback","schema":1}',
    experiment_uid="00000000-0000-4000-8000-000000000007",
    decision="Rollback",
    at=NOW,
)
ROLLING_OUT = ABExperiment(
    metadata=Metadata(name="arxiv-v1-1-0-rollout", namespace="default", uid="uid-rollout"),
    spec=ROLLOUT,
)
TRIED = VerifyInput(
    url="http://arxiv-v1-1-0.default.svc:8080",
    model="arxiv",
    version="v1.1.0",
    artifact_uri="file:///artifacts/models/default/arxiv/v1.1.0",
    sha256=SHA,
    promised_labels=["cs.AI", "cs.LG"],
)
RETAINED = RetentionInput(
    namespace="default",
    model="arxiv",
    uid=MODEL.metadata.uid,
    artifact_root=PLATFORM.artifact_root,
    policy=Retention(archive_uri="s3://cold/pharos"),
    versions=[
        RetainedVersion(
            name="arxiv-v1-0-0",
            uid=VERSION.metadata.uid,
            version="v1.0.0",
            uri="file:///artifacts/models/default/arxiv/v1.0.0",
            sha256=SHA,
            stage=Stage.PRODUCTION,
            pinned="audit of 2026",
        )
    ],
    runs=["uid-run"],
)
GUARDED = replace(EVIDENCE, name="arxiv-07-guardrollback-6d4c9b33")
CASES: dict[str, tuple[Rendered, Resource, Platform]] = {
    "job-train-gpu": (start(StepName.TRAIN), RUN, PLATFORM),
    "job-collect": (start(StepName.COLLECT), make_run(), PLATFORM),
    "job-collect-s3": (start(StepName.COLLECT, S3), make_run(), S3),
    "job-search": (
        StartStep("weekly", "weekly-search", told(StepName.SEARCH, PLATFORM, SEARCHING), 14400),
        SEARCHING,
        PLATFORM,
    ),
    "job-train-together": (
        StartStep("weekly", "weekly-train-2", told(StepName.TRAIN, PLATFORM, TOGETHER), 14400),
        TOGETHER,
        PLATFORM,
    ),
    "job-train-s3": (start(StepName.TRAIN, S3), make_run(), S3),
    "serving-scaled": (EnsureServing("arxiv-v1-0-0", 1, 4), VERSION, PLATFORM),
    "serving-pair": (EnsureServing("arxiv-v1-0-0", 2, 2, "OpenVino-Int8"), FAULTY, S3),
    "serving-single": (EnsureServing("arxiv-v1-0-0", 1, 1), VERSION, PLATFORM),
    "modelversion": (
        CreateVersion("arxiv-v1-0-0", VERSION.spec, ((ANNOTATION_FAULT, "error:0.3"),)),
        RUN,
        PLATFORM,
    ),
    "abexperiment": (StartExperiment("arxiv-v1-1-0-rollout", ROLLOUT), MODEL, PLATFORM),
    "cronjob": (EnsureCronJob("arxiv", TOLD), MODEL, PLATFORM),
    "cronjob-keys": (EnsureCronJob("arxiv", TOLD), MODEL, KEYS),
    "cronjob-resting": (EnsureCronJob("arxiv", RESTING), MODEL, PLATFORM),
    "checkjob": (StartCheck("arxiv-check-4d7c0a9e11", ASKED), MODEL, PLATFORM),
    "trainingrun-retraining": (
        StartRetraining("arxiv-retrain-5b0c3fd6a2", retraining_spec(MODEL, POLICY, TRAINED, CAUSE)),
        MODEL,
        PLATFORM,
    ),
    "retention": (EnsureRetention(RETAINED), MODEL, PLATFORM),
    "evidence": (EVIDENCE, MOVE, PLATFORM),
    "evidence-of-production": (GUARDED, MODEL, PLATFORM),
    "registryjob": (REGISTRY, MODEL, PLATFORM),
    "verifyjob": (
        VerifyCandidate("arxiv-v1-1-0-rollout", "arxiv-v1-1-0-rollout-verify", TRIED),
        ROLLING_OUT,
        PLATFORM,
    ),
}
