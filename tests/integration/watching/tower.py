"""A real Prometheus with the chart's configuration, a real Alertmanager, and somebody it tells.

The chart's own text is used. Three things in it are the test's, and nothing else: addresses stand
where names of Services stood, it looks twice a second, and all durations of the rules are shorter,
which ``hastened`` does: a second for each minute, and none of ``for`` over ten. Limits stay.
"""

import asyncio
import json
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import helm_chart
import pytest
import yaml
from aiohttp import web
from integration.gateway.lab import free_port, stop

LOOK = "500ms"
MOST_FOR_S = 10
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(?P<before>\[|\boffset )(?P<number>\d+)(?P<unit>[smhd])")
MISSING = "run hack/workbench/setup, or install Prometheus and Alertmanager"

Alert = dict[str, Any]


@dataclass
class Told:
    """Everything that the webhook was sent, the newest last."""

    alerts: list[Alert] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        posted = json.loads(await request.text())
        self.alerts += posted["alerts"]
        self.news.set()
        return web.Response(text="ok")

    async def until(self, enough: Callable[[list[Alert]], bool]) -> None:
        """Wait for what satisfies ``enough``."""
        while not enough(self.alerts):
            self.news.clear()
            await self.news.wait()


def chart_rules() -> list[dict[str, Any]]:
    """Every alert that the chart brings, as it brings it."""
    groups = yaml.safe_load(_rendered()["rules.yaml"])["groups"]
    return [rule for group in groups for rule in group["rules"]]


def hastened(text: str) -> str:
    """The rule file with ranges, offsets and ``for`` a sixtieth as long; nothing else differs."""
    found = yaml.safe_load(text)
    for group in found["groups"]:
        for rule in group["rules"]:
            rule["expr"] = _DURATION.sub(_shorter, rule["expr"])
            rule["for"] = f"{min(_seconds(rule['for']) // 60, MOST_FOR_S)}s"
    return yaml.safe_dump(found, allow_unicode=True)


async def webhook(stack: AsyncExitStack) -> tuple[str, Told]:
    """An address that takes what an Alertmanager posts."""
    told, app = Told(), web.Application()
    app.router.add_post("/hook", told.take)
    runner = web.AppRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return f"http://127.0.0.1:{port}/hook", told


async def alertmanager(stack: AsyncExitStack, folder: Path, hook: str) -> str:
    """Its address. It tells each alert by itself and at once, those of the platform alone."""
    ours = {"matchers": ['platform="pharos"'], "receiver": "hook", "group_by": ["..."]}
    config = {
        "route": {
            "receiver": "nobody",
            "routes": [ours | {"group_wait": "0s", "group_interval": "1s"}],
        },
        "receivers": [{"name": "nobody"}, {"name": "hook", "webhook_configs": [{"url": hook}]}],
    }
    path, address = folder / "alertmanager.yaml", f"127.0.0.1:{free_port()}"
    path.write_text(yaml.safe_dump(config))
    await _started(
        stack,
        folder / "alertmanager.log",
        f"http://{address}/-/ready",
        _program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={path}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    )
    return address


async def prometheus(
    stack: AsyncExitStack, folder: Path, alerts_to: str, targets: Mapping[str, str]
) -> None:
    """The chart's, with the address of one target for each job in ``targets``."""
    files = _rendered()
    config = yaml.safe_load(files["prometheus.yml"])
    config["global"] = dict.fromkeys(config["global"], LOOK)
    config["rule_files"] = [str(folder / "rules.yaml")]
    config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alerts_to]}]}]}
    # The kubelet's and cert-manager's metrics are scraped by the cluster's own Prometheus.
    jobs = [*config["scrape_configs"], {"job_name": "cluster"}]
    config["scrape_configs"] = [_at(job, targets) for job in jobs if job["job_name"] in targets]
    assert {job["job_name"] for job in config["scrape_configs"]} == targets.keys()
    path, address = folder / "prometheus.yml", f"127.0.0.1:{free_port()}"
    path.write_text(yaml.safe_dump(config))
    (folder / "rules.yaml").write_text(hastened(files["rules.yaml"]))
    await _started(
        stack,
        folder / "prometheus.log",
        f"http://{address}/-/ready",
        _program("prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address={address}",
    )


def _rendered() -> dict[str, str]:
    data: dict[str, str] = helm_chart.named("local", "ConfigMap", "pharos-prometheus")["data"]
    return data


def _at(job: dict[str, Any], targets: Mapping[str, str]) -> dict[str, Any]:
    found = {name: value for name, value in job.items() if name != "dns_sd_configs"}
    return found | {"static_configs": [{"targets": [targets[job["job_name"]]]}]}


def _shorter(found: re.Match[str]) -> str:
    return f"{found['before']}{_seconds(found['number'] + found['unit']) // 60}s"


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * _UNIT_S[duration[-1]]


def _program(*called: str) -> str:
    found = next(filter(None, map(shutil.which, called)), None)
    if found is None:
        pytest.skip(f"needs {called[0]}: {MISSING}")
    return found


async def _started(stack: AsyncExitStack, log: Path, ready_url: str, *command: str) -> None:
    """Start it and ask until it is ready; its own words are the error where it ends instead."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out)
    stack.push_async_callback(stop, process)
    ended = asyncio.create_task(process.wait())
    ready = asyncio.create_task(_ready(ready_url))
    await asyncio.wait([ended, ready], return_when=asyncio.FIRST_COMPLETED)
    assert ready.done(), _said(log)
    ended.cancel()


def _said(log: Path) -> str:
    return log.read_text()


async def _ready(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
