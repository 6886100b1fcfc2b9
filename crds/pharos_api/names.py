"""Every name that two parts of Pharos must spell alike.

Labels, annotations, environment variables, ports, request headers, metric names, and the rules by
which children are named. Names of children are deterministic: a repeated create collides with the
first one instead of making a second.
"""

import hashlib
import re

GROUP = "pharos.neoalexandria.io"
FIELD_MANAGER = "pharos-operator"
CLI_FIELD_MANAGER = "pharos-cli"

# Labels and annotations
LABEL_MODEL = f"{GROUP}/model"
LABEL_RUN = f"{GROUP}/training-run"
LABEL_STEP = f"{GROUP}/step"
CHECK = "check"
LABEL_VERSION = f"{GROUP}/version"
LABEL_VERSION_NAME = f"{GROUP}/model-version"
LABEL_EXPERIMENT = f"{GROUP}/experiment"
LABEL_COMPONENT = "app.kubernetes.io/component"
LABEL_PART_OF = "app.kubernetes.io/part-of"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
PART_OF = "pharos"
ANNOTATION_HASH = f"{GROUP}/desired-hash"
ANNOTATION_FAULT = f"{GROUP}/fault"
ANNOTATION_TRIGGER = f"{GROUP}/trigger"
ANNOTATION_RESTORED = f"{GROUP}/restored"
# Why a ModelVersion stays in the store for as long as it has this annotation.
ANNOTATION_KEEP = f"{GROUP}/keep"
LABEL_QUEUE = "kueue.x-k8s.io/queue-name"

# Keys of the ConfigMap that records a decision. The second one is for what is too large as text.
EVIDENCE_KEY = "evidence.json"
EVIDENCE_KEY_PACKED = "evidence.json.gz"

# Components (value of app.kubernetes.io/component)
COMPONENT_OPERATOR = "operator"
COMPONENT_GATEWAY = "gateway"
COMPONENT_SERVING = "serving"
COMPONENT_JOB = "job"
COMPONENT_EVIDENCE = "evidence"

# Ports
PORT_SERVING = 8080
PORT_GATEWAY = 8080
PORT_GATEWAY_ADMIN = 9901
PORT_GATEWAY_STATS = 9902
PORT_OPERATOR_HTTP = 8090
PORT_OPERATOR_XDS = 18000
# Where the processes of one training meet, at the pod of index 0
PORT_MEETING = 29500

# Environment of jobs
ENV_STEP_INPUT = "PHAROS_STEP_INPUT"
ENV_REGISTRY_INPUT = "PHAROS_REGISTRY_INPUT"
ENV_CHECK_INPUT = "PHAROS_CHECK_INPUT"
ENV_RETENTION_INPUT = "PHAROS_RETENTION_INPUT"
ENV_VERIFY_INPUT = "PHAROS_VERIFY_INPUT"
ENV_TERMINATION_LOG = "PHAROS_TERMINATION_LOG"
ENV_GPUS = "PHAROS_GPUS"
ENV_SIGNING_KEY_FILE = "PHAROS_SIGNING_KEY_FILE"
ENV_MEETING_POINT = "PHAROS_MEETING_POINT"
ENV_PROGRESS_TOKEN = "PHAROS_PROGRESS_TOKEN_FILE"  # noqa: S105 - the name of a variable
TOKEN_AUDIENCE = "pharos-operator"  # noqa: S105 - not a secret

# Set by Kubernetes in the pods of an Indexed Job
ENV_WORKER_INDEX = "JOB_COMPLETION_INDEX"
ANNOTATION_WORKER_INDEX = "batch.kubernetes.io/job-completion-index"

# Environment of serving (fields of pharos_serving.settings, prefix PHAROS_)
ENV_MODEL_NAME = "PHAROS_MODEL_NAME"
ENV_MODEL_NAMESPACE = "PHAROS_MODEL_NAMESPACE"
ENV_MODEL_VERSION = "PHAROS_MODEL_VERSION"
ENV_MODEL_VERSION_UID = "PHAROS_MODEL_VERSION_UID"
ENV_MODEL_URI = "PHAROS_MODEL_URI"
ENV_MODEL_SHA256 = "PHAROS_MODEL_SHA256"
ENV_MODEL_SIGNATURE = "PHAROS_MODEL_SIGNATURE"
ENV_SIGNING_KEYS_FILE = "PHAROS_SIGNING_KEYS_FILE"
ENV_SIGNING_REQUIRED = "PHAROS_SIGNING_REQUIRED"
ENV_MAX_TOKENS = "PHAROS_MAX_TOKENS"
ENV_ENGINE = "PHAROS_ENGINE"
ENV_PREFERRED_ENGINE = "PHAROS_PREFERRED_ENGINE"
ENV_STORE_TEXT = "PHAROS_STORE_TEXT"
ENV_FAULT = "PHAROS_FAULT"
ENV_DATABASE_URL = "PHAROS_DATABASE_URL"
ENV_USER_HASH_KEY = "PHAROS_USER_HASH_KEY"
ENV_SPOOL_DIR = "PHAROS_SPOOL_DIR"

