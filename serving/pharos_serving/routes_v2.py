"""The routes of the Open Inference Protocol, version 2. HTTP to values and back, nothing else."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Request
from starlette.responses import Response

from pharos_serving.answers import json_answer, json_body
from pharos_serving.errors import ErrorCode, RequestRefused
from pharos_serving.inference_protocol import (
    InferRequest,
    model_metadata,
    output_tensors,
    texts_of_tensor,
    wanted_outputs,
)
from pharos_serving.requests import parse
from pharos_serving.service import Service

_MODEL = "/v2/models/{name}"
_VERSIONED = f"{_MODEL}/versions/{{model_version}}"


def build_v2_router(service: Service) -> APIRouter:
    """The routes of one loaded version; each model route also with ``/versions/{version}``."""
    router = APIRouter()

    @router.get("/v2")
    async def server_metadata() -> Response:
        """Name and version of the server."""
        return json_answer({"name": "pharos", "version": _release(), "extensions": []})

    @router.get("/v2/health/live")
    async def live() -> Response:
        """Whether the process works; otherwise it should be restarted."""
        return json_answer({"live": service.live}, 200 if service.live else 503)

    @router.get("/v2/health/ready")
    async def ready() -> Response:
        """Whether requests should be sent here."""
        return json_answer({"ready": service.ready}, 200 if service.ready else 503)

    @router.get(f"{_MODEL}/ready")
    @router.get(f"{_VERSIONED}/ready")
    async def model_ready(name: str, model_version: str | None = None) -> Response:
        """Whether this model answers."""
        _check_model(service, name, model_version)
        content = {"name": name, "ready": service.ready}
        return json_answer(content, 200 if service.ready else 503)

    @router.get(_MODEL)
    @router.get(_VERSIONED)
    async def metadata(name: str, model_version: str | None = None) -> Response:
        """Inputs, outputs, labels and engine."""
        _check_model(service, name, model_version)
        return json_answer(model_metadata(name, service.identity.version, service.classifier))

    @router.post(f"{_MODEL}/infer")
    @router.post(f"{_VERSIONED}/infer")
    async def infer(request: Request, name: str, model_version: str | None = None) -> Response:
        """Classify the texts of one BYTES tensor."""
        _check_model(service, name, model_version)
        body = parse(InferRequest, await json_body(request, service.limits.max_body_bytes))
        wanted = wanted_outputs(body)
        texts = texts_of_tensor(body, service.limits)
        classified = await service.classify(request.state.context, texts)
        return json_answer(
            {
                "model_name": name,
                "model_version": service.identity.version,
                "id": body.id or request.state.context.request_id,
                # The protocol's parameters are single values; no id has a space.
                "parameters": {"prediction_ids": " ".join(one.id for one in classified)},
                "outputs": output_tensors([one.prediction for one in classified], wanted),
            }
        )

    return router


def _check_model(service: Service, name: str, model_version: str | None) -> None:
    identity = service.identity
    if name != identity.name or model_version not in (None, identity.version):
        raise RequestRefused(
            404,
            ErrorCode.UNKNOWN_MODEL,
            f"This server has {identity.name} {identity.version} and nothing else.",
        )


def _release() -> str:
    try:
        return version("pharos")
    except PackageNotFoundError:
        return "unreleased"
