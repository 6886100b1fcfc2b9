"""What Prometheus and the fast guard read from a gateway."""

import re

import pytest
import watched_metrics
from gateway_builders import MODEL, NAMESPACE, SALT, route, traffic
from integration.gateway.lab import Lab, publish

from pharos_api import names
from pharos_api.assignment import assign

USERS = [f"user-{number}" for number in range(60)]


async def test_requests_errors_and_latencies_are_counted_per_arm(lab: Lab) -> None:
    _, one = await lab.pod("one")
    _, two = await lab.pod("two", status=500)
    server = await lab.control_plane()
    gateway = await lab.envoy()
    await publish(server, traffic(route(1, exposure=2500), v1=[one], v2=[two]))
    await lab.ask_all(USERS)
    arms: list[str] = [assign(SALT, user, 2500) for user in USERS]
    _, text = await lab.scrape(gateway, "/stats/prometheus")
    for arm, version, klass in (
        ("candidate", "v1.1.0", "5"),
        ("control", "v1.0.0", "2"),
        ("outside", "v1.0.0", "2"),
    ):
        cluster = names.cluster_name(NAMESPACE, MODEL, version, arm)
        one_arm = {names.ENVOY_LABEL_CLUSTER: cluster}
        count = arms.count(arm)
        assert count > 0
        by_class = one_arm | {names.ENVOY_LABEL_CLASS: klass}
        assert value(text, names.ENVOY_REQUESTS_BY_CLASS, by_class) == count
        assert value(text, names.ENVOY_REQUESTS, one_arm) == count
        while not (seen := value(text, names.ENVOY_LATENCY_BUCKET, one_arm | {"le": "10000"})):
            _, text = await lab.scrape(gateway, "/stats/prometheus")
        assert seen == count


async def test_a_gateway_has_every_metric_that_alerts_and_dashboards_ask_for(lab: Lab) -> None:
    _, one = await lab.pod("one", status=500)
    server = await lab.control_plane()
    gateway = await lab.envoy()
    await publish(server, traffic(route(1), v1=[one]))
    await lab.ask_all(USERS)
    missing = set(watched_metrics.ENVOY)
    while missing:
        _, text = await lab.scrape(gateway, "/stats/prometheus")
        missing -= {re.split(r"[{ ]", line)[0] for line in text.splitlines()}
    assert value(text, names.ENVOY_CONNECTED, {}) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ready", 200),
        ("GET", "/stats/prometheus", 200),
        ("GET", "/stats", 404),
        ("GET", "/config_dump", 404),
        ("GET", "/ready/../config_dump", 404),
        ("POST", "/quitquitquit", 404),
        ("POST", "/ready", 404),
    ],
)
async def test_only_readiness_and_counters_can_be_read_from_outside(
    lab: Lab, method: str, path: str, status: int
) -> None:
    server = await lab.control_plane()
    gateway = await lab.envoy()
    await publish(server, traffic(route(1)))
    assert (await lab.scrape(gateway, path, method))[0] == status


def value(text: str, metric: str, labels: dict[str, str]) -> int | None:
    """The sample with exactly these labels."""
    for line in text.splitlines():
        found = re.fullmatch(rf"{metric}\{{(.*)\}} (\d+)", line)
        if found and dict(re.findall(r'(\w+)="([^"]*)"', found[1])) == labels:
            return int(found[2])
    return None
