"""What all gateways have confirmed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pharos_operator.gateway.state import GatewayState, confirmed_revision

START = datetime(2026, 11, 23, tzinfo=UTC)


def state(node: str, revision: int | None, minute: int = 0) -> GatewayState:
    live = {} if revision is None else {"n/m": revision}
    return GatewayState(node, live, None, START + timedelta(minutes=minute))


@dataclass(frozen=True)
class Case:
    states: list[GatewayState]
    nodes: list[str]
    revision: int


CASES = {
    "no gateway is ready, so nothing is confirmed": Case([state("a", 3)], [], 0),
    "all are at the same revision": Case([state("a", 3), state("b", 3)], ["a", "b"], 3),
    "the slowest counts": Case([state("a", 3), state("b", 2)], ["a", "b"], 2),
    "a ready gateway that is not connected holds up": Case([state("a", 3)], ["a", "b"], 0),
    "a gateway that is not ready does not count": Case([state("a", 3), state("b", 1)], ["a"], 3),
    "a gateway that does not know the model holds up": Case([state("a", None)], ["a"], 0),
    "of two connections the newer counts": Case([state("a", 3, 1), state("a", 2, 0)], ["a"], 3),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_confirmed_revision(case: Case) -> None:
    assert confirmed_revision(case.states, "n/m", case.nodes) == case.revision


def test_a_state_survives_the_way_to_another_replica() -> None:
    sent = GatewayState("a", {"n/m": 4}, "routes: no", START)
    assert GatewayState.from_json(sent.to_json()) == sent
