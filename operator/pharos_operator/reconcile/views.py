"""How Jobs, Pods and Deployments read: JSON of the API server into the views of decisions. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pharos_api.names import ANNOTATION_WORKER_INDEX
from pharos_operator.decide.observation import (
    DeploymentView,
    JobState,
    JobView,
    PodView,
    ServerView,
)

Body = dict[str, Any]
# The label by which a Deployment's controller tells the pods of one template from another's
_TEMPLATE = "pod-template-hash"
# The kubelet's words for a container that starts normally
_STARTING = ("ContainerCreating", "PodInitializing")


def moment(text: str | None) -> datetime | None:
    """A Kubernetes time, or None where there is none."""
    return datetime.fromisoformat(text) if text else None


def job_view(job: Body, pods: Iterable[Body]) -> JobView:
    """A Job and the pod that speaks for it."""
    status = job.get("status") or {}
    conditions = _true_conditions(status)
    state = _job_state(job, conditions)
    ended = conditions.get(state.value, {})
    last = max(_speaking(pods, ended.get("message", "")), key=_age, default=None)
    return JobView(
        name=job["metadata"]["name"],
        uid=job["metadata"].get("uid", ""),
        state=state,
        reason=ended.get("reason", ""),
        message=ended.get("message", ""),
        started_at=moment(status.get("startTime")),
        finished_at=moment(status.get("completionTime") or ended.get("lastTransitionTime")),
        failed_pods=status.get("failed") or 0,
        pod=pod_view(last) if last else None,
    )


def _speaking(pods: Iterable[Body], ending: str) -> list[Body]:
    """Those of a Job's pods of which the youngest counts.

    Of an Indexed Job the pods of the first index: they bring its work together. But where the Job
    says which pod ended it, that one.
    """
    every = list(pods)
    blamed = [pod for pod in every if pod["metadata"]["name"] in ending]
    first = [pod for pod in every if _index(pod) == "0"]
    return blamed or first or every


def _index(pod: Body) -> str:
    found: Body = pod["metadata"].get("annotations") or {}
    return str(found.get(ANNOTATION_WORKER_INDEX, ""))


def _true_conditions(status: Body) -> dict[str, Body]:
    return {c["type"]: c for c in status.get("conditions") or () if c.get("status") == "True"}


def _job_state(job: Body, conditions: dict[str, Body]) -> JobState:
    for state in (JobState.COMPLETE, JobState.FAILED):
        if state.value in conditions:
            return state
    if (job.get("spec") or {}).get("suspend"):
        return JobState.SUSPENDED
    return JobState.ACTIVE


def _age(pod: Body) -> tuple[str, str]:
    return pod["metadata"].get("creationTimestamp", ""), pod["metadata"]["name"]


def pod_view(pod: Body) -> PodView:
    """One pod of a Job, by its first container."""
    status = pod.get("status") or {}
    container: Body = next(iter(status.get("containerStatuses") or ()), {})
    state = container.get("state") or {}
    ended = state.get("terminated") or {}
    unscheduled = _unscheduled(status)
    return PodView(
        name=pod["metadata"]["name"],
        exit_code=_exit_code(status, ended),
        oom_killed=ended.get("reason") == "OOMKilled",
        message=ended.get("message") or status.get("message", ""),
        unschedulable=unscheduled.get("message", ""),
        waiting=_waiting(state.get("waiting") or {}),
        since=moment(unscheduled.get("lastTransitionTime") or _since(pod)),
        disrupted="DisruptionTarget" in _true_conditions(status),
    )


def _exit_code(status: Body, ended: Body) -> int | None:
    if "exitCode" in ended:
        return int(ended["exitCode"])
    # Evicted or lost with its node: the pod failed before any container could say why.
    return 1 if status.get("phase") == "Failed" else None


def _unscheduled(status: Body) -> Body:
    return next(
        (
            c
            for c in status.get("conditions") or ()
            if c["type"] == "PodScheduled"
            and c["status"] == "False"
            and c.get("reason") == "Unschedulable"
        ),
        {},
    )


def _waiting(waiting: Body) -> str:
    reason = waiting.get("reason", "")
    if not reason or reason in _STARTING:
        return ""
    return f"{reason}: {waiting['message']}" if waiting.get("message") else str(reason)


def _since(pod: Body) -> str | None:
    started: str | None = (pod.get("status") or {}).get("startTime")
    return started or pod["metadata"].get("creationTimestamp")


def deployment_view(deployment: Body, pods: Iterable[Body]) -> DeploymentView:
    """A serving Deployment, with a pod that answers and the sentence of one that cannot start."""
    every = list(pods)
    status = deployment.get("status") or {}
    current = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    wanted = (deployment.get("spec") or {}).get("replicas")
    return DeploymentView(
        name=deployment["metadata"]["name"],
        uid=deployment["metadata"].get("uid", ""),
        wanted=1 if wanted is None else wanted,
        ready=(status.get("readyReplicas") or 0) if current else 0,
        updated=(status.get("updatedReplicas") or 0) if current else 0,
        failure=next((text for pod in every if (text := _failure(pod))), ""),
        server=_server(every),
    )


def _server(pods: Iterable[Body]) -> ServerView | None:
    """The youngest ready pod: where a template replaces another, it is one of the new ones."""
    ready = [pod for pod in pods if is_ready(pod) and (pod["status"]).get("podIP")]
    youngest = max(ready, key=_age, default=None)
    if youngest is None:
        return None
    labels = youngest["metadata"].get("labels") or {}
    return ServerView(youngest["status"]["podIP"], labels.get(_TEMPLATE, ""))


def _failure(pod: Body) -> str:
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or ():
        ended = (container.get("lastState") or {}).get("terminated") or {}
        waiting = _waiting((container.get("state") or {}).get("waiting") or {})
        if waiting:
            return ended.get("message") or waiting
    return str(_unscheduled(status).get("message", ""))


def is_ready(pod: Body) -> bool:
    """Whether a pod is Ready and not on its way out."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