# Keys of the database Secret
SECRET_DATABASE_URL = "url"  # noqa: S105 - the name of a key
SECRET_USER_HASH_KEY = "user-hash-key"  # noqa: S105 - the name of a key

# Keys of the Secret of signatures: the private one goes to the register step alone, the public
# ones, one PEM after the other, to the servers
SECRET_SIGNING_KEY = "private.pem"  # noqa: S105 - the name of a key
SECRET_SIGNING_PUBLIC_KEYS = "public.pem"  # noqa: S105 - the name of a key
SIGNING_FOLDER = "/var/run/pharos/signing"

# Keys of sources of papers: each name is a key of their Secret and the variable that it becomes
ENV_NCBI_KEY = "NCBI_API_KEY"
ENV_SEMANTIC_SCHOLAR_KEY = "SEMANTIC_SCHOLAR_API_KEY"
SOURCE_KEYS = (ENV_NCBI_KEY, ENV_SEMANTIC_SCHOLAR_KEY)

# Path of the projected token by which a job proves who it is
PROGRESS_TOKEN_FILE = "/var/run/pharos/progress/token"  # noqa: S105 - a path

# Parameters of a model's metadata (GET /v2/models/{name}): the variant that computes, and what it
# reached in the self-benchmark of this pod, absent where none was made.
PARAMETER_ENGINE = "engine"
PARAMETER_TEXTS_PER_S = "texts_per_second"

# Request headers. The gateway overwrites all but the user, the segment and the pin.
HEADER_USER = "x-user-id"
HEADER_PIN = "x-pharos-pin"
HEADER_VERSION = "x-pharos-version"
HEADER_ARM = "x-pharos-arm"
HEADER_EXPERIMENT = "x-pharos-experiment"
HEADER_REVISION = "x-pharos-revision"
HEADER_REQUEST_ID = "x-request-id"
HEADER_SEGMENT = "x-pharos-segment"
COOKIE_USER = "pharos-user"

# Metrics that serving exports and dashboards query
METRIC_REQUESTS = "pharos_requests_total"
METRIC_LATENCY = "pharos_request_duration_seconds"
METRIC_CONFIDENCE = "pharos_prediction_confidence"
METRIC_LOW_CONFIDENCE = "pharos_low_confidence_total"
METRIC_QUEUE_DEPTH = "pharos_inference_queue_depth"
METRIC_LOG_PENDING = "pharos_prediction_log_pending"
METRIC_LOG_DROPPED = "pharos_prediction_log_dropped_total"
METRIC_FEEDBACK = "pharos_feedback_total"
METRIC_MODEL_INFO = "pharos_model_info"
METRIC_SELF_BENCHMARK = "pharos_engine_self_benchmark_texts_per_second"
METRIC_CACHE_LOOKUPS = "pharos_response_cache_lookups_total"
METRIC_CACHE_BYTES = "pharos_response_cache_bytes"
# Upper bounds of latencies in seconds, in metrics and in what the prediction log is summed up to.
LATENCY_BUCKETS_S = (
    0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75,
    1.0, 2.5, 5.0, 10.0,
)  # fmt: skip

# What the operator exports about the objects that it watches, for alerts and dashboards
METRIC_MODEL_PHASE = "pharos_model_phase"
METRIC_MODEL_CONDITION = "pharos_model_condition"
METRIC_ROUTE_REVISION = "pharos_model_route_revision"
METRIC_ROUTE_VERIFIED = "pharos_model_route_verified_revision"
METRIC_RUN_PHASE = "pharos_training_run_phase"
METRIC_RUN_PROGRESSED = "pharos_training_run_progressed_timestamp_seconds"
METRIC_RUN_FINISHED = "pharos_training_run_finished_timestamp_seconds"
METRIC_RETRAINING_PHASE = "pharos_retraining_phase"
METRIC_RETRAINING_GPU = "pharos_model_retraining_gpu_seconds"
METRIC_DRIFT = "pharos_model_drift_score"
METRIC_OPINIONS = "pharos_model_opinions"
METRIC_EXPERIMENT_PHASE = "pharos_experiment_phase"
METRIC_EXPERIMENT_WEIGHT = "pharos_experiment_weight_percent"
METRIC_EXPERIMENT_CONDITION = "pharos_experiment_condition"

# What the operator exports about itself
METRIC_LEADING = "pharos_operator_leading"
METRIC_ROWS_WAITING = "pharos_operator_rows_waiting"
METRIC_RECORDS_WAITING = "pharos_operator_records_waiting"
METRIC_NOTICES = "pharos_operator_notices_total"
METRIC_NOTICES_WAITING = "pharos_operator_notices_waiting"

