"""One loaded version and everything that happens to a request for it.

Knows requests as values; HTTP stays in the routes. Holds the only state that changes while the
process runs: whether it is draining.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from uuid import uuid4

from pharos_serving.context import RequestContext, prediction_ids
from pharos_serving.dataplane import Classifier, Prediction
from pharos_serving.entries import PredictionEntry
from pharos_serving.errors import RequestRefused
from pharos_serving.faults import Fault
from pharos_serving.health import ModelHealth, check_model_health
from pharos_serving.inference import InferenceWorker
from pharos_serving.loading import VerifiedModel
from pharos_serving.metrics import Metrics, ModelIdentity
from pharos_serving.monitor import PredictionMonitor
from pharos_serving.prediction_log import DiscardingLog, PredictionLog
from pharos_serving.requests import Limits
from pharos_store.rows import LabelRow


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an inference request ended, for metrics and log."""

    context: RequestContext
    texts: Sequence[str]
    status: int
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
    limits: Limits = field(default_factory=Limits)
    fault: Fault = field(default_factory=Fault)
    log: PredictionLog = field(default_factory=DiscardingLog)
    monitor: PredictionMonitor = field(default_factory=PredictionMonitor)
    draining: bool = False

    @property
    def live(self) -> bool:
        """Whether restarting the process could not help."""
        return self.worker.alive

    @property
    def ready(self) -> bool:
        """Whether new requests should come here."""
        return self.worker.alive and not self.draining

    async def classify(self, context: RequestContext, texts: Sequence[str]) -> list[Prediction]:
        """Predictions for ``texts``. Raises RequestRefused, or what the engine raises."""
        started_s = perf_counter()
        try:
            await self.fault.strike()
            predictions = await self.worker.submit(texts)
        except RequestRefused as refused:
            if refused.status >= 500:
                self._record(_failed(context, texts, refused, started_s))
            raise
        except Exception as error:
            self._record(_failed(context, texts, error, started_s))
            raise
        seconds = perf_counter() - started_s
        self._record(Outcome(context, texts, 200, seconds, predictions))
        return predictions

    def feedback(self, request_id: str, label: str) -> None:
        """Keep the true label of an earlier prediction."""
        self.log.offer(LabelRow(request_id, label, datetime.now(UTC)))

    async def health(self) -> ModelHealth:
        """The four checks of row API-1."""
        return await check_model_health(self.model, self.worker.submit)

    def _record(self, outcome: Outcome) -> None:
        at = datetime.now(UTC)
        latency_ms = outcome.seconds * 1000
        ids = prediction_ids(outcome.context.request_id, len(outcome.texts))
        for position, (text, prediction_id) in enumerate(zip(outcome.texts, ids, strict=True)):
            scores = outcome.predictions[position].scores if outcome.predictions else {}
            self.monitor.log_prediction(text, scores, latency_ms, at=at, error=outcome.error)
            entry = PredictionEntry(
                uuid4(), prediction_id, outcome.context, text, scores, latency_ms, at, outcome.error
            )
            self.log.offer(entry)
        for prediction in outcome.predictions:
            self.metrics.observe_confidence(outcome.context.arm, prediction.confidence)


def _failed(
    context: RequestContext, texts: Sequence[str], error: Exception, started_s: float
) -> Outcome:
    name = error.code.value if isinstance(error, RequestRefused) else type(error).__name__
    status = error.status if isinstance(error, RequestRefused) else 500
    return Outcome(context, texts, status, perf_counter() - started_s, error=name)
