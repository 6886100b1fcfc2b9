"""The database goes away under requests and feedback: none fails, none is lost, none is doubled.

A short form of the drill of ten minutes: what a longer outage adds is more segments in the spool.
"""

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from integration.postgres import Server
from serving_process import running_server, serving_environment
from sqlalchemy import text
from store_builders import CANDIDATE, EXPERIMENT, project, stored

from pharos_api.assignment import bucket, salt_of
from pharos_store.connecting import open_engine
from pharos_store.upgrading import upgrade

CLIENTS = 4
PATIENCE_S = 60.0
LABELS = ("cs.AI", "cs.CL", "cs.CV")


@dataclass(slots=True)
class Talk:
    """Clients that ask, and say of every answer what its true label was."""

    url: str
    said: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    over: bool = False
    numbers: Any = field(default_factory=count)

    async def run(self) -> None:
        async with httpx.AsyncClient(timeout=20) as client:
            await asyncio.gather(*(self._converse(client) for _ in range(CLIENTS)))

    async def _converse(self, client: httpx.AsyncClient) -> None:
        while not self.over:
            number = next(self.numbers)
            headers = {
                "x-user-id": f"user-{number % 50}",
                "x-pharos-experiment": str(EXPERIMENT),
                "x-pharos-arm": "control",
                "x-pharos-segment": "mobile",
            }
            body = {"text": f"word{number}"}
            answer = await client.post(f"{self.url}/v1/classify", json=body, headers=headers)
            self.statuses[answer.status_code] += 1
            report = {"requestId": answer.json()["requestId"], "label": LABELS[number % 3]}
            taken = await client.post(f"{self.url}/v1/feedback", json=report)
            self.statuses[taken.status_code] += 1
            self.said[report["requestId"]] = report["label"]

    async def reach(self, predictions: int) -> None:
        """Return when that many were made in all; the test's own timeout is the limit."""
        while len(self.said) < predictions:
            await asyncio.to_thread(lambda: None)


@pytest.mark.requirement("ABT-11")
def test_a_database_that_goes_away_under_requests_costs_no_row_and_no_request(
    tiny_model: tuple[Path, str], tmp_path: Path, own_postgres: Server
) -> None:
    upgrade(own_postgres.url)
    engine = open_engine(own_postgres.url)
    project(engine)
    environment = serving_environment(
        *tiny_model,
        tmp_path,
        PHAROS_DATABASE_URL=own_postgres.url,
        PHAROS_MODEL_VERSION_UID=str(CANDIDATE),
        PHAROS_USER_HASH_KEY="key",
    )

    async def drill(talk: Talk) -> None:
        talking = asyncio.create_task(talk.run())
        for predictions in (150, 300, 450, 600):
            await talk.reach(predictions)
            toggle = own_postgres.start if predictions % 300 == 0 else own_postgres.stop
            await asyncio.to_thread(toggle)
        await talk.reach(700)
        talk.over = True
        await talking

    with running_server(environment, tmp_path / "log") as server:
        talk = Talk(server.url)
        asyncio.run(drill(talk))
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_S) == 0

    rows = stored(engine)
    assert talk.statuses == {200: len(talk.said), 202: len(talk.said)}
    assert Counter(row["request_id"] for row in rows) == Counter(talk.said.keys())
    assert {row["request_id"]: row["label"] for row in rows} == talk.said
    assert not list((tmp_path / "spool").glob("*"))
    assert {(row["arm"], row["segment"], row["model_version_id"]) for row in rows} == {
        ("control", "mobile", CANDIDATE)
    }
    assert {row["bucket"] for row in rows} == {
        bucket(salt_of(str(EXPERIMENT)), f"user-{n}") for n in range(50)
    }
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM prediction_drops")) == 0
    engine.dispose()
