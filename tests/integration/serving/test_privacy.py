"""What is kept of people, and what is forgotten: a real server, PostgreSQL and real files."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from erasure_house import House
from integration.postgres import Server
from jobs_builders import papers, step_input
from operator_lab import until
from searching import every_file, every_row
from serving_process import Running, running_server, serving_environment
from sqlalchemy import Engine, text
from store_builders import CANDIDATE, make_prediction, project, stored

from pharos_api.erasing import ErasureReceipt
from pharos_api.jobio import Output
from pharos_api.names import ENV_DATABASE_URL
from pharos_api.trainingrun import StepName
from pharos_jobs.datasets import open_dataset, read_all
from pharos_jobs.running import run_step
from pharos_serving.spool import Spool
from pharos_store.base import Base
from pharos_store.connecting import open_engine
from pharos_store.identity import mark, text_hash, user_uuid
from pharos_store.rows import LabelRow, LogBatch
from pharos_store.upgrading import upgrade

pytestmark = pytest.mark.timeout(300)
PATIENCE_S = 60.0
KEY = "canary-hash-key-7f3a9b"
ADA, BOB = "ada@example.org", "bob"
ADAS_TEXT = "ada wrote this very text about gardens where nobody planned any path at all"
BOBS_TEXT = "bob said something else entirely concerning boats which sail over cold northern seas"
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

    def house(self, learnt: str = "", other: str = "") -> House:
        """The artifacts and the archive, beside the spool and the logs."""
        return House(self.folder, learnt, other, ADAS_TEXT)

    def found(self) -> dict[str, str]:
        """Every row of every table, and every file that anybody wrote."""
        tables = every_row(self.engine)
        assert {name.rpartition(".")[2] for name in tables} >= set(Base.metadata.tables)
        return tables | every_file(self.folder)

    def everything(self) -> str:
        found = self.found()
        return "\n".join([*found, *found.values()])

    def serve(self, name: str) -> Any:
        return running_server(self.environment, self.folder / f"{name}.log")

    def ask(self, server: Running, user: str, words: str) -> str:
        """The request id of an answer."""
        answer = httpx.post(
            f"{server.url}/v1/classify", json={"text": words}, headers={"x-user-id": user}
        )
        assert answer.status_code == 200
        return str(answer.json()["requestId"])

    def stop(self, server: Running) -> None:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_S) == 0

    def erase(self, user: str) -> ErasureReceipt:
        told = self.house().told(user)
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
    found = world.found() | {"metrics": metrics}
    for kind, secret in SECRETS.items():
        assert any(f"kept-{kind}" in said for said in found.values())
        assert not [place for place, said in found.items() if secret in said], kind
    everything = "\n".join([*found, *found.values()])
    for name in ("NCBI_API_KEY", "AWS_SECRET_ACCESS_KEY", "PHAROS_USER_HASH_KEY"):
        assert world.environment[name] not in everything, name
    assert ADA not in everything


def learn(world: World) -> list[str]:
    """Three data sets by the step itself, each of which extends the one before; their digests.

    What users labelled joins the second and stays in the third.
    """
    file, digests = world.folder / "papers.jsonl", list[str]()
    for number, each in enumerate((20, 25, 30)):
        file.write_text("\n".join(json.dumps(p.to_json()) for p in papers(each=each)))
        data: dict[str, Any] = {"source": {"dataset": {"uri": file.as_uri()}}}
        data["minPapersPerClass"] = 10
        if digests:
            data["extends"] = {"datasetSha256": digests[-1]}
        if number == 1:
            data["extends"] |= {"feedbackSince": "2026-01-01"}
        outputs: dict[str, str] = {}
        for step in (StepName.COLLECT, StepName.PREPARE):
            about = {"uid": f"uid-{number}", "model": "arxiv", "data": data, "inputs": outputs}
            result, _ = run_step(step_input(world.folder / "artifacts", step, **about))
            assert result.error is None
            outputs = outputs | result.outputs
        digests.append(outputs[Output.DATASET_SHA256])
    return digests


def furnish(house: House, digests: list[str]) -> None:
    """Versions of each data set, one of them in the archive, and where else the text can stand."""
    _, second, third = digests
    house.version("v1.1.0", second, place=house.cold)
    house.version("v1.2.0", third)
    house.trained("run-3", third)
    for place in (house.root, house.cold):
        house.papers(place)
    tokens = house.folder / "artifacts/tokens"
    tokens.mkdir()
    (tokens / "abc.arrow").write_text(house.text)
    house.cut_off()
    house.report()


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


def somebody_elses_table(world: World) -> None:
    """A table that Pharos did not make is searched as well."""
    with world.engine.begin() as connection:
        connection.execute(text("create schema another"))
        connection.execute(text("create table another.notes as select 'not of ada' as note"))
    assert world.found()["another.notes"] == '("not of ada")'


def forgotten_in(world: World, request: str) -> list[str]:
    """Where a text or a request still stands, beside the versions that quote it."""
    places = [
        place for place, said in world.found().items() if ADAS_TEXT in said or request in said
    ]
    return [place for place in places if "reference_answers" not in place]


@pytest.mark.requirement("SEC-14")
def test_a_user_who_is_erased_is_found_nowhere_afterwards(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.serve("first") as server:
        learnt = world.ask(server, ADA, ADAS_TEXT)
        other = world.ask(server, BOB, BOBS_TEXT)
        for request in (learnt, other):
            said = {"requestId": request, "label": "cs.AI"}
            assert httpx.post(f"{server.url}/v1/feedback", json=said).status_code == 202
        world.stop(server)
    monkeypatch.setenv(ENV_DATABASE_URL, world.environment["PHAROS_DATABASE_URL"])
    digests = learn(world)
    house = world.house(learnt, other)
    sets = [f"{house.root}/datasets/{digest}" for digest in digests]
    had_it = [ADAS_TEXT in {each.text for each in read_all(open_dataset(uri))} for uri in sets]
    assert had_it == [False, True, True]
    furnish(house, digests)
    left_in_spool(world)
    somebody_elses_table(world)

    receipt = world.erase(ADA)
    again = world.erase(ADA)
    assert not forgotten_in(world, learnt)
    for path in ("artifacts/models/default/arxiv/v1.2.0", "cold/models/default/arxiv/v1.1.0"):
        assert any(f"{path.removeprefix('artifacts/')} quotes" in each for each in receipt.left)
        shutil.rmtree(world.folder / path)

    with world.serve("second") as server:
        metrics = httpx.get(f"{server.url}/metrics").text
        world.stop(server)
    user = user_uuid(KEY, ADA)
    assert user is not None
    everything = world.everything() + metrics
    for trace in (
        ADA,
        str(user),
        user.hex,
        learnt,
        ADAS_TEXT,
        text_hash(KEY, ADAS_TEXT),
        "mail@ada",
    ):
        assert trace not in everything, trace
    assert BOBS_TEXT in everything
    assert other in everything
    assert len([each for each in read_all(open_dataset(sets[2])) if each.text == BOBS_TEXT]) == 1
    assert (receipt.predictions, receipt.feedback, receipt.samples) == (1, 1, 3)
    assert (receipt.raw_papers, receipt.caches, receipt.reports) == (2, 2, 1)
    named = [f"models/default/arxiv/{number}" for number in ("v1.1.0", "v1.2.0")]
    assert receipt.models == [*named, "runs/run-3/model"]
    assert (receipt.known, receipt.earlier, receipt.user_mark) == (True, None, mark(user))
    assert again == receipt.model_copy(update={"at": again.at, "earlier": receipt.at})


def test_a_user_whom_nobody_knows_is_told_to_be_unknown(world: World) -> None:
    receipt = world.erase("nobody at all")
    assert (receipt.known, receipt.predictions, receipt.samples) == (False, 0, 0)


def series(server: Running, name: str) -> float:
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


@pytest.mark.requirement("SEC-14")
def test_a_running_server_does_not_answer_from_what_it_remembers_of_a_forgotten_user(
    world: World,
) -> None:
    hits, misses = (f'pharos_response_cache_lookups_total{{outcome="{x}"' for x in ("hit", "miss"))
    with world.serve("running") as server:
        for _ in range(2):
            world.ask(server, ADA, ADAS_TEXT)
        assert (series(server, hits), series(server, misses)) == (1, 1)
        assert series(server, "pharos_response_cache_bytes") > 0
        until("both rows arrive", lambda: len(stored(world.engine)) == 2, PATIENCE_S)
        assert world.erase(ADA).predictions == 2
        until(
            "the server forgets",
            lambda: series(server, "pharos_response_cache_bytes") == 0,
            PATIENCE_S,
        )
        world.ask(server, BOB, ADAS_TEXT)
        assert (series(server, hits), series(server, misses)) == (1, 2)
        world.stop(server)
