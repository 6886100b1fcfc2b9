"""What all replicas together know of the gateways: their own streams and those of their peers."""

from collections.abc import Iterable

from pharos_api import names
from pharos_operator.decide.observation import GatewayView
from pharos_operator.gateway.state import GatewayState, newest
from pharos_operator.reconcile.facts import label
from pharos_operator.reconcile.index import Index
from pharos_operator.reconcile.views import is_ready

_GATEWAYS = label(names.LABEL_COMPONENT, names.COMPONENT_GATEWAY)


class GatewayBoard:
    """The newest state of every gateway, by the name of its pod."""

    def __init__(self, index: Index, namespace: str) -> None:
        self._index = index
        self._namespace = namespace
        self._states: dict[str, GatewayState] = {}

    def update(self, states: Iterable[GatewayState]) -> set[tuple[str, str]]:
        """Take in all states; (namespace, name) of the Models about which there is news."""
        before, self._states = self._states, newest(states)
        changed = _live(before) ^ _live(self._states)
        return {(ns, name) for _, key, *_ in changed for ns, _, name in [key.partition("/")]}

    def views(self, namespace: str, model: str) -> tuple[GatewayView, ...]:
        """Every Ready gateway pod and how far it has followed this model's route."""
        return tuple(self._view(pod, f"{namespace}/{model}") for pod in self._ready_pods())

    def _ready_pods(self) -> list[str]:
        pods = self._index.found_by("Pod", self._namespace, _GATEWAYS)
        return [pod.key.name for pod in pods if is_ready(pod.body)]

    def _view(self, node: str, key: str) -> GatewayView:
        state = self._states.get(node)
        if state is None:
            return GatewayView(node=node, revision=None)
        return GatewayView(node, state.live.get(key, 0), state.rejected or "")


def _live(states: dict[str, GatewayState]) -> set[tuple[str, str, int, str]]:
    return {
        (node, key, revision, state.rejected or "")
        for node, state in states.items()
        for key, revision in state.live.items()
    }
