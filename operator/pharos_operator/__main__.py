"""The operator's process: reads the settings, opens the connections, and lets one replica live.

With ``reconcile/replica.py``, which puts the parts together, the only place that makes adapters.
"""

import asyncio
import logging
import sys

import aiohttp
from kubernetes.aio.client import ApiClient

from pharos_operator.adapters import http, kubernetes, logs
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.errors import Terminal
from pharos_operator.handlers.lifecycle import Life
from pharos_operator.reconcile.replica import Replica
from pharos_operator.settings import LogFormat, Settings

log = logging.getLogger("pharos_operator")


async def run(settings: Settings) -> None:
    """Run one replica until it is told to stop."""
    telemetry = Telemetry()
    async with kubernetes.connect() as client, aiohttp.ClientSession() as session:
        await _live(settings, telemetry, client, session)


async def _live(
    settings: Settings, telemetry: Telemetry, client: ApiClient, session: aiohttp.ClientSession
) -> None:
    replica = Replica(settings, kubernetes.ApiServer(client, telemetry), session, telemetry)
    app = http.application(replica.endpoints, telemetry)
    runner = await http.serve(app, settings.http_host, settings.http_port)
    try:
        await replica.prepare()
        life = Life()
        watch = life.watch(replica.resources, replica.namespaces, replica.dispatch.receive)
        await life.live([watch, *replica.duties()])
    finally:
        await replica.close()
        await runner.cleanup()


def main() -> None:
    """Entry point: exit code 1 and one sentence where the process cannot start or go on."""
    settings = Settings()
    as_json = settings.log_format is LogFormat.JSON
    logs.configure(settings.log_level, as_json, settings.log_file, settings.syslog_address)
    try:
        asyncio.run(run(settings))
    except Terminal as problem:
        log.critical(str(problem), extra={"reason": problem.reason})
        sys.exit(1)


if __name__ == "__main__":
    main()
