"""Every alert of the chart, fired by a real fault or a scripted one, reaches who is to be told.

All faults are there at once, and one Prometheus sees them all: the server fails, dawdles and doubts
behind a gateway that has lost the operator, its database is away until the spool is full, and the
operator's and the cluster's series say what the exporters beside this file make them say.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from builders_serving import build_tiny_model
from gateway_builders import MODEL, NAMESPACE, PATH, route, traffic
from integration.gateway.lab import ENVOY, Lab, publish
from integration.watching import exporters, tower
from serving_process import running_server, serving_environment

from pharos_operator.gateway.snapshot import Endpoint

DEADLINE_S = 90
CALLERS = 16
FAULT = "error:0.3,latency:400ms"
# No word that the model knows, so that it doubts; long, so that few rows fill the spool.
TEXT = "unheard " * 4000
DATABASE_AWAY = "postgresql://nobody@127.0.0.1:1/pharos"

pytestmark = pytest.mark.timeout(DEADLINE_S + 90)


@dataclass(frozen=True)
class Expected:
    """What is told: severity, the page that says what to do, and labels of what is wrong."""

    severity: str
    runbook: str
    labels: Mapping[str, str] = field(default_factory=dict)


WHO = {"namespace": NAMESPACE, "model": MODEL}
EXPECTED = {
    # The real server with PHAROS_FAULT, behind a real Envoy
    "PharosHighErrorRate": Expected("critical", "high-error-rate.md", WHO),
    "PharosHighLatency": Expected("warning", "high-latency.md", WHO),
    # The same server, asked for what it never learnt, with its database away
    "PharosLowConfidence": Expected("warning", "low-confidence.md", WHO),
    "PharosLogDrops": Expected("warning", "log-drops.md", WHO | {"reason": "spool-full"}),
    # The same Envoy, whose control plane is stopped
    "PharosGatewayWithoutOperator": Expected(
        "warning", "gateway-without-operator.md", {"job": "pharos-gateway"}
    ),
    # The operator's own registry
    "PharosTrainingRunStuck": Expected(
        "warning", "training-run-stuck.md", WHO | {"training_run": "stuck", "phase": "Training"}
    ),
    "PharosTrainingFailed": Expected(
        "warning", "training-failed.md", WHO | {"training_run": "failed"}
    ),
    "PharosAnalysisUntrustworthy": Expected("warning", "analysis-untrustworthy.md", WHO),
    "PharosGatewayStale": Expected("critical", "gateway-stale.md", WHO),
    "PharosOperatorWithoutLeader": Expected(
        "critical", "operator-without-leader.md", {"job": "pharos-operator"}
    ),
    # Series of others
    "PharosVolumeFull": Expected(
        "warning", "volume-full.md", {"persistentvolumeclaim": "pharos-artifacts"}
    ),
    "PharosCertificateExpires": Expected("warning", "certificate-expires.md", {"name": "edge"}),
}


def test_every_alert_of_the_chart_is_fired_here() -> None:
    assert {rule["alert"] for rule in tower.chart_rules()} == EXPECTED.keys()


def test_only_durations_are_made_shorter() -> None:
    text = """
groups:
- name: g
  rules:
  - {alert: A, expr: 'rate(a{b="[5m]x"}[5m]) > 200 and c offset 15m < 1800', for: 5m}
  - {alert: B, expr: 'd - time() < 86400', for: 1h}
"""
    found = tower.hastened(text.replace("[5m]x", "[^/]+"))
    assert """rate(a{b="[^/]+"}[5s]) > 200 and c offset 15s < 1800""" in found
    assert "d - time() < 86400" in found
    assert [line.split()[-1] for line in found.splitlines() if "for:" in line] == ["5s", "10s"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[tower.Alert]:
    """What was told until each alert had gone out, or the deadline came."""
    if not ENVOY.exists():
        pytest.skip(f"no Envoy at {ENVOY}: run `make setup`, or set PHAROS_ENVOY")
    return asyncio.run(_everything_wrong(tmp_path_factory.mktemp("tower")))


@pytest.mark.requirement("MON-10", "MON-11", "MON-12", "MON-13")
@pytest.mark.parametrize("name", EXPECTED)
def test_it_went_out(name: str, told: list[tower.Alert]) -> None:
    expected = EXPECTED[name]
    (alert, *_) = [each for each in told if _is(each, name)] or [None]
    assert alert is not None, f"not told in {DEADLINE_S} s; told: {_names(told)}"
    assert alert["status"] == "firing"
    assert alert["labels"]["severity"] == expected.severity
    assert alert["annotations"]["runbook_url"].endswith(f"/runbooks/{expected.runbook}")
    assert alert["annotations"]["summary"]


def _is(alert: tower.Alert, name: str) -> bool:
    wanted = {"alertname": name, "platform": "pharos", **EXPECTED[name].labels}
    return wanted.items() <= alert["labels"].items()


def _names(told: list[tower.Alert]) -> list[str]:
    return sorted({alert["labels"]["alertname"] for alert in told})


async def _everything_wrong(folder: Path) -> list[tower.Alert]:
    async with AsyncExitStack() as stack:
        hook, told = await tower.webhook(stack)
        targets = await _faults(stack, folder)
        await tower.prometheus(
            stack, folder, await tower.alertmanager(stack, folder, hook), targets
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                await told.until(lambda all_: all(any(_is(a, n) for a in all_) for n in EXPECTED))
        except TimeoutError:
            # Each test says of its own alert whether it is missing.
            return told.alerts
        return told.alerts


async def _faults(stack: AsyncExitStack, folder: Path) -> dict[str, str]:
    """Everything that is wrong, and where Prometheus finds it, by the job's name in the chart."""
    server = stack.enter_context(running_server(_environment(folder), folder / "serving.log"))
    address = server.url.removeprefix("http://")
    host, _, port = address.partition(":")
    session = await stack.enter_async_context(aiohttp.ClientSession())
    lab = Lab(stack, folder, session)
    control_plane = await lab.control_plane()
    gateway = await lab.envoy()
    await publish(control_plane, traffic(route(1), v1=[Endpoint(host, int(port))]))
    await control_plane.stop()
    await stack.enter_async_context(_load(f"http://127.0.0.1:{lab.traffic_port}{PATH}", session))
    return {
        "pharos-gateway": f"127.0.0.1:{gateway.stats_port}",
        "pharos-serving-papers": address,
        "pharos-operator": stack.enter_context(exporters.exported(exporters.operator())),
        "cluster": stack.enter_context(exporters.exported(exporters.cluster())),
    }


def _environment(folder: Path) -> dict[str, str]:
    sha256 = build_tiny_model(folder / "model", model=MODEL)
    return serving_environment(
        folder / "model",
        sha256,
        folder,
        PHAROS_MODEL_NAME=MODEL,
        PHAROS_MODEL_NAMESPACE=NAMESPACE,
        PHAROS_SELF_BENCHMARK_S="0",
        PHAROS_FAULT=FAULT,
        PHAROS_DATABASE_URL=DATABASE_AWAY,
        PHAROS_SPOOL_LIMIT_MIB="1",
    )


@asynccontextmanager
async def _load(url: str, session: aiohttp.ClientSession) -> AsyncIterator[None]:
    """Callers who ask one after the other until the body is over."""
    over = asyncio.Event()

    async def caller() -> None:
        while not over.is_set():
            async with session.post(url, json={"text": TEXT}) as answer:
                assert answer.status in (200, 500)

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(caller())
        yield
        over.set()
