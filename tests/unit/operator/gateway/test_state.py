"""What a gateway tells of itself, on its way between replicas."""

from datetime import UTC, datetime, timedelta

from pharos_operator.gateway.state import GatewayState, newest

START = datetime(2026, 11, 23, tzinfo=UTC)


def state(node: str, revision: int, minute: int = 0) -> GatewayState:
    return GatewayState(node, {"n/m": revision}, None, START + timedelta(minutes=minute))


def test_of_two_connections_the_newer_counts() -> None:
    known = newest([state("a", 3, minute=1), state("a", 2), state("b", 1)])
    assert {node: one.live["n/m"] for node, one in known.items()} == {"a": 3, "b": 1}


def test_a_state_survives_the_way_to_another_replica() -> None:
    sent = GatewayState("a", {"n/m": 4}, "routes: no", START)
    assert GatewayState.from_json(sent.to_json()) == sent
