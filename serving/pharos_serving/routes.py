"""Pharos' own routes: classify, feedback, health, metrics. HTTP to values and back only."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from pharos_serving.answers import json_answer, json_body
from pharos_serving.context import RequestContext, prediction_ids
from pharos_serving.dataplane import Prediction
from pharos_serving.requests import (
    ClassifyRequest,
    FeedbackRequest,
    check_label,
    parse,
    texts_of,
)
from pharos_serving.service import Service


def _documented(kind: type[ClassifyRequest | FeedbackRequest]) -> dict[str, Any]:
    """OpenAPI's description of a body that we parse ourselves."""
    content = {"application/json": {"schema": kind.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def build_router(service: Service) -> APIRouter:
    """The routes of one loaded version."""
    router = APIRouter()

    @router.post("/v1/classify", openapi_extra=_documented(ClassifyRequest))
    async def classify(request: Request) -> Response:
        """Classify one text, or several at once."""
        context: RequestContext = request.state.context
        body = parse(ClassifyRequest, await json_body(request, service.limits.max_body_bytes))
        predictions = await service.classify(context, texts_of(body, service.limits))
        return json_answer(_classified(service, context, predictions, single=body.texts is None))

    @router.post("/v1/feedback", openapi_extra=_documented(FeedbackRequest))
    async def feedback(request: Request) -> Response:
        """Report the true label of an earlier prediction."""
        body = parse(FeedbackRequest, await json_body(request, service.limits.max_body_bytes))
        check_label(body.label, service.classifier.labels)
        service.feedback(body.request_id, body.label)
        return json_answer({"requestId": body.request_id, "accepted": True}, 202)

    @router.get("/v1/monitor")
    async def monitor(window_minutes: int = Query(60, ge=1, le=1440)) -> Response:
        """Rates and latencies of this process's last predictions."""
        return json_answer(service.monitor.get_metrics(datetime.now(UTC), window_minutes))

    @router.get("/health/ml")
    async def health() -> Response:
        """Whether the model answers, and quickly enough."""
        checks = await service.health()
        status = "healthy" if checks.healthy else "unhealthy"
        content = {"status": status, "checks": checks.to_json()}
        return json_answer(content, 200 if checks.healthy else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        """Prometheus' text format."""
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _classified(
    service: Service,
    context: RequestContext,
    predictions: list[Prediction],
    *,
    single: bool,
) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "requestId": context.request_id,
        "model": service.identity.name,
        "version": service.identity.version,
        "arm": context.arm.value,
    }
    ids = prediction_ids(context.request_id, len(predictions))
    items = [_item(p, i) for p, i in zip(predictions, ids, strict=True)]
    return items[0] | envelope if single else envelope | {"predictions": items}


def _item(prediction: Prediction, prediction_id: str) -> dict[str, Any]:
    return {
        "requestId": prediction_id,
        "label": prediction.label,
        "confidence": prediction.confidence,
        "scores": prediction.scores,
    }