# Metrics that Envoy exports and the operator's gates query (one Envoy cluster per arm)
ENVOY_REQUESTS_BY_CLASS = "envoy_cluster_upstream_rq_xx"
ENVOY_REQUESTS = "envoy_cluster_upstream_rq_completed"
ENVOY_SENT = "envoy_cluster_upstream_rq_total"
ENVOY_IN_FLIGHT = "envoy_cluster_upstream_rq_active"
ENVOY_LATENCY_BUCKET = "envoy_cluster_upstream_rq_time_bucket"
ENVOY_CONNECTED = "envoy_control_plane_connected_state"
ENVOY_LABEL_CLUSTER = "envoy_cluster_name"
ENVOY_LABEL_CLASS = "envoy_response_code_class"

_MAX_NAME = 63
_VERSION = re.compile(r"^v(\d+)\.(\d+)\.(\d+)$")


def version_object_name(model: str, version: str) -> str:
    """Name of the ModelVersion object: ``arxiv-classifier-v1-2-0``."""
    return bounded(f"{model}-{version.replace('.', '-')}")


# The pods of an Indexed Job add their index, of at most two digits, to its name.
_JOB_LIMIT = 60


def job_name(run: str, step: str, attempt: int = 1) -> str:
    """Name of a step's Job. A second attempt with other settings is another Job."""
    suffix = f"-{step}" if attempt == 1 else f"-{step}-{attempt}"
    return bounded(run, suffix, _JOB_LIMIT)


def meeting_name(run: str) -> str:
    """Name of the headless Service under which the pods of a run's training find each other."""
    return job_name(run, "train")


def cron_job_name(model: str) -> str:
    """Name of a Model's retraining CronJob (at most 52 characters by Kubernetes' rule)."""
    return bounded(model, "-retrain", 52)


def check_job_name(model: str, command: str) -> str:
    """Name of the check that a person's command asks for: the same command is the same Job."""
    return bounded(model, f"-check-{_mark(command)}", _JOB_LIMIT)


def retraining_name(model: str, check: str) -> str:
    """Name of the TrainingRun that a check leads to, by the UID of its Job: one run a check."""
    return bounded(model, f"-retrain-{_mark(check)}", _JOB_LIMIT - 12)


def retention_job_name(model: str) -> str:
    """Name of a Model's retention CronJob (at most 52 characters by Kubernetes' rule)."""
    return bounded(model, "-retention", 52)


def registry_job_name(model: str, digest: str) -> str:
    """Name of the Job that writes one state of the registry: the same state is the same Job."""
    return bounded(model, f"-registry-{digest[:10]}")


def experiment_name(model: str, version: str) -> str:
    """Name of the experiment that the promotion policy starts for a candidate."""
    return bounded(f"{model}-{version.replace('.', '-')}", "-rollout")


_EVIDENCE = re.compile(r"-(\d+)-[a-z]+(?:-[0-9a-f]{8})?$")


def evidence_name(experiment: str, number: int, decision: str, document: str) -> str:
    """Name of the ConfigMap of an experiment's n-th decision: ``move-03-rollback-6d4c9b33``.

    The end is a hash of the document. A decision may be recorded and then refused, and the next one
    of its number rests on other facts: it has a record of its own.
    """
    mark = hashlib.sha256(document.encode()).hexdigest()[:8]
    return bounded(experiment, f"-{number:02d}-{decision.lower()}-{mark}")


def evidence_number(name: str) -> int:
    """Which decision a record is of; 0 for a name that is none of a record."""
    found = _EVIDENCE.search(name)
    return int(found[1]) if found else 0


def verify_job_name(experiment: str) -> str:
    """Name of the Job that tries an experiment's candidate before any user meets it."""
    return bounded(experiment, "-verify")


def cluster_name(namespace: str, model: str, version: str, arm: str) -> str:
    """Name of the Envoy cluster that carries one arm's requests to one version.

    One cluster per arm, because Envoy counts per cluster: so its counters are per arm.
    Dots would be rewritten in Prometheus labels, hence none: ``default/arxiv/v1-2-0/candidate``.
    """
    return f"{namespace}/{model}/{version.replace('.', '-')}/{arm}"


def bounded(name: str, suffix: str = "", limit: int = _MAX_NAME) -> str:
    """``name + suffix`` within ``limit`` characters; what is cut is replaced by a short hash."""
    if len(name) + len(suffix) <= limit:
        return name + suffix
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - len(suffix) - 9].rstrip('-')}-{mark}{suffix}"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def parse_version(version: str) -> tuple[int, int, int]:
    """The three numbers of ``vX.Y.Z``. Raises ValueError for anything else (row ERR-13)."""
    match = _VERSION.match(version)
    if not match:
        raise ValueError(f"Invalid version format: {version}")
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch)
