"""A tiny real model in a service, asked through its ASGI application."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from builders_serving import build_tiny_model
from pydantic import SecretStr

from pharos_serving.__main__ import build_service
from pharos_serving.app import create_app
from pharos_serving.prediction_log import Entry
from pharos_serving.service import Service
from pharos_serving.settings import Settings


@dataclass(slots=True)
class RememberingLog:
    """A prediction log that keeps what it is offered."""

    entries: list[Entry] = field(default_factory=list)
    pending_rows: int = 0
    room: bool = True

    def offer(self, entry: Entry) -> bool:
        if self.room:
            self.entries.append(entry)
        return self.room


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder and digest of a model that nobody may change."""
    folder = tmp_path_factory.mktemp("tiny")
    return folder, build_tiny_model(folder)


@pytest.fixture
def settings(tiny_model: tuple[Path, str], tmp_path: Path) -> Settings:
    folder, sha256 = tiny_model
    return Settings(
        model_name="tiny",
        user_hash_key=SecretStr("key"),
        model_version="v1.0.0",
        model_uri=folder.as_uri(),
        model_sha256=sha256,
        cache_dir=tmp_path / "cache",
        cache_mib=8,
        max_texts=4,
        max_characters=1000,
        max_body_bytes=8192,
        self_benchmark_s=0,
    )


@pytest.fixture
def log() -> RememberingLog:
    return RememberingLog()


@pytest.fixture
def service(settings: Settings, log: RememberingLog) -> Iterator[Service]:
    made = build_service(settings)
    made.log = log
    made.worker.start()
    made.metrics.watch(lambda: made.worker.waiting_texts, lambda: made.log.pending_rows)
    yield made
    made.worker.stop()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://serving") as made:
        yield made
