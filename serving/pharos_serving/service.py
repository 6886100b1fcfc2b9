"""One loaded version and everything that happens to a request for it.

Knows requests as values; HTTP stays in the routes. Holds the only state that changes while the
process runs: whether it is draining.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

from pharos_serving.cache import ResponseCache
from pharos_serving.context import RequestContext
from pharos_serving.dataplane import Classifier, Prediction
from pharos_serving.entries import PredictionEntry
from pharos_serving.errors import RequestRefused
from pharos_serving.explaining import Attribution, attributions, left_out, parts_of
from pharos_serving.faults import Fault
from pharos_serving.feedback import (
    FeedbackOutcome,
    check_label,
    no_room,
    outcome_of,
    read_feedback,
)
from pharos_serving.health import ModelHealth, check_model_health
from pharos_serving.inference import InferenceWorker
from pharos_serving.loading import VerifiedModel
from pharos_serving.metrics import Metrics, ModelIdentity
from pharos_serving.monitor import PredictionMonitor
from pharos_serving.prediction_ids import PredictionIds
from pharos_serving.prediction_log import DiscardingLog, PredictionLog
from pharos_serving.requests import Limits
from pharos_serving.tracing import NoTraces, Traces


@dataclass(frozen=True, slots=True)
class Classified:
    """A prediction, and the id by which its caller may speak of it."""

    id: str
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Explained:
    """The label that is explained, the prediction for the whole text, and what its parts add."""

    label: str
    prediction: Prediction
    attributions: list[Attribution]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an inference request ended, for metrics and log."""

    context: RequestContext
    texts: Sequence[str]
    ids: Sequence[str]
    seconds: float
    predictions: Sequence[Prediction] = ()
    error: str | None = None


@dataclass(slots=True)
class Service:
    """What the routes call."""

    identity: ModelIdentity
    model: VerifiedModel
    classifier: Classifier
    worker: InferenceWorker
    metrics: Metrics
    ids: PredictionIds
    limits: Limits = field(default_factory=Limits)
    fault: Fault = field(default_factory=Fault)
    log: PredictionLog = field(default_factory=DiscardingLog)
    monitor: PredictionMonitor = field(default_factory=PredictionMonitor)
    cache: ResponseCache = field(default_factory=ResponseCache)
    traces: Traces = field(default_factory=NoTraces)
    draining: bool = False

    @property
    def live(self) -> bool:
        """Whether restarting the process could not help."""
        return self.worker.alive

    @property
    def ready(self) -> bool:
        """Whether new requests should come here."""
        return self.worker.alive and not self.draining

    async def classify(self, context: RequestContext, texts: Sequence[str]) -> list[Classified]:
        """Predictions for ``texts``. Raises RequestRefused, or what the engine raises."""
        started_s = perf_counter()
        ids = self.ids.of(context.request_id, texts)
        try:
            await self.fault.strike()
            predictions = await self._predicted(context, texts)
        except RequestRefused as refused:
            if refused.status >= 500:
                seconds = perf_counter() - started_s
                self._record(Outcome(context, texts, ids, seconds, error=refused.code.value))
            raise
        except Exception as error:
            seconds = perf_counter() - started_s
            self._record(Outcome(context, texts, ids, seconds, error=type(error).__name__))
            raise
        self._record(Outcome(context, texts, ids, perf_counter() - started_s, predictions))
        return list(map(Classified, ids, predictions))

    async def _predicted(self, context: RequestContext, texts: Sequence[str]) -> list[Prediction]:
        """From the cache where nothing is compared: a warm one speaks for the older version."""
        if context.experiment_id is None:
            return await self.cache.predict_with_cache(texts, self.worker.submit)
        return await self.worker.submit(texts)

    async def explain(self, text: str, label: str | None) -> Explained:
        """What each part of a text adds to a label, by default to the predicted one.

        Costs a pass for each part, at most 49; counts against the queue like as many texts. Raises
        RequestRefused.
        """
        check_label(label, self.classifier.labels)
        parts = parts_of(text)
        # A text of one part has nothing that could be left out.
        variants = [text, *left_out(text, parts)] if len(parts) > 1 else [text]
        whole, *without = await self.worker.submit(variants)
        about = label or whole.label
        given = attributions(parts, about, whole, without) if without else []
        return Explained(about, whole, given)

    def feedback(self, body: bytes) -> str:
        """Keep what is said of an earlier prediction; its id. Raises RequestRefused."""
        try:
            report = read_feedback(
                body, self.classifier.labels, self.ids.given_out, datetime.now(UTC)
            )
            if not self.log.offer(report):
                raise no_room()
        except RequestRefused as refused:
            self.metrics.feedback.labels(outcome=outcome_of(refused)).inc()
            raise
        self.metrics.feedback.labels(outcome=FeedbackOutcome.ACCEPTED).inc()
        return report.request_id

    async def health(self) -> ModelHealth:
        """The four checks of row API-1."""
        return await check_model_health(self.model, self.worker.submit)

    def _record(self, outcome: Outcome) -> None:
        at = datetime.now(UTC)
        latency_ms = outcome.seconds * 1000
        for position, (text, prediction_id) in enumerate(
            zip(outcome.texts, outcome.ids, strict=True)
        ):
            scores = outcome.predictions[position].scores if outcome.predictions else {}
            self.monitor.log_prediction(text, scores, latency_ms, outcome.error)
            entry = PredictionEntry(
                prediction_id, outcome.context, text, scores, latency_ms, at, outcome.error
            )
            self.log.offer(entry)
        for prediction in outcome.predictions:
            self.metrics.observe_confidence(outcome.context.arm, prediction.confidence)
