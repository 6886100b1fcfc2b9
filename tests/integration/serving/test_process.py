"""The server as a process: no request lost at its end, no row lost or doubled, clear last words."""

import asyncio
import json
import signal
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
from serving_process import running_server, serving_environment, start
from sqlalchemy import func, select

from pharos_store import queries
from pharos_store.connecting import open_engine
from pharos_store.rows import ExperimentRow, ModelVersionRow
from pharos_store.statements import PREDICTIONS
from pharos_store.upgrading import upgrade

VERSION = UUID(int=1)
EXPERIMENT = UUID(int=2)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
CLIENTS = 8


@dataclass(slots=True)
class Load:
    """Closed-loop clients with kept connections, until they are told that the pod is withdrawn."""

    url: str
    answers: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    withdrawn: bool = False

    async def run(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        async with httpx.AsyncClient(timeout=20) as client:
            clients = [asyncio.create_task(self._ask(client)) for _ in range(CLIENTS)]
            await meanwhile()
            await asyncio.gather(*clients)

    async def _ask(self, client: httpx.AsyncClient) -> None:
        while not self.withdrawn:
            try:
                answer = await client.post(
                    f"{self.url}/v1/classify",
                    json={"text": "word1 to be classified"},
                    headers={"x-user-id": "ada", "x-pharos-experiment": str(EXPERIMENT)},
                )
                self.answers.append(answer.status_code)
            except httpx.HTTPError as error:
                self.lost.append(repr(error))


async def until(condition: Callable[[], bool]) -> None:
    """Let the others work until the condition holds; the test's own timeout is the limit."""
    while not condition():
        await asyncio.to_thread(lambda: None)


def test_sigterm_under_load_loses_no_request_and_no_row(
    tiny_model: tuple[Path, str], tmp_path: Path
) -> None:
    database_url = f"sqlite:///{tmp_path}/pharos.db"
    _prepare(database_url)
    environment = serving_environment(
        *tiny_model,
        tmp_path,
        PHAROS_DATABASE_URL=database_url,
        PHAROS_MODEL_VERSION_UID=str(VERSION),
        PHAROS_USER_HASH_KEY="key",
    )
    with running_server(environment, tmp_path / "log") as server:
        load = Load(server.url)

        async def end_it() -> None:
            await until(lambda: len(load.answers) >= 200)
            server.process.send_signal(signal.SIGTERM)
            sent = len(load.answers)
            async with httpx.AsyncClient() as prober:
                await _until_not_ready(prober, server.url)
            # Endpoints are withdrawn a moment after readiness is gone; until then requests come.
            await until(lambda: len(load.answers) >= sent + 50)
            load.withdrawn = True

        asyncio.run(load.run(end_it))
        assert server.process.wait(20) == 0
    assert load.lost == []
    assert set(load.answers) == {200}
    assert _stored(database_url) == len(load.answers)
    assert "to be classified" not in (tmp_path / "log").read_text()


def test_a_database_that_comes_late_gets_every_row_once(
    tiny_model: tuple[Path, str], tmp_path: Path, postgres_url: str
) -> None:
    late = open_engine(postgres_url)
    with late.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    environment = serving_environment(
        *tiny_model,
        tmp_path,
        PHAROS_DATABASE_URL=postgres_url,
        PHAROS_MODEL_VERSION_UID=str(VERSION),
    )
    with running_server(environment, tmp_path / "log") as server:
        answers = [_classify(server.url) for _ in range(20)]
        server.process.kill()
        server.process.wait()
    spooled = sum(int(f.stem.split("-")[1]) for f in (tmp_path / "spool").glob("*.json"))
    _prepare(postgres_url)
    with running_server(environment, tmp_path / "log") as server:
        answers += [_classify(server.url) for _ in range(5)]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
    assert set(answers) == {200}
    assert _stored(postgres_url) == spooled + 5
    assert list((tmp_path / "spool").glob("*.json")) == []
    late.dispose()


def test_a_wrong_digest_ends_with_a_sentence_where_kubernetes_reads_it(
    tiny_model: tuple[Path, str], tmp_path: Path
) -> None:
    folder, sha256 = tiny_model
    environment = serving_environment(folder, "0" * 64, tmp_path)
    process = start(environment, subprocess.PIPE)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 65
    words = json.loads((tmp_path / "termination").read_text())
    assert words["reason"] == "DigestMismatch"
    assert words["message"].startswith(
        f"Checkpoint integrity check failed. Expected: {'0' * 64}, Got: {sha256}"
    )
    assert json.loads(output.splitlines()[-1])["level"] == "ERROR"


def test_missing_settings_are_named(tmp_path: Path) -> None:
    process = start({"PHAROS_MODEL_NAME": "", "PHAROS_FAULT": ""}, subprocess.PIPE)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 65
    assert b"PHAROS_MODEL_URI: Field required" in output


def _prepare(database_url: str) -> None:
    upgrade(database_url)
    engine = open_engine(database_url)
    queries.upsert_model_version(
        engine, ModelVersionRow(VERSION, "v1.0.0", "file:///m", "production", NOW, model="tiny")
    )
    queries.upsert_experiment(
        engine, ExperimentRow(EXPERIMENT, "rollout", VERSION, VERSION, 0.5, NOW, "running")
    )
    engine.dispose()


def _stored(database_url: str) -> int:
    engine = open_engine(database_url)
    with engine.connect() as connection:
        count = connection.scalar(select(func.count()).select_from(PREDICTIONS))
    engine.dispose()
    return count or 0


def _classify(url: str) -> int:
    headers = {"x-pharos-experiment": str(EXPERIMENT)}
    body = {"text": "word1"}
    return httpx.post(f"{url}/v1/classify", json=body, headers=headers).status_code


async def _until_not_ready(prober: httpx.AsyncClient, url: str) -> None:
    while (await prober.get(f"{url}/v2/health/ready")).status_code == 200:
        pass
