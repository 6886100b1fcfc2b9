"""Every alert of the chart, fired by a fault, reaches who is to be told; mended, so does its end.

All faults are there at once, and one Prometheus sees them all: the server fails, dawdles and doubts
behind a gateway that has lost the operator, its database is away until the spool is full, and the
operator's and the cluster's series say what the exporters beside this file make them say. Then all
is mended: the control plane is back and leads the callers to a server without the fault, and the
exporters say that all is well. The callers stay: what was told of them came of the fault alone.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from builders_serving import build_tiny_model
from gateway_builders import MODEL, NAMESPACE, PATH, route, traffic
from integration.gateway.lab import ENVOY, Gateway, Lab, publish
from integration.watching import exporters, tower
from serving_process import running_server, serving_environment

from pharos_operator.gateway.snapshot import Endpoint

DEADLINE_S = 60
# Few: they wait for the fault, and not for each other. Enough for 20 requests in the 5 s of a rule.
CALLERS = 4
FAULT = "error:0.3,latency:400ms"
# No word that the model knows, so that it doubts; long, so that few rows fill the spool.
TEXT = "unheard " * 4000
QUICK = {"PHAROS_SELF_BENCHMARK_S": "0"}
TROUBLE = {
    "PHAROS_FAULT": FAULT,
    "PHAROS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/pharos",
    "PHAROS_SPOOL_LIMIT_MIB": "1",
}

pytestmark = pytest.mark.timeout(2 * DEADLINE_S + 90)


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
        "warning", "training-run-stuck.md", WHO | {"training_run": "slow", "phase": "Training"}
    ),
    "PharosTrainingFailed": Expected(
        "warning", "training-failed.md", WHO | {"training_run": "failed"}
    ),
    "PharosLowSatisfaction": Expected("warning", "low-satisfaction.md", WHO),
    "PharosLowAgreement": Expected("warning", "low-agreement.md", WHO),
    "PharosAnalysisUntrustworthy": Expected("warning", "analysis-untrustworthy.md", WHO),
    "PharosDriftDetected": Expected("warning", "drift-detected.md", WHO),
    "PharosRetrainingFailed": Expected("warning", "retraining-failed.md", WHO),
    "PharosRetrainingCheckFailed": Expected("warning", "retraining-check-failed.md", WHO),
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
    """What was told until each alert had fired and was over, or the deadline came."""
    if not ENVOY.exists():
        pytest.skip(f"no Envoy at {ENVOY}: run `make setup`, or set PHAROS_ENVOY")
    return asyncio.run(_wrong_and_mended(tmp_path_factory.mktemp("tower")))


@pytest.mark.requirement("MON-10", "MON-11", "MON-12", "MON-13", "CON-4")
@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_told_and_so_is_its_end(name: str, told: list[tower.Alert]) -> None:
    expected, found = EXPECTED[name], [each for each in told if _is(each, name)]
    assert found, f"not told in {DEADLINE_S} s; told: {_names(told)}"
    assert (found[0]["status"], found[-1]["status"]) == ("firing", "resolved")
    assert found[0]["labels"]["severity"] == expected.severity
    assert found[0]["annotations"]["runbook_url"].endswith(f"/runbooks/{expected.runbook}")
    assert found[0]["annotations"]["summary"]


def _is(alert: tower.Alert, name: str) -> bool:
    wanted = {"alertname": name, "platform": "pharos", **EXPECTED[name].labels}
    return wanted.items() <= alert["labels"].items()


def _names(told: list[tower.Alert]) -> list[str]:
    return sorted({alert["labels"]["alertname"] for alert in told})


def _last(told: list[tower.Alert]) -> dict[str, str]:
    """The last word of each alert that was told."""
    return {name: each["status"] for each in told for name in EXPECTED if _is(each, name)}


async def _wrong_and_mended(folder: Path) -> list[tower.Alert]:
    async with AsyncExitStack() as stack:
        hook, told = await tower.webhook(stack)
        alerts_to = await tower.alertmanager(stack, folder, hook)
        faults = await _faults(stack, folder)
        await tower.prometheus(stack, folder, alerts_to, faults.targets)
        await _in_time(told.until(lambda all_: _last(all_).keys() == EXPECTED.keys()))
        await faults.mend()
        await _in_time(told.until(lambda all_: set(_last(all_).values()) == {"resolved"}))
        return told.alerts


async def _in_time(news: Coroutine[None, None, None]) -> None:
    """Wait no longer than the deadline: where an alert stays away, its own test says so."""
    with suppress(TimeoutError):
        await asyncio.wait_for(news, DEADLINE_S)


@dataclass(frozen=True)
class Faults:
    """What is wrong; ``targets`` are addresses by the name of the chart's scrape job."""

    targets: Mapping[str, str]
    lab: Lab
    sound: Endpoint
    operator: exporters.Operator
    cluster: exporters.Cluster

    async def mend(self) -> None:
        """All is well again, with the same callers."""
        self.operator.mend()
        self.cluster.mend()
        control_plane = await self.lab.control_plane()
        await publish(control_plane, traffic(route(2), v1=[self.sound]))


async def _faults(stack: AsyncExitStack, folder: Path) -> Faults:
    model = folder / "model"
    sha256 = build_tiny_model(model, model=MODEL)
    troubled = _served(stack, model, sha256, folder / "troubled", TROUBLE)
    sound = _served(stack, model, sha256, folder / "sound", {})
    lab = Lab(stack, folder, await stack.enter_async_context(aiohttp.ClientSession()))
    gateway = await _left_alone(lab, troubled)
    await stack.enter_async_context(_load(lab))
    operator, cluster = exporters.Operator(), exporters.Cluster()
    targets = {
        "pharos-gateway": f"127.0.0.1:{gateway.stats_port}",
        "pharos-serving-papers": f"{troubled.host}:{troubled.port}",
        "pharos-operator": stack.enter_context(exporters.exported(operator.registry)),
        "cluster": stack.enter_context(exporters.exported(cluster.registry)),
    }
    return Faults(targets, lab, sound, operator, cluster)


async def _left_alone(lab: Lab, server: Endpoint) -> Gateway:
    """A gateway that learnt its route and then lost the operator."""
    control_plane = await lab.control_plane()
    gateway = await lab.envoy()
    await publish(control_plane, traffic(route(1), v1=[server]))
    await control_plane.stop()
    return gateway


def _served(
    stack: AsyncExitStack, model: Path, sha256: str, scratch: Path, trouble: Mapping[str, str]
) -> Endpoint:
    """Where a server of the model answers."""
    scratch.mkdir()
    about = {"PHAROS_MODEL_NAME": MODEL, "PHAROS_MODEL_NAMESPACE": NAMESPACE}
    settings = serving_environment(model, sha256, scratch, **about, **QUICK, **trouble)
    server = stack.enter_context(running_server(settings, scratch / "serving.log"))
    host, _, port = server.url.removeprefix("http://").partition(":")
    return Endpoint(host, int(port))


@asynccontextmanager
async def _load(lab: Lab) -> AsyncIterator[None]:
    """Callers who ask one after the other until the body is over."""
    over, url = asyncio.Event(), f"http://127.0.0.1:{lab.traffic_port}{PATH}"

    async def caller() -> None:
        while not over.is_set():
            async with lab.session.post(url, json={"text": TEXT}) as answer:
                assert answer.status in (200, 500)

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(caller())
        yield
        over.set()
