"""The pod of small Jobs: the registry's projection, the retraining check, a candidate's trial."""

from pharos_operator.decide.decision import Manifest, Platform
from pharos_operator.render import pod
from pharos_operator.render.job import COMMAND

_RESOURCES = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}


def model_pod(
    verb: str, variables: dict[str, str], platform: Platform, read_only: bool = False
) -> Manifest:
    """Spec of a pod that runs ``python -m pharos_jobs VERB`` on the artifact store."""
    container = {
        "name": verb,
        "image": platform.jobs_image,
        "imagePullPolicy": platform.image_pull_policy,
        "command": COMMAND,
        "args": [verb],
        "env": pod.environment(variables, platform),
        **pod.artifact_environment(platform),
        "resources": _RESOURCES,
        "securityContext": pod.container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": pod.mounts(platform, read_only),
    }
    return {
        "restartPolicy": "Never",
        "serviceAccountName": platform.job_service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod.pod_security(),
        "containers": [container],
        "volumes": pod.volumes(platform),
    }
