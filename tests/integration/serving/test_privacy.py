"""What is kept of people, and what is forgotten: a real server, PostgreSQL and real files."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from integration.postgres import Server
from jobs_builders import sample
from serving_process import Running, running_server, serving_environment
from sqlalchemy import Engine, select
from store_builders import CANDIDATE, make_prediction, project

from pharos_api.erasing import ErasureInput, ErasureReceipt
from pharos_jobs import storage
from pharos_jobs.core.splits import Splits
from pharos_jobs.datasets import open_dataset, read_split, write_dataset
from pharos_serving.spool import Spool
from pharos_store.base import Base
from pharos_store.connecting import open_engine
from pharos_store.identity import mark, user_uuid
from pharos_store.rows import LabelRow, LogBatch
from pharos_store.upgrading import upgrade

pytestmark = pytest.mark.timeout(300)
PATIENCE_S = 60.0
KEY = "canary-hash-key-7f3a9b"
ADA, BOB = "ada@example.org", "bob"
# One of each kind that must never be kept, as a person might paste it.
SECRETS = {
    "mail": "grace.hopper@navy.example.mil",
    "phone": "555-123-4567",
    "link": "https://example.org/reset?token=canarytoken1",
    "openai": "sk-canaryCANARYcanary0123456789",
    "github": "ghp_canaryCANARYcanary0123456789abcd",
    "amazon": "AKIACANARY0123456789",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
    "bearer": "Bearer canary.canary.canary.0123456789",
}


@dataclass
class World:
    """A database, a place for artifacts and logs, and the server's environment."""

    folder: Path
    engine: Engine
    environment: dict[str, str]
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> str:
        return (self.folder / "artifacts").as_uri()

    def rows(self) -> str:
        """Every row of every table."""
        with self.engine.connect() as connection:
            found: dict[str, Any] = {
                table.name: [dict(row._mapping) for row in connection.execute(select(table))]
                for table in Base.metadata.sorted_tables
            }
        return json.dumps(found, default=str, ensure_ascii=False)

    def files(self) -> str:
        """Every file that anybody wrote: artifacts, spool, logs; packed ones unpacked."""
        texts = []
        for file in sorted(self.folder.rglob("*")):
            if file.is_file() and file.suffix == ".gz":
                texts += [json.dumps(row) for row in storage.read_lines(file.as_uri())]
            elif file.is_file():
                texts.append(file.read_bytes().decode("utf-8", "replace"))
        return "\n".join(texts)

    def serve(self, name: str) -> Any:
        return running_server(self.environment, self.folder / f"{name}.log")

    def ask(self, server: Running, user: str, text: str) -> str:
        """The request id of an answer."""
        answer = httpx.post(
            f"{server.url}/v1/classify", json={"text": text}, headers={"x-user-id": user}
        )
        assert answer.status_code == 200
        return str(answer.json()["requestId"])

    def stop(self, server: Running) -> None:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_S) == 0

    def erase(self, user: str) -> ErasureReceipt:
        told = ErasureInput(user=user, reason="asked by mail@ada.example", artifact_root=self.root)
        done = subprocess.run(
            [sys.executable, "-m", "pharos_jobs", "erase"],
            input=told.model_dump_json(by_alias=True),
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (self.folder / "erase.log").write_text(done.stderr)
        return ErasureReceipt.model_validate_json(done.stdout)


@pytest.fixture
def world(tiny_model: tuple[Path, str], tmp_path: Path, own_postgres: Server) -> Any:
    upgrade(own_postgres.url)
    engine = open_engine(own_postgres.url)
    project(engine)
    environment = serving_environment(
        *tiny_model,
        tmp_path,
        PHAROS_DATABASE_URL=own_postgres.url,
        PHAROS_MODEL_VERSION_UID=str(CANDIDATE),
        PHAROS_USER_HASH_KEY=KEY,
        PHAROS_ACCESS_LOG="true",
        PHAROS_CACHE_MIB="8",
        PHAROS_LOG_LEVEL="DEBUG",
        NCBI_API_KEY="canary-ncbi-key-51",
        AWS_SECRET_ACCESS_KEY="canary-aws-key-52",
    )
    yield World(tmp_path, engine, environment)
    engine.dispose()


@pytest.mark.requirement("SEC-2")
def test_what_people_paste_is_kept_nowhere(world: World) -> None:
    with world.serve("serving") as server:
        for kind, secret in SECRETS.items():
            world.ask(server, ADA, f"kept-{kind} {secret} ends")
            refused = {"requestId": secret.replace(" ", "-"), "label": secret}
            httpx.post(f"{server.url}/v1/feedback", json=refused)
            httpx.post(f"{server.url}/v1/classify", content=f"{{broken {secret}")
        metrics = httpx.get(f"{server.url}/metrics").text
        world.stop(server)
    rows = world.rows()
    for kind, secret in SECRETS.items():
        assert f"kept-{kind}" in rows
        for place, text in (("rows", rows), ("files", world.files()), ("metrics", metrics)):
            assert secret not in text, f"{kind} stands in {place}"
    everything = rows + world.files() + metrics
    for name in ("NCBI_API_KEY", "AWS_SECRET_ACCESS_KEY", "PHAROS_USER_HASH_KEY"):
        assert world.environment[name] not in everything, name
    assert ADA not in everything


def fill(world: World, learnt: str, other: str) -> str:
    """A data set that holds a text of each, a version trained on it, and what quotes it."""
    mine = replace(sample(seed=1), arxiv_id=learnt, text="ada wrote this very text")
    theirs = replace(sample(seed=2), arxiv_id=other, text="bob wrote this other text")
    rest = [sample("cs.RO", seed) for seed in range(4)]
    splits = Splits((mine, rest[0]), (theirs, rest[1]), tuple(rest[2:]))
    card = {"labels": ["cs.AI", "cs.RO"], "samples": 6}
    dataset = write_dataset(world.root, splits, card)
    papers, _ = storage.gzip_lines([mine.to_json(), theirs.to_json()])
    storage.write_bytes(f"{world.root}/raw/run-1/papers.jsonl.gz", papers)
    storage.write_bytes(f"{world.root}/tokens/abc.arrow", b"ada wrote this very text")
    quote = json.dumps({"text": mine.text, "label": "cs.AI", "scores": {}}) + "\n"
    answers = f"{world.root}/runs/run-1/evaluation/reference_answers.jsonl"
    storage.write_bytes(answers, quote.encode())
    about = {"dataset": {"sha256": dataset.sha256}}
    storage.write_json(f"{world.root}/models/default/arxiv/v1.0.0/metadata.json", about)
    return dataset.uri


def left_in_spool(world: World) -> None:
    """What a pod that was killed left: a row and a label in a segment, and rows set aside."""
    spool = Spool(Path(world.environment["PHAROS_SPOOL_DIR"]), 1 << 20)
    before = datetime.now(UTC) - timedelta(minutes=5)
    rows = [
        replace(make_prediction(f"spooled-{user}"), user_id=user_uuid(KEY, user), created_at=before)
        for user in (ADA, BOB)
    ]
    spool.append(LogBatch(rows, [LabelRow("spooled-" + ADA, "cs.AI", before)]))
    spool.set_aside(LogBatch(rows))


@pytest.mark.requirement("SEC-14")
def test_a_user_who_is_erased_is_found_nowhere_afterwards(world: World) -> None:
    with world.serve("first") as server:
        learnt = world.ask(server, ADA, "ada wrote this very text")
        other = world.ask(server, BOB, "bob wrote this other text")
        for request in (learnt, other):
            said = {"requestId": request, "label": "cs.AI"}
            assert httpx.post(f"{server.url}/v1/feedback", json=said).status_code == 202
        world.stop(server)
    uri = fill(world, learnt, other)
    left_in_spool(world)

    receipt = world.erase(ADA)
    again = world.erase(ADA)

    with world.serve("second") as server:
        world.stop(server)
    user = user_uuid(KEY, ADA)
    assert user is not None
    everything = world.rows() + world.files()
    for trace in (ADA, str(user), user.hex, learnt, "ada wrote this very text", "mail@ada"):
        assert trace not in everything, trace
    assert "bob wrote this other text" in everything
    assert other in everything
    assert (receipt.predictions, receipt.feedback, receipt.samples) == (1, 1, 1)
    assert (receipt.raw_papers, receipt.caches) == (1, 1)
    assert receipt.models == ["models/default/arxiv/v1.0.0"]
    assert (receipt.known, receipt.earlier) == (True, None)
    assert receipt.user_mark == mark(user)
    assert again.model_copy(update={"at": receipt.at}).models == receipt.models
    assert (again.known, again.predictions, again.earlier) == (True, 0, receipt.at)
    assert len(read_split(open_dataset(uri), "train")) == 1
    assert len(storage.names(f"{world.root}/receipts")) >= 1


def test_a_user_whom_nobody_knows_is_told_to_be_unknown(world: World) -> None:
    receipt = world.erase("nobody at all")
    assert (receipt.known, receipt.predictions, receipt.samples) == (False, 0, 0)
