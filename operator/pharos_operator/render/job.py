"""The Job of one attempt of one step.

It runs once: retries are the operator's, under another name, but for pods that the cluster took
away, which the Job replaces by itself. ``spec.suspend`` is left to the operator and to Kueue.
"""

from pharos_api.jobio import ExitCode
from pharos_api.names import (
    COMPONENT_JOB,
    ENV_DATABASE_URL,
    ENV_GPUS,
    ENV_MEETING_POINT,
    ENV_PROGRESS_TOKEN,
    ENV_SIGNING_KEY_FILE,
    ENV_STEP_INPUT,
    LABEL_MODEL,
    LABEL_QUEUE,
    LABEL_RUN,
    LABEL_STEP,
    PROGRESS_TOKEN_FILE,
    SECRET_DATABASE_URL,
    SECRET_SIGNING_KEY,
    SIGNING_FOLDER,
    SOURCE_KEYS,
    TOKEN_AUDIENCE,
    bounded,
    meeting_name,
)
from pharos_api.search import Search
from pharos_api.trainingrun import PodSettings, StepName, TrainingRun
from pharos_operator.decide.decision import Manifest, Platform, StartStep
from pharos_operator.render import pod
from pharos_operator.render.metadata import labels, owned
from pharos_operator.render.resources import step_resources

COMMAND = ["python", "-m", "pharos_jobs"]
_TOKEN_FOLDER, _, _TOKEN_NAME = PROGRESS_TOKEN_FILE.rpartition("/")
_TOKEN_LIFE_S = 3600
# Steps that checkpoint on SIGTERM get the time to write it.
_CHECKPOINTING = (StepName.TRAIN, StepName.SEARCH)
_GRACE_S = 60
_SHORT_GRACE_S = 30
# How often one pod of a search may die by itself; pods that the cluster takes away do not count.
_REPLACED = 10
_GPU = "nvidia.com/gpu"


def step_job(action: StartStep, run: TrainingRun, platform: Platform) -> Manifest:
    """The Job that runs one step."""
    told = action.step_input
    marks = labels(
        COMPONENT_JOB,
        {
            LABEL_MODEL: told.model,
            LABEL_RUN: bounded(action.run),
            LABEL_STEP: told.step.value,
        },
    )
    search = told.search if told.step is StepName.SEARCH else None
    queue = {LABEL_QUEUE: run.spec.pods.queue_name} if run.spec.pods.queue_name else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": owned(action.job, run, {**marks, **queue}),
        "spec": {
            "activeDeadlineSeconds": action.deadline_s,
            **_policy(action, search),
            "template": {
                "metadata": {"labels": marks},
                "spec": _pod(action, run, platform),
            },
        },
    }


def once() -> Manifest:
    """A Job's policy: one pod, no retry, but a disrupted pod is replaced and not counted."""
    pattern = {"type": "DisruptionTarget", "status": "True"}
    disrupted = {"action": "Ignore", "onPodConditions": [pattern]}
    return {
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": [disrupted]},
    }


def sharing(search: Search) -> Manifest:
    """A search's policy: as many pods as shall work on its study, each replaced when it dies.

    A pod that finds the spec or the data impossible ends them all.
    """
    codes = {"operator": "In", "values": [int(ExitCode.BAD_INPUT)]}
    kept: list[Manifest] = once()["podFailurePolicy"]["rules"]
    return {
        "completionMode": "Indexed",
        "backoffLimitPerIndex": _REPLACED,
        "completions": search.parallelism,
        "parallelism": search.parallelism,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": [*kept, {"action": "FailJob", "onExitCodes": codes}]},
    }


def together(nodes: int) -> Manifest:
    """The policy of a training over several pods: none can do without the others.

    The first that fails ends them all, and the Job says which one it was: the others only lost it.
    """
    codes = [int(code) for code in ExitCode if code not in (ExitCode.OK, ExitCode.RETRYABLE)]
    failed = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": sorted(codes)}}
    kept: list[Manifest] = once()["podFailurePolicy"]["rules"]
    return {
        **once(),
        "completionMode": "Indexed",
        "completions": nodes,
        "parallelism": nodes,
        "podFailurePolicy": {"rules": [*kept, failed]},
    }


def is_shared(action: StartStep) -> bool:
    """Whether several pods share this step's work and must find each other."""
    told = action.step_input
    return told.step is StepName.TRAIN and told.trainer.nodes > 1


