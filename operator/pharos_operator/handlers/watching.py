"""kopf as a watch and nothing else: every event goes to the dispatch, nothing is ever written.

No handler here changes an object, so kopf has no reason to annotate, to finalize or to post.
"""

from collections.abc import Callable, Sequence
from typing import Any

import kopf

from pharos_operator.adapters.resources import Resource

Receive = Callable[[str | None, dict[str, Any]], None]


def registry(resources: Sequence[Resource], receive: Receive) -> kopf.OperatorRegistry:
    """Kopf's handlers: one for the events of each kind, one for logging in."""
    handlers = kopf.OperatorRegistry()
    for resource in resources:
        _watch(handlers, resource, receive)
    kopf.on.login(registry=handlers)(_login)
    return handlers


def settings(resources: Sequence[Resource]) -> kopf.OperatorSettings:
    """Watching only: no peering, no posting, no scanning for kinds that nobody asked for."""
    chosen = kopf.OperatorSettings()
    chosen.posting.enabled = False
    chosen.peering.standalone = True
    chosen.scanning.disabled = True
    # kopf keeps a task and the last event of an object for as long as its worker idles.
    chosen.queueing.idle_timeout = 0.05
    chosen.watching.chunk_size = 200
    chosen.watching.server_timeout = 600
    chosen.networking.request_timeout = 30
    chosen.process.ultimate_exiting_timeout = 20
    for resource in resources:
        if resource.selector:
            group, _, version = resource.api_version.rpartition("/")
            chosen.watching.label_selectors[group, version, resource.plural] = resource.selector
    return chosen


def _watch(handlers: kopf.OperatorRegistry, resource: Resource, receive: Receive) -> None:
    group, _, version = resource.api_version.rpartition("/")

    @kopf.on.event(group, version, resource.plural, registry=handlers, id=resource.plural)
    async def _seen(event: kopf.RawEvent, **_: Any) -> None:
        head = {"apiVersion": resource.api_version, "kind": resource.kind}
        receive(event["type"], {**event["object"], **head})


async def _login(**arguments: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**arguments) or kopf.login_with_kubeconfig(**arguments)
