"""Pharos' own routes: classify, explain, feedback, health, metrics. HTTP to values and back."""

from typing import Any

from fastapi import APIRouter, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from pharos_serving.answers import json_answer, json_body
from pharos_serving.context import RequestContext
from pharos_serving.explaining import METHOD
from pharos_serving.feedback import FeedbackRequest
from pharos_serving.requests import (
    ClassifyRequest,
    ExplainRequest,
    check_texts,
    parse,
    texts_of,
)
from pharos_serving.service import Classified, Explained, Service


def _documented(kind: type[ClassifyRequest | ExplainRequest | FeedbackRequest]) -> dict[str, Any]:
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

    @router.post("/v1/explain", openapi_extra=_documented(ExplainRequest))
    async def explain(request: Request) -> Response:
        """Which words of a text speak for a label."""
        context: RequestContext = request.state.context
        body = parse(ExplainRequest, await json_body(request, service.limits.max_body_bytes))
        check_texts([body.text], service.limits)
        explained = await service.explain(body.text, body.label)
        return json_answer(_explained(service, context, body.text, explained))

    @router.post("/v1/feedback", openapi_extra=_documented(FeedbackRequest))
    async def feedback(request: Request) -> Response:
        """Report the true label of an earlier prediction, or whether it served."""
        body = await json_body(request, service.limits.max_body_bytes)
        return json_answer({"requestId": service.feedback(body), "accepted": True}, 202)

    @router.get("/v1/monitor")
    async def monitor(window_minutes: int = Query(60, ge=1, le=1440)) -> Response:
        """Rates and latencies of this process's last predictions."""
        return json_answer(service.monitor.get_metrics(window_minutes))

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
    predictions: list[Classified],
    *,
    single: bool,
) -> dict[str, Any]:
    envelope = _envelope(service, context)
    items = [_item(one) for one in predictions]
    return envelope | (items[0] if single else {"predictions": items})


def _envelope(service: Service, context: RequestContext) -> dict[str, Any]:
    return {
        "requestId": context.request_id,
        "model": service.identity.name,
        "version": service.identity.version,
        "arm": context.arm.value,
    }


def _explained(
    service: Service, context: RequestContext, text: str, explained: Explained
) -> dict[str, Any]:
    parts = [
        {
            "text": text[each.part.start : each.part.end],
            "start": each.part.start,
            "end": each.part.end,
            "weight": each.weight,
        }
        for each in explained.attributions
    ]
    return _envelope(service, context) | {
        "method": METHOD,
        "label": explained.label,
        "probability": explained.prediction.scores[explained.label],
        "predictedLabel": explained.prediction.label,
        "attributions": parts,
    }


def _item(classified: Classified) -> dict[str, Any]:
    prediction = classified.prediction
    return {
        "requestId": classified.id,
        "label": prediction.label,
        "confidence": prediction.confidence,
        "scores": prediction.scores,
    }
