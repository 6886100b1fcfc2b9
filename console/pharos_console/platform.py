"""How Pharos was installed, read from the operator's own Deployment."""

from dataclasses import dataclass

from pharos_api import names
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError

_PREFIX = "PHAROS_OPERATOR_"


@dataclass(frozen=True, slots=True)
class Platform:
    """The part of the operator's settings that the console needs."""

    jobs_image: str
    artifact_root: str
    artifact_claim: str
    artifact_secret: str
    job_service_account: str
    database_secret: str = ""


def read_platform(cluster: Cluster) -> Platform:
    """The settings. Raises UsageError when no operator is installed in the namespace."""
    selector = f"{names.LABEL_COMPONENT}={names.COMPONENT_OPERATOR}"
    found = cluster.deployments(selector)
    if not found:
        raise UsageError(
            f"Pharos is not installed in namespace {cluster.namespace!r}: "
            "run `helm install pharos helm/pharos`, or pass --namespace"
        )
    container = found[0]["spec"]["template"]["spec"]["containers"][0]
    env = {
        one["name"].removeprefix(_PREFIX): one.get("value", "") for one in container.get("env", [])
    }
    return Platform(
        jobs_image=env.get("JOBS_IMAGE", ""),
        artifact_root=env.get("ARTIFACT_ROOT", "file:///artifacts").rstrip("/"),
        artifact_claim=env.get("ARTIFACT_CLAIM", ""),
        artifact_secret=env.get("ARTIFACT_SECRET", ""),
        job_service_account=env.get("JOB_SERVICE_ACCOUNT", "pharos-job"),
        database_secret=env.get("DATABASE_SECRET", ""),
    )
