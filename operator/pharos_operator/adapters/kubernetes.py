"""The API server, spoken to in plain JSON over the official asyncio client.

Writes are server-side applies under one field manager. What goes wrong is translated here, once,
into the errors of ``errors.py``. It decides nothing and keeps nothing.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from pharos_api import names
from pharos_operator.adapters.problems import in_words
from pharos_operator.adapters.resources import RESOURCES, Resource
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import Ref
from pharos_operator.errors import (
    Conflict,
    Invalid,
    NotFound,
    PharosError,
    Refused,
    Terminal,
    Throttled,
    Unavailable,
)

Body = dict[str, Any]
_TIMEOUT_S = 10.0
_PAGE = 500
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_JSON = "application/json"


@asynccontextmanager
async def connect() -> AsyncIterator[ApiClient]:
    """A client for the cluster this pod runs in, else for the current kubeconfig."""
    configuration = Configuration()
    try:
        config.load_incluster_config(configuration)
    except config.ConfigException:
        await _load_kubeconfig(configuration)
    configuration.connection_pool_maxsize = 64
    async with ApiClient(configuration) as client:
        yield client


async def _load_kubeconfig(configuration: Configuration) -> None:
    try:
        await config.load_kube_config(client_configuration=configuration)
    except config.ConfigException as problem:
        message = f"Run in a pod, or let KUBECONFIG name a file that says where to go: {problem}"
        raise Terminal("NoCluster", message) from None


class ApiServer:
    """Fulfils ``ports.Cluster`` and what election, sync and token checks need."""

    def __init__(self, client: ApiClient, telemetry: Telemetry) -> None:
        self._client = client
        self._telemetry = telemetry

    async def apply(self, manifest: Body) -> Body:
        """Server-side apply one object; returns what the server stored."""
        metadata = manifest["metadata"]
        resource = _resource(manifest["kind"])
        path = resource.path(metadata["namespace"], metadata["name"])
        return await self._request("PATCH", resource, f"{path}?{_MANAGER}", manifest, _APPLY)

    async def apply_status(self, ref: Ref, status: Body, resource_version: str) -> Body:
        """Server-side apply a status; ``resource_version`` refuses a write on a newer object."""
        resource = _resource(ref.kind)
        metadata = {
            "name": ref.name,
            "namespace": ref.namespace,
            "uid": ref.uid,
            "resourceVersion": resource_version,
        }
        body = {
            "apiVersion": resource.api_version,
            "kind": ref.kind,
            "metadata": metadata,
            "status": status,
        }
        path = f"{resource.path(ref.namespace, ref.name)}/status?{_MANAGER}"
        return await self._request("PATCH", resource, path, body, _APPLY)

    async def patch(self, ref: Ref, change: Body) -> Body:
        """Merge ``change`` into one object; for the few fields that others share with us."""
        resource = _resource(ref.kind)
        path = f"{resource.path(ref.namespace, ref.name)}?fieldManager={names.FIELD_MANAGER}"
        return await self._request("PATCH", resource, path, change, _MERGE)

    async def delete(self, ref: Ref) -> None:
        """Delete with uid precondition and background propagation; a missing object is fine."""
        resource = _resource(ref.kind)
        options: Body = {"propagationPolicy": "Background"}
        if ref.uid:
            options["preconditions"] = {"uid": ref.uid}
        try:
            await self._request("DELETE", resource, resource.path(ref.namespace, ref.name), options)
        except (NotFound, Conflict):
            # A conflict says that the uid is another one's: the object meant is gone already.
            return

    async def create(self, body: Body) -> Body:
        """Create one object; raises Conflict where the name is taken."""
        resource = _resource(body["kind"])
        path = resource.path(body["metadata"].get("namespace", ""))
        return await self._request("POST", resource, path, body)

    async def replace(self, body: Body) -> Body:
        """Replace one object as a whole; its resourceVersion guards against a lost update."""
        resource, metadata = _resource(body["kind"]), body["metadata"]
        path = resource.path(metadata["namespace"], metadata["name"])
        return await self._request("PUT", resource, path, body)

    async def read(self, ref: Ref) -> Body:
        """One object, straight from the API server."""
        resource = _resource(ref.kind)
        return await self._request("GET", resource, resource.path(ref.namespace, ref.name))

    async def record_event(self, event: Body) -> None:
        """Create an Event. Its name is deterministic, so a second time is fine."""
        try:
            await self.create(event)
        except Conflict:
            return

    async def list_pages(self, kind: str, namespace: str = "") -> AsyncIterator[Body]:
        """All objects of a kind, page by page: lists as the server answers them."""
        resource = _resource(kind)
        query = {"limit": str(_PAGE)}
        if resource.selector:
            query["labelSelector"] = resource.selector
        while True:
            path = f"{resource.path(namespace)}?{urlencode(query)}"
            page = await self._request("GET", resource, path)
            yield page
            following = page["metadata"].get("continue")
            if not following:
                return
            query["continue"] = following

    async def review_token(self, token: str, audience: str) -> Body:
        """The API server's view of a bearer token: the status of a TokenReview."""
        spec = {"token": token, "audiences": [audience]}
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "metadata": {},
            "spec": spec,
        }
        status: Body = (await self.create(review))["status"]
        return status

    async def _request(
        self,
        verb: str,
        resource: Resource,
        path: str,
        body: Body | None = None,
        content_type: str = _JSON,
    ) -> Body:
        code = "none"
        try:
            status, headers, text = await self._exchange(verb, path, body, content_type)
            code = str(status)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise Unavailable(
                f"The API server did not answer {verb} {path}: {in_words(problem)}"
            ) from None
        finally:
            self._telemetry.requests.labels(verb, resource.kind, code).inc()
        if status >= HTTPStatus.BAD_REQUEST:
            raise _translated(status, headers, text)
        answer: Body = json.loads(text)
        return answer

    async def _exchange(
        self, verb: str, path: str, body: Body | None, content_type: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Accept": _JSON, "Content-Type": content_type}
        method, url, sent, _, _ = await self._client.param_serialize(
            verb, path, header_params=headers, auth_settings=["BearerToken"]
        )
        async with asyncio.timeout(_TIMEOUT_S):
            answer = await self._client.call_api(
                method, url, header_params=sent, body=body, _request_timeout=_TIMEOUT_S
            )
            return answer.status, answer.headers, await answer.read()


_MANAGER = urlencode({"fieldManager": names.FIELD_MANAGER, "force": "true"})


def _resource(kind: str) -> Resource:
    resource = RESOURCES.get(kind)
    if resource is None:
        raise Invalid(
            "UnknownKind", f"The operator does not know where objects of kind {kind} live."
        )
    return resource


def _translated(status: int, headers: Mapping[str, str], text: bytes) -> PharosError:
    message = _sentence(text)
    match status:
        case HTTPStatus.NOT_FOUND:
            return NotFound("NotFound", message)
        case HTTPStatus.CONFLICT:
            return Conflict(message)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(message, delay_s=float(headers.get("Retry-After", "1")))
        case HTTPStatus.UNAUTHORIZED:
            # The token is being rotated or the server restarts; neither is the object's fault.
            return Unavailable(message)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable(message)
        case _:
            return Refused("Refused", message)


def _sentence(text: bytes) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:500].decode(errors="replace")