def _policy(action: StartStep, search: Search | None) -> Manifest:
    if is_shared(action):
        return together(action.step_input.trainer.nodes)
    return sharing(search) if search else once()


def _pod(action: StartStep, run: TrainingRun, platform: Platform) -> Manifest:
    step = action.step_input.step
    grace_s = _GRACE_S if step in _CHECKPOINTING else _SHORT_GRACE_S
    return {
        "restartPolicy": "Never",
        "serviceAccountName": platform.job_service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": grace_s,
        "securityContext": pod.pod_security(),
        **_placement(run.spec.pods),
        **({"subdomain": meeting_name(action.run)} if is_shared(action) else {}),
        "containers": [_container(action, run, platform)],
        "volumes": pod.volumes(
            platform, [*_extra_volumes(action), *_signing_volume(action, platform)]
        ),
    }


def _placement(settings: PodSettings) -> Manifest:
    """What the run passes through to its pods; the queue is a label and not part of it."""
    return {key: value for key, value in settings.to_json().items() if key != "queueName" and value}


def _container(action: StartStep, run: TrainingRun, platform: Platform) -> Manifest:
    told = action.step_input
    resources = step_resources(told.step, run.spec.resources, platform)
    variables = {ENV_STEP_INPUT: told.model_dump_json(by_alias=True, exclude_none=True)}
    if told.progress is not None:
        variables[ENV_PROGRESS_TOKEN] = told.progress.token_file
    if told.step in _CHECKPOINTING:
        variables[ENV_GPUS] = resources.get("limits", {}).get(_GPU, "0")
    if _signs(told.step, platform):
        variables[ENV_SIGNING_KEY_FILE] = f"{SIGNING_FOLDER}/{SECRET_SIGNING_KEY}"
    if is_shared(action):
        variables[ENV_MEETING_POINT] = f"{action.job}-0.{meeting_name(action.run)}"
    return {
        "name": told.step.value,
        "image": platform.jobs_image,
        "imagePullPolicy": platform.image_pull_policy,
        "command": COMMAND,
        "args": [told.step.value],
        "env": [*pod.environment(variables, platform), *_from_secrets(told.step, platform)],
        **pod.artifact_environment(platform),
        "resources": resources,
        "securityContext": pod.container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": pod.mounts(
            platform, False, [*_extra_mounts(action), *_signing_mount(action, platform)]
        ),
    }


def _from_secrets(step: StepName, platform: Platform) -> list[Manifest]:
    """Sources' keys for the one step that asks them, the study's place for the search."""
    if step is StepName.COLLECT and platform.source_secret:
        secret = platform.source_secret
        return [pod.secret_variable(name, secret, name) for name in SOURCE_KEYS]
    if step is StepName.SEARCH and platform.database_secret:
        secret = platform.database_secret
        return [pod.secret_variable(ENV_DATABASE_URL, secret, SECRET_DATABASE_URL)]
    return []


def _signs(step: StepName, platform: Platform) -> bool:
    """Whether this step holds the private key: the one that registers, and no other."""
    return step is StepName.REGISTER and bool(platform.signing_secret)


def _signing_volume(action: StartStep, platform: Platform) -> list[Manifest]:
    signs = _signs(action.step_input.step, platform)
    return pod.signing_volume(platform, SECRET_SIGNING_KEY) if signs else []


def _signing_mount(action: StartStep, platform: Platform) -> list[Manifest]:
    return pod.signing_mount(platform) if _signs(action.step_input.step, platform) else []


def _extra_volumes(action: StartStep) -> list[Manifest]:
    """Shared memory for data loaders, and the token that proves who reports progress."""
    extra: list[Manifest] = []
    if action.step_input.step in _CHECKPOINTING:
        extra.append({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}})
    if action.step_input.progress is not None:
        token = {
            "path": _TOKEN_NAME,
            "audience": TOKEN_AUDIENCE,
            "expirationSeconds": _TOKEN_LIFE_S,
        }
        source = {"serviceAccountToken": token}
        extra.append({"name": "progress-token", "projected": {"sources": [source]}})
    return extra


def _extra_mounts(action: StartStep) -> list[Manifest]:
    extra: list[Manifest] = []
    if action.step_input.step in _CHECKPOINTING:
        extra.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108 - a volume
    if action.step_input.progress is not None:
        extra.append({"name": "progress-token", "mountPath": _TOKEN_FOLDER, "readOnly": True})
    return extra
