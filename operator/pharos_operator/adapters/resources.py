"""Which kinds of objects the operator reads and writes, and under which paths they live.

Only a catalogue: it speaks to nobody.
"""

from dataclasses import dataclass

from pharos_api import meta, names


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind. ``selector`` narrows what is listed and watched; empty takes every object."""

    kind: str
    api_version: str
    plural: str
    selector: str = ""
    watched: bool = True

    def path(self, namespace: str, name: str = "") -> str:
        """URL path of one object, of all objects of a namespace, or of all (namespace empty)."""
        root = "/api/" if "/" not in self.api_version else "/apis/"
        scope = f"/namespaces/{namespace}" if namespace else ""
        leaf = f"/{name}" if name else ""
        return f"{root}{self.api_version}{scope}/{self.plural}{leaf}"


_OURS = f"{names.LABEL_PART_OF}={names.PART_OF}"

_CATALOGUE = (
    Resource("Model", meta.API_VERSION, "models"),
    Resource("TrainingRun", meta.API_VERSION, "trainingruns"),
    Resource("ModelVersion", meta.API_VERSION, "modelversions"),
    Resource("ABExperiment", meta.API_VERSION, "abexperiments"),
    Resource("Job", "batch/v1", "jobs", _OURS),
    Resource("CronJob", "batch/v1", "cronjobs", _OURS),
    Resource("Pod", "v1", "pods", _OURS),
    Resource("Service", "v1", "services", _OURS),
    Resource("Deployment", "apps/v1", "deployments", _OURS),
    Resource("EndpointSlice", "discovery.k8s.io/v1", "endpointslices", _OURS),
    Resource("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers", _OURS),
    Resource("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets", _OURS),
    Resource("ConfigMap", "v1", "configmaps", watched=False),
    Resource("Secret", "v1", "secrets", watched=False),
    Resource("Event", "events.k8s.io/v1", "events", watched=False),
    Resource("Lease", "coordination.k8s.io/v1", "leases", watched=False),
    Resource("Node", "v1", "nodes", watched=False),
    Resource("TokenReview", "authentication.k8s.io/v1", "tokenreviews", watched=False),
)

RESOURCES = {resource.kind: resource for resource in _CATALOGUE}
WATCHED = tuple(resource for resource in _CATALOGUE if resource.watched)
# The kinds that have a reconciler of their own
RECONCILED = ("Model", "TrainingRun", "ModelVersion", "ABExperiment")
