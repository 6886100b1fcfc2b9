"""Starts a serving pod: settings → verified model → warm engine → HTTP, and back down again.

The composition root. A model that cannot be served ends the process with a sentence in the
termination message, which the operator shows in the ModelVersion's condition.
"""

import json
import logging
import sys
from time import perf_counter

import uvicorn
from prometheus_client import disable_created_metrics
from pydantic import ValidationError

from pharos_api.jobio import ExitCode
from pharos_serving.app import create_app
from pharos_serving.assembling import build_classifier
from pharos_serving.cache import ResponseCache
from pharos_serving.draining import DrainingServer
from pharos_serving.drops import Drops
from pharos_serving.entries import Privacy
from pharos_serving.errors import ArtifactUnavailable, ModelRejected
from pharos_serving.faults import parse_fault
from pharos_serving.inference import InferenceWorker
from pharos_serving.loading import ModelSource, load_verified
from pharos_serving.logs import configure_logging
from pharos_serving.memory import keep_little
from pharos_serving.metrics import Metrics, ModelIdentity
from pharos_serving.prediction_ids import PredictionIds
from pharos_serving.prediction_log import SpoolingLog
from pharos_serving.requests import Limits
from pharos_serving.service import Service
from pharos_serving.settings import Settings
from pharos_serving.signature import SignaturePolicy, check_signature
from pharos_serving.spool import Spool
from pharos_serving.tracing import traces

_LOG = logging.getLogger("pharos_serving")
# With the drain and the last requests within the pod's grace of 60 s
_FLUSH_S = 30.0


def main() -> int:
    """Serve until told to stop. Returns the process's exit code."""
    started_s = perf_counter()
    keep_little()
    try:
        settings = Settings()
        fault = parse_fault(settings.fault)
    except ValueError as error:
        print(_settings_sentence(error), file=sys.stderr)
        return ExitCode.BAD_INPUT
    configure_logging(settings)
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it untyped
    try:
        service = build_service(settings)
    except ModelRejected as rejected:
        _report(settings, rejected)
        retry = isinstance(rejected, ArtifactUnavailable)
        return ExitCode.RETRYABLE if retry else ExitCode.BAD_INPUT
    service.fault = fault
    if fault.active:
        _LOG.warning("FAULTS ARE INJECTED into every answer: PHAROS_FAULT=%s", settings.fault)
    _LOG.info("Ready after %.2f s", perf_counter() - started_s)
    return serve(service, settings)


def build_service(settings: Settings) -> Service:
    """Load the model and put everything around it. Raises ModelRejected."""
    source = ModelSource(settings.model_uri, settings.model_sha256, settings.max_model_mib << 20)
    model = load_verified(source, settings.cache_dir)
    policy = SignaturePolicy(
        settings.signing_keys_file, settings.model_signature, settings.signing_required
    )
    check_signature(model, source, policy)
    classifier = build_classifier(model, settings)
    identity = ModelIdentity(
        settings.model_name,
        settings.model_version,
        settings.model_sha256,
        settings.model_namespace,
    )
    limits = Limits(settings.max_texts, settings.max_characters, settings.max_body_bytes)
    lanes = classifier.scorer.lanes
    worker = InferenceWorker(classifier.predict_batch, settings.queue_limit, lanes)
    metrics = Metrics(identity, classifier.scorer.name)
    metrics.record_self_benchmark(classifier.measured)
    key = settings.user_hash_key.get_secret_value()
    ids = PredictionIds(key, f"{settings.model_namespace}/{settings.model_name}")
    cache = ResponseCache(settings.cache_mib << 20)
    metrics.watch_cache(cache)
    spans = traces(settings.otlp_endpoint, identity)
    return Service(
        identity, model, classifier, worker, metrics, ids, limits, cache=cache, traces=spans
    )


def serve(service: Service, settings: Settings) -> int:
    """Answer requests until a signal, then drain, finish and flush."""
    service.worker.start()
    log = _prediction_log(service, settings)
    if log is not None:
        service.log = log
        log.start(service.cache.clear)
    service.metrics.watch(lambda: service.worker.waiting_texts, lambda: service.log.pending_rows)

    def begin_draining() -> None:
        service.draining = True

    config = uvicorn.Config(
        create_app(service),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=settings.access_log,
        lifespan="off",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(settings.finish_s) or None,
    )
    DrainingServer(config, drain_s=settings.drain_s, on_drain=begin_draining).run()
    service.worker.stop()
    service.traces.stop()
    if log is not None:
        _LOG.info("Prediction log flushed", extra={"fields": {"left_in_spool": log.stop(_FLUSH_S)}})
    return ExitCode.OK


def _prediction_log(service: Service, settings: Settings) -> SpoolingLog | None:
    """The log, if there is a database to keep it in."""
    if settings.database_url is None:
        _LOG.info("There is no PHAROS_DATABASE_URL: predictions and feedback are not kept")
        return None
    # Imported here: without a database SQLAlchemy would only cost start-up time and memory.
    from pharos_serving.database_sink import DatabaseSink  # noqa: PLC0415

    key = settings.user_hash_key.get_secret_value()
    if not key:
        _LOG.warning("There is no PHAROS_USER_HASH_KEY: rows are kept without their users")
    return SpoolingLog(
        Spool(settings.spool_dir, settings.spool_limit_mib << 20),
        DatabaseSink(settings.database_url.get_secret_value()),
        Privacy(settings.store_text, key, settings.model_version_uid),
        Drops(service.metrics.count_drop),
        queue_limit=settings.log_queue_limit,
    )


def _report(settings: Settings, rejected: ModelRejected) -> None:
    """Say it in the log, and where Kubernetes reads a container's last words."""
    _LOG.error(
        "Model not served: %s", rejected.message, extra={"fields": {"reason": rejected.reason}}
    )
    message = json.dumps({"reason": rejected.reason, "message": rejected.message[:2000]})
    try:
        settings.termination_log.write_text(message)
    except OSError as error:
        _LOG.info("No termination message at %s: %s", settings.termination_log, error)


def _settings_sentence(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    lines = (
        f"PHAROS_{'_'.join(map(str, entry['loc'])).upper()}: {entry['msg']}"
        for entry in error.errors(include_url=False, include_input=False)
    )
    return "The environment is incomplete or wrong:\n" + "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
