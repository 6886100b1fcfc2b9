"""How Jobs, Pods and Deployments read."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from operator_fakes import body

from pharos_operator.decide.observation import JobState, PodView, ServerView
from pharos_operator.reconcile.views import deployment_view, is_ready, job_view, pod_view

T0 = "2026-11-23T12:00:00Z"
AT_T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Body = dict[str, Any]


def _job(*conditions: Body, suspend: bool = False, **status: Any) -> Body:
    return body(
        "Job", "job", spec={"suspend": suspend}, status={"conditions": list(conditions), **status}
    )


def _condition(kind: str, **more: Any) -> Body:
    return {"type": kind, "status": "True", "lastTransitionTime": T0, **more}


JOBS = {
    "a Job that has just been made is active": (_job(), JobState.ACTIVE),
    "a suspended one waits": (_job(suspend=True), JobState.SUSPENDED),
    "a complete one is complete": (_job(_condition("Complete")), JobState.COMPLETE),
    "a failed one is failed": (_job(_condition("Failed")), JobState.FAILED),
    "one that failed and was then suspended is failed": (
        _job(_condition("Failed"), suspend=True),
        JobState.FAILED,
    ),
    "one whose success is only announced is still active": (
        _job(_condition("SuccessCriteriaMet")),
        JobState.ACTIVE,
    ),
}


@pytest.mark.parametrize(("job", "state"), JOBS.values(), ids=JOBS)
def test_job_state(job: Body, state: JobState) -> None:
    assert job_view(job, []).state is state


def test_a_failed_job_says_why_and_when() -> None:
    failed = _condition("Failed", reason="DeadlineExceeded", message="too long")
    view = job_view(_job(failed, startTime=T0, failed=2), [])
    assert (view.reason, view.message, view.failed_pods) == ("DeadlineExceeded", "too long", 2)
    assert (view.started_at, view.finished_at) == (AT_T0, AT_T0)


def _worker(name: str, index: str, created: str, code: int | None = None) -> Body:
    pod = body("Pod", name)
    pod["metadata"] |= {
        "creationTimestamp": created,
        "annotations": {"batch.kubernetes.io/job-completion-index": index},
    }
    if code is not None:
        pod["status"] = {"containerStatuses": [{"state": {"terminated": {"exitCode": code}}}]}
    return pod


T1, T2 = "2026-11-23T12:01:00Z", "2026-11-23T12:02:00Z"
FIRST, REPLACED, SECOND = (
    _worker("job-0-a", "0", T0, code=137),
    _worker("job-0-b", "0", T1, code=0),
    _worker("job-1-a", "1", T2, code=65),
)
SPEAKERS = {
    "of several pods the first index's last one speaks": (_condition("Complete"), "job-0-b"),
    "of a failed Job the pod that ended it speaks": (
        _condition("Failed", message="Container search for pod default/job-1-a failed with exit"),
        "job-1-a",
    ),
    "where no pod is blamed the first index speaks": (
        _condition("Failed", message="Job has failed indexes"),
        "job-0-b",
    ),
}


@pytest.mark.parametrize(("ended", "speaker"), SPEAKERS.values(), ids=SPEAKERS)
def test_which_pod_speaks_for_an_indexed_job(ended: Body, speaker: str) -> None:
    view = job_view(_job(ended), [SECOND, REPLACED, FIRST])
    assert view.pod is not None
    assert view.pod.name == speaker


def test_the_youngest_pod_speaks_for_its_job() -> None:
    old, young = body("Pod", "old"), body("Pod", "young")
    old["metadata"]["creationTimestamp"] = "2026-11-23T11:00:00Z"
    young["metadata"]["creationTimestamp"] = T0
    view = job_view(_job(), [young, old])
    assert view.pod is not None
    assert view.pod.name == "young"


@dataclass(frozen=True)
class Pod:
    status: Body
    view: PodView


def _container(state: Body) -> Body:
    return {"containerStatuses": [{"name": "step", "state": state}]}


PODS = {
    "a running one has no exit code": Pod(
        {"phase": "Running", "startTime": T0, **_container({"running": {}})},
        PodView("p", since=AT_T0),
    ),
    "one that ended says how and what": Pod(
        _container({"terminated": {"exitCode": 65, "message": "{}", "reason": "Error"}}),
        PodView("p", exit_code=65, message="{}"),
    ),
    "one out of memory says so": Pod(
        _container({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
        PodView("p", exit_code=137, oom_killed=True),
    ),
    "one that was evicted failed without a word of its container": Pod(
        {"phase": "Failed", "message": "The node was low on memory."},
        PodView("p", exit_code=1, message="The node was low on memory."),
    ),
    "one that finds no node says what is missing": Pod(
        {
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": "0/1 nodes are available: Insufficient nvidia.com/gpu.",
                    "lastTransitionTime": T0,
                }
            ]
        },
        PodView(
            "p",
            unschedulable="0/1 nodes are available: Insufficient nvidia.com/gpu.",
            since=AT_T0,
        ),
    ),
    "one that cannot pull its image says so": Pod(
        _container({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}),
        PodView("p", waiting="ImagePullBackOff: not found"),
    ),
    "one that is being created is not waiting for anything wrong": Pod(
        _container({"waiting": {"reason": "ContainerCreating"}}), PodView("p")
    ),
}


@pytest.mark.parametrize("case", PODS.values(), ids=PODS)
def test_pod_view(case: Pod) -> None:
    assert pod_view(body("Pod", "p", status=case.status)) == case.view


def _deployment(observed: int, **status: Any) -> Body:
    deployment = body("Deployment", "d", spec={"replicas": 2})
    deployment["metadata"]["generation"] = 3
    deployment["status"] = {"observedGeneration": observed, **status}
    return deployment


def test_a_deployment_counts_its_ready_pods() -> None:
    view = deployment_view(_deployment(3, readyReplicas=2, updatedReplicas=2), [])
    assert (view.wanted, view.ready, view.updated) == (2, 2, 2)


def test_counts_of_an_older_generation_say_nothing() -> None:
    view = deployment_view(_deployment(2, readyReplicas=2, updatedReplicas=2), [])
    assert (view.ready, view.updated) == (0, 0)


def test_a_deployment_repeats_what_its_crashing_pod_said_last() -> None:
    crashing = {
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "lastState": {"terminated": {"exitCode": 1, "message": "digest mismatch"}},
    }
    pod = body("Pod", "p", status={"containerStatuses": [crashing]})
    assert deployment_view(_deployment(3), [pod]).failure == "digest mismatch"


def _server(name: str, at: str, template: str, **more: Any) -> Body:
    """A serving pod that is ready since it was made."""
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "podIP": f"10.0.0.{name}"}
    pod = body("Pod", name, labels={"pod-template-hash": template}, status=ready | more)
    pod["metadata"]["creationTimestamp"] = at
    return pod


SERVERS: dict[str, tuple[list[Body], ServerView | None]] = {
    "without pods there is none": ([], None),
    "a pod that is not ready is none": ([_server("1", T0, "a", conditions=[])], None),
    "a ready pod is one": ([_server("1", T0, "a")], ServerView("10.0.0.1", "a")),
    "of two the younger": (
        [_server("2", "2026-11-23T13:00:00Z", "b"), _server("1", "2026-11-23T12:00:00Z", "a")],
        ServerView("10.0.0.2", "b"),
    ),
    "a younger one that is not ready does not count": (
        [
            _server("2", "2026-11-23T13:00:00Z", "b", conditions=[]),
            _server("1", "2026-11-23T12:00:00Z", "a"),
        ],
        ServerView("10.0.0.1", "a"),
    ),
}


@pytest.mark.parametrize(("pods", "server"), SERVERS.values(), ids=SERVERS)
def test_which_pod_of_a_deployment_can_be_asked(
    pods: list[Body], server: ServerView | None
) -> None:
    assert deployment_view(_deployment(3), pods).server == server


def test_a_pod_on_its_way_out_is_not_ready() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    assert is_ready(body("Pod", "p", status=ready))
    assert not is_ready(body("Pod", "p", status=ready, deletionTimestamp=T0))
    assert not is_ready(body("Pod", "p", status={}))
