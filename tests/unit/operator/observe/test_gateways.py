"""Endpoints for the gateways, and what the gateways have confirmed."""

from operator_fakes import NOON, body

from pharos_api import names
from pharos_operator.decide.observation import GatewayView
from pharos_operator.gateway.snapshot import Endpoint
from pharos_operator.gateway.state import GatewayState
from pharos_operator.reconcile.gateways import GatewayBoard
from pharos_operator.reconcile.index import Entry, Index
from pharos_operator.reconcile.routing import endpoints

READY = {"conditions": [{"type": "Ready", "status": "True"}]}
UP, DOWN = {"ready": True}, {"ready": False}
GATEWAY = {names.LABEL_COMPONENT: names.COMPONENT_GATEWAY}


def _slice(name: str, *conditions: dict[str, bool]) -> Entry:
    found = [
        {"addresses": [f"10.0.0.{n}"], "conditions": each} for n, each in enumerate(conditions, 1)
    ]
    entry = Index().observe(
        body(
            "EndpointSlice",
            name,
            labels={names.LABEL_VERSION_NAME: "v1"},
            endpoints=found,
            ports=[{"name": "http", "port": 8080}],
        )
    )
    assert entry is not None
    return entry


def test_only_ready_endpoints_of_all_slices_of_a_version_count() -> None:
    found = endpoints([_slice("a", UP, DOWN, {}), _slice("b", UP)])
    addresses = [Endpoint(f"10.0.0.{n}", 8080) for n in (1, 3, 1)]
    assert found == {("default", "v1"): addresses}


def test_a_node_that_lost_its_lease_takes_no_version_out_of_service() -> None:
    """All pods are unready at once after an outage of the API server, and all of them answer."""
    lost = _slice("a", DOWN, DOWN | {"terminating": True})
    assert endpoints([lost]) == {("default", "v1"): [Endpoint("10.0.0.1", 8080)]}


def _state(node: str, revision: int, rejected: str | None = None) -> GatewayState:
    return GatewayState(node, {"default/m": revision}, rejected, NOON)


def _board() -> tuple[Index, GatewayBoard]:
    index = Index()
    for name in ("gw-0", "gw-1"):
        index.observe(body("Pod", name, labels=GATEWAY, status=READY))
    index.observe(body("Pod", "gw-starting", labels=GATEWAY, status={}))
    return index, GatewayBoard(index, "default")


def test_every_ready_gateway_is_seen_even_one_that_nobody_has_heard_of() -> None:
    _, board = _board()
    board.update([_state("gw-0", 7, "no such cluster")])
    assert board.views("default", "m") == (
        GatewayView("gw-0", 7, "no such cluster"),
        GatewayView("gw-1", None),
    )


def test_a_gateway_that_does_not_know_the_model_yet_is_at_revision_zero() -> None:
    _, board = _board()
    board.update([_state("gw-0", 7)])
    assert board.views("default", "other")[0].revision == 0


def test_news_name_the_models_that_they_are_about() -> None:
    _, board = _board()
    assert board.update([_state("gw-0", 7)]) == {("default", "m")}
    assert board.update([_state("gw-0", 7)]) == set()
    assert board.update([_state("gw-0", 8)]) == {("default", "m")}
    assert board.update([]) == {("default", "m")}
