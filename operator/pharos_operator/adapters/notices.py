"""Brings notices to services outside of the cluster, by Apprise (https://appriseit.com).

An Apprise URL holds the tokens of its service, so no URL, and nothing that Apprise says of one,
gets into a log, an error or a status: only its schema does. The Secret is read for each notice and
not kept. Apprise and its 130 services take 60 MB, so it is loaded with the first notice.
"""

import asyncio
import base64
import binascii
import hashlib
import importlib
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import Notice, Ref
from pharos_operator.errors import Invalid, NotFound, Refused
from pharos_operator.ports import Address, Creator, Posted

_TIMEOUT_S = 30.0
# A service that hangs holds a thread for as long as its own time-outs allow.
_THREADS = 4
# Services of the machine that it runs on: none of them is the pod's to use.
_LOCAL = frozenset(
    {"dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows", "blink1"}
)


class AppriseCourier:
    """Fulfils ``ports.Courier``."""

    def __init__(self, cluster: Creator, telemetry: Telemetry) -> None:
        self._cluster = cluster
        self._telemetry = telemetry
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="notices")

    async def post(self, address: Address, notice: Notice, skip: frozenset[str]) -> Posted:
        """Try every service once but those in ``skip``, side by side."""
        urls = [url for url in await self._urls(address) if mark(url) not in skip]
        problems = await asyncio.gather(*(self._send(url, notice) for url in urls))
        tried = list(zip(urls, problems, strict=True))
        return Posted(
            taken=frozenset(mark(url) for url, problem in tried if not problem),
            problems=tuple(sorted({problem for _, problem in tried if problem})),
        )

    async def _urls(self, address: Address) -> list[str]:
        where = f"Secret {address.secret} in {address.namespace}"
        try:
            body = await self._cluster.read(Ref("Secret", address.namespace, address.secret))
        except NotFound:
            raise NotFound("NotFound", f"There is no {where}; create it") from None
        except Refused:
            hint = "add its name to notifications.secretNames of the chart"
            raise Refused("Refused", f"The operator may not read {where}; {hint}") from None
        urls = addresses((body.get("data") or {}).get(address.key, ""))
        if not urls:
            raise Invalid("NoAddress", f"{where} has no Apprise URL under {address.key}")
        return urls

    async def _send(self, url: str, notice: Notice) -> str:
        """Empty where the service took it, else a sentence."""
        loop, kind = asyncio.get_running_loop(), schema(url)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                problem = await loop.run_in_executor(self._threads, _deliver, url, notice)
        except TimeoutError:
            problem = f"{kind}:// did not answer within {_TIMEOUT_S:.0f} s"
        outcome = "failed" if problem else "taken"
        self._telemetry.notices.labels(kind, outcome).inc()
        return problem


def addresses(data: str) -> list[str]:
    """The URLs of a Secret's value: one a line; empty lines and those after ``#`` do not count.

    Raises Invalid for what is no text.
    """
    try:
        text = base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Invalid("NoAddress", "The Secret's value is no text; write one URL a line") from None
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def schema(url: str) -> str:
    """``slack`` of ``slack://…``: all of an address that may be told."""
    found, divided, _ = url.partition("://")
    return found.lower() if divided and found.isalnum() else "unknown"


def mark(url: str) -> str:
    """By which an address is known again without being kept."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _deliver(url: str, notice: Notice) -> str:
    """In a thread: Apprise blocks. What it raises may hold the address, so it ends here."""
    kind = schema(url)
    if kind in _LOCAL:
        return f"{kind}:// speaks to the machine it runs on, which is a pod here; use another one"
    try:
        apprise = _apprise()
        service = apprise.Apprise.instantiate(url, asset=_asset(apprise))
        if service is None:
            return f"{kind}:// is no address that Apprise understands"
        kinds = apprise.NotifyType
        taken = service.notify(
            title=notice.title, body=notice.body, notify_type=kinds(notice.tone.lower())
        )
    except Exception as problem:
        return f"{kind}:// failed with {type(problem).__name__}"
    return "" if taken else f"{kind}:// did not take it"


def _apprise() -> Any:
    # Its lines, and those of its HTTP client, may hold addresses with their tokens.
    for name in ("apprise", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return importlib.import_module("apprise")


def _asset(apprise: Any) -> Any:
    return apprise.AppriseAsset(
        app_id="Pharos", app_desc="Pharos", app_url="", plugin_paths=[], storage_mode="memory"
    )
