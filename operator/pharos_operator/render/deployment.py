"""The Deployment that serves one ModelVersion.

It says nothing of ``replicas`` while an autoscaler owns them.
"""

from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.names import (
    ANNOTATION_FAULT,
    COMPONENT_SERVING,
    ENV_DATABASE_URL,
    ENV_ENGINE,
    ENV_FAULT,
    ENV_MAX_TOKENS,
    ENV_MODEL_NAME,
    ENV_MODEL_NAMESPACE,
    ENV_MODEL_SHA256,
    ENV_MODEL_SIGNATURE,
    ENV_MODEL_URI,
    ENV_MODEL_VERSION,
    ENV_MODEL_VERSION_UID,
    ENV_PREFERRED_ENGINE,
    ENV_SIGNING_KEYS_FILE,
    ENV_SIGNING_REQUIRED,
    ENV_SPOOL_DIR,
    ENV_STORE_TEXT,
    ENV_USER_HASH_KEY,
    LABEL_COMPONENT,
    LABEL_MODEL,
    LABEL_VERSION,
    LABEL_VERSION_NAME,
    PORT_SERVING,
    SECRET_DATABASE_URL,
    SECRET_SIGNING_PUBLIC_KEYS,
    SECRET_USER_HASH_KEY,
    SIGNING_FOLDER,
)
from pharos_operator.decide.decision import EnsureServing, Manifest, Platform
from pharos_operator.render import pod
from pharos_operator.render.autoscaling import is_scaled
from pharos_operator.render.metadata import labels, owned
from pharos_operator.render.resources import quantities

PORT_NAME = "http"
_SPOOL = "/var/spool/pharos"
_READY = "/v2/health/ready"
_LIVE = "/v2/health/live"
# Drain 5 s, last requests 20 s, a prediction log whose database is away 30 s
_GRACE_S = 60
_PROGRESS_DEADLINE_S = 600


def selector(version: ModelVersion) -> dict[str, str]:
    """The labels by which a version's pods are found; they never change."""
    return {LABEL_COMPONENT: COMPONENT_SERVING, LABEL_VERSION_NAME: version.metadata.name}


def serving_labels(version: ModelVersion) -> dict[str, str]:
    """The labels of everything that serves a version."""
    return labels(
        COMPONENT_SERVING,
        {
            LABEL_MODEL: version.spec.model_ref.name,
            LABEL_VERSION: version.spec.version,
            LABEL_VERSION_NAME: version.metadata.name,
        },
    )


def deployment(
    action: EnsureServing, version: ModelVersion, model: Model, platform: Platform
) -> Manifest:
    """The Deployment of a version."""
    replicas = {} if is_scaled(action) else {"replicas": action.min_replicas}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": owned(version.metadata.name, version, serving_labels(version)),
        "spec": {
            **replicas,
            "progressDeadlineSeconds": _PROGRESS_DEADLINE_S,
            "revisionHistoryLimit": 2,
            "selector": {"matchLabels": selector(version)},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "template": _template(action, version, model, platform),
        },
    }


def _template(
    action: EnsureServing, version: ModelVersion, model: Model, platform: Platform
) -> Manifest:
    return {
        "metadata": {"labels": serving_labels(version), "annotations": _scraped()},
        "spec": {
            "serviceAccountName": platform.serving_service_account,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": _GRACE_S,
            "securityContext": pod.pod_security(),
            "topologySpreadConstraints": [_spread(version)],
            "containers": [_container(action, version, model, platform)],
            "volumes": pod.volumes(
                platform,
                [
                    {"name": "spool", "emptyDir": {}},
                    *pod.signing_volume(platform, SECRET_SIGNING_PUBLIC_KEYS),
                ],
            ),
        },
    }


def _scraped() -> dict[str, str]:
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(PORT_SERVING),
        "prometheus.io/path": "/metrics",
    }


def _spread(version: ModelVersion) -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(version)},
    }


def _container(
    action: EnsureServing, version: ModelVersion, model: Model, platform: Platform
) -> Manifest:
    spool = {"name": "spool", "mountPath": _SPOOL}
    return {
        "name": "serving",
        "image": platform.serving_image,
        "imagePullPolicy": platform.image_pull_policy,
        "env": _environment(action, version, model, platform),
        **pod.artifact_environment(platform),
        "ports": [{"name": PORT_NAME, "containerPort": PORT_SERVING, "protocol": "TCP"}],
        "resources": quantities(model.spec.serving.resources),
        "securityContext": pod.container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        # Ten minutes to fetch and warm up a model; then ready within a second of being so.
        "startupProbe": _probe(_READY, period_s=1, failures=600),
        "readinessProbe": _probe(_READY, period_s=2, failures=2),
        "livenessProbe": _probe(_LIVE, period_s=10, failures=3),
        "volumeMounts": pod.mounts(platform, True, [spool, *pod.signing_mount(platform)]),
    }


def _probe(path: str, period_s: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": PORT_NAME},
        "periodSeconds": period_s,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _environment(
    action: EnsureServing, version: ModelVersion, model: Model, platform: Platform
) -> list[Manifest]:
    serving, artifact = model.spec.serving, version.spec.artifact
    values = {
        ENV_MODEL_NAME: version.spec.model_ref.name,
        ENV_MODEL_NAMESPACE: version.metadata.namespace,
        ENV_MODEL_VERSION: version.spec.version,
        ENV_MODEL_VERSION_UID: version.metadata.uid,
        ENV_MODEL_URI: artifact.uri,
        ENV_MODEL_SHA256: artifact.sha256,
        ENV_MAX_TOKENS: str(serving.max_tokens),
        ENV_ENGINE: serving.engine.value,
        ENV_STORE_TEXT: serving.store_text.value,
        ENV_SPOOL_DIR: _SPOOL,
    }
    values |= _signing(artifact.signature, platform)
    if action.preferred_engine:
        values[ENV_PREFERRED_ENGINE] = action.preferred_engine
    fault = version.metadata.annotations.get(ANNOTATION_FAULT, "")
    if fault:
        values[ENV_FAULT] = fault
    return [*pod.environment(values, platform), *_database(platform)]


def _signing(signature: str | None, platform: Platform) -> dict[str, str]:
    """What a server holds its model to; nothing where the installation has no keys."""
    if not platform.signing_secret:
        return {}
    told = {ENV_MODEL_SIGNATURE: signature} if signature else {}
    return {
        **told,
        ENV_SIGNING_KEYS_FILE: f"{SIGNING_FOLDER}/{SECRET_SIGNING_PUBLIC_KEYS}",
        ENV_SIGNING_REQUIRED: str(platform.signing_required).lower(),
    }


def _database(platform: Platform) -> list[Manifest]:
    secret = platform.database_secret
    if not secret:
        return []
    return [
        pod.secret_variable(ENV_DATABASE_URL, secret, SECRET_DATABASE_URL),
        pod.secret_variable(ENV_USER_HASH_KEY, secret, SECRET_USER_HASH_KEY),
    ]
