"""The example for Alertmanager: its own tool takes it, and a real one tells Slack in our words."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from helm_chart import ROOT

EXAMPLE = ROOT / "manifests" / "alertmanager" / "alertmanager.yaml"
SECRETS = "/etc/alertmanager/secrets"
DEADLINE_S = 60
MISSING = "install Alertmanager (Debian package prometheus-alertmanager)"

ROUTES = {
    "what is critical wakes somebody": (("platform=pharos", "severity=critical"), "chat-and-duty"),
    "what waits is told in the chat": (("platform=pharos", "severity=warning"), "chat"),
    "what is not ours is left to others": (("severity=critical",), "nobody"),
}


@pytest.fixture
def amtool() -> str:
    found = shutil.which("amtool")
    if found is None:
        pytest.skip(f"needs amtool: {MISSING}")
    return found


def ask(*line: str) -> str:
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_is_sound_and_has_all_three_roads(amtool: str) -> None:
    said = ask(amtool, "check-config", str(EXAMPLE))
    assert "SUCCESS" in said
    text = EXAMPLE.read_text()
    assert all(road in text for road in ("slack_configs", "email_configs", "pagerduty_configs"))


@pytest.mark.parametrize(("labels", "receiver"), ROUTES.values(), ids=ROUTES)
def test_an_alert_goes_to(labels: tuple[str, ...], receiver: str, amtool: str) -> None:
    asked = ("config", "routes", "test", f"--config.file={EXAMPLE}", *labels)
    assert ask(amtool, *asked).split() == [receiver]


@pytest.fixture
async def slack() -> AsyncIterator[tuple[str, "asyncio.Queue[dict[str, Any]]"]]:
    """An address that takes what is posted to it, as Slack's webhooks do."""
    posted: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        posted.put_nowait(json.loads(await request.text()))
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}/hook", posted
    await runner.cleanup()


@pytest.fixture
async def alertmanager(
    slack: tuple[str, "asyncio.Queue[dict[str, Any]]"], tmp_path: Path
) -> AsyncIterator[str]:
    """A real one with the example; only the files' place is another."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip(f"needs Alertmanager: {MISSING}")
    for name in ("pagerduty-key", "smtp-password"):
        (tmp_path / name).write_text("none")
    (tmp_path / "slack-webhook").write_text(slack[0])
    text = EXAMPLE.read_text().replace(SECRETS, str(tmp_path))
    # Nobody waits in a test, and no letter leaves it.
    text = text.replace("group_wait: 10s", "group_wait: 1s").replace(
        "smtp.example.com", "127.0.0.1"
    )
    config = tmp_path / "alertmanager.yaml"
    config.write_text(text)
    address = f"127.0.0.1:{free_port()}"
    options = (f"--web.listen-address={address}", "--cluster.listen-address=")
    places = (f"--config.file={config}", f"--storage.path={tmp_path / 'data'}")
    log = tmp_path / "alertmanager.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            program, *places, *options, stdout=out, stderr=out
        )
    ended = asyncio.create_task(process.wait())
    ready = asyncio.create_task(listens(f"http://{address}/-/ready"))
    await asyncio.wait([ended, ready], return_when=asyncio.FIRST_COMPLETED)
    assert not ended.done(), log.read_text()
    yield f"http://{address}"
    process.kill()
    await ended


async def listens(url: str) -> None:
    """Ask until something answers."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


@pytest.mark.requirement("MON-10", "MON-14", "MON-15")
@pytest.mark.timeout(DEADLINE_S + 30)
async def test_slack_is_told_of_all_that_went_wrong_at_once_a_line_each(
    alertmanager: str, slack: tuple[str, "asyncio.Queue[dict[str, Any]]"]
) -> None:
    where = {"namespace": "papers", "model": "arxiv", "platform": "pharos", "severity": "warning"}
    said = ["⚠️ High error rate: 7.5%", "⚠️ High latency: 250ms (p95)"]
    alerts = [
        {
            "labels": where | {"alertname": f"Pharos{number}"},
            "annotations": {"summary": line, "runbook_url": "https://r.example.com/page.md"},
            "startsAt": datetime.now(UTC).isoformat(),
        }
        for number, line in enumerate(said)
    ]
    async with asyncio.timeout(DEADLINE_S), aiohttp.ClientSession() as session:
        async with session.post(f"{alertmanager}/api/v2/alerts", json=alerts) as answer:
            assert answer.status == 200, await answer.text()
        posted = await slack[1].get()
    (attachment,) = posted["attachments"]
    lines = attachment["text"].splitlines()
    assert lines[0] == "🚨 ML Model Alert"
    assert [line.split(" — ")[0] for line in lines[1:]] == said
    assert slack[1].empty()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
