"""The retention Job as its pod runs it: a process, real files and a real PostgreSQL."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from integration.postgres import own_postgres, postgres_url
from jobs_builders import papers, step_input
from retention_cases import told, version
from retention_store import Store, assert_as_shown, retained, seven_versions
from store_builders import make_prediction, project, stored

from pharos_api.jobio import Output, StepInput, StepResult
from pharos_api.modelversion import Stage
from pharos_api.names import ENV_DATABASE_URL, ENV_RETENTION_INPUT, ENV_TERMINATION_LOG
from pharos_api.retaining import RetentionInput, RetentionResult
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.retention import owners
from pharos_jobs.running import run_step
from pharos_store.connecting import open_engine
from pharos_store.log_writing import write_log
from pharos_store.rows import LogBatch
from pharos_store.upgrading import upgrade

__all__ = ["own_postgres", "postgres_url"]
HELD = {
    "v1.0.0": ("Archive", "Superseded"),
    "v1.1.0": ("Keep", "Lineage"),
    "v1.2.0": ("Keep", "Pinned"),
    "v1.3.0": ("Keep", "Archived"),
    "v1.4.0": ("Keep", "InExperiment"),
    "v1.5.0": ("Keep", "Previous"),
    "v1.6.0": ("Keep", "Production"),
}
SECRETS = {"AWS_SECRET_ACCESS_KEY": "canary-aws-61", "NCBI_API_KEY": "canary-ncbi-62"}


class House:
    """An artifact root that a run left something in, and a database with an old row."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.root = (folder / "artifacts").as_uri()
        self.inputs: dict[str, str] = {}

    def step(self, step: StepName) -> StepResult:
        source = {"dataset": {"uri": (self.folder / "papers.jsonl").as_uri()}}
        given: StepInput = step_input(
            self.folder / "artifacts",
            step,
            model="arxiv",
            inputs=self.inputs,
            data={"source": source, "minPapersPerClass": 5},
        )
        result, _ = run_step(given)
        self.inputs |= result.outputs
        return result

    def retain(self, known: RetentionInput, *words: str) -> tuple[str, Path]:
        log = self.folder / "termination"
        done = subprocess.run(
            [sys.executable, "-m", "pharos_jobs", "retain", *words],
            env=os.environ
            | SECRETS
            | {
                ENV_RETENTION_INPUT: known.model_dump_json(by_alias=True, exclude_defaults=True),
                ENV_TERMINATION_LOG: str(log),
                ENV_DATABASE_URL: self.url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (self.folder / "retain.log").write_text(done.stdout + done.stderr)
        return done.stdout, log

    def age(self, days: float) -> None:
        """Make time pass: every file and every claim is so much older."""
        moment = datetime.now(UTC) - timedelta(days=days)
        for file in (self.folder / "artifacts").rglob("*.json"):
            if "owners" in file.parts:
                document = json.loads(file.read_text()) | {"since": moment.isoformat()}
                file.write_text(json.dumps(document))
        for file in (self.folder / "artifacts").rglob("*"):
            os.utime(file, (moment.timestamp(), moment.timestamp()))

    def files(self) -> set[str]:
        return {file.path for file in storage.walk(self.root)}


@pytest.fixture
def house(tmp_path: Path, postgres_url: str) -> Any:
    (tmp_path / "artifacts").mkdir()
    rows = (json.dumps(paper.to_json()) for paper in papers(("cs.AI", "cs.RO"), 20))
    (tmp_path / "papers.jsonl").write_text("\n".join(rows))
    made = House(tmp_path, postgres_url)
    for step in (StepName.COLLECT, StepName.PREPARE):
        assert made.step(step).error is None
    return made


@pytest.mark.requirement("SEC-9")
@pytest.mark.requirement("SEC-10")
@pytest.mark.requirement("SEC-12")
def test_what_the_plan_shows_is_what_the_job_then_deletes(house: House) -> None:
    upgrade(house.url)
    engine = open_engine(house.url)
    project(engine)
    long_ago = datetime.now(UTC) - timedelta(days=31)
    write_log(engine, LogBatch([make_prediction("retained-1", created_at=long_ago)]))
    house.age(400)
    known = told(version("v1.0.0", Stage.PRODUCTION), root=house.root)

    printed, _ = house.retain(known, "--show")
    before = house.files()
    shown = {row["path"] for row in json.loads(printed) if row["verdict"] == "Delete"}
    assert shown == {"raw/uid-1", f"datasets/{house.inputs[Output.DATASET_SHA256]}"}

    _, log = house.retain(known.model_copy(update={"dry_run": True}))
    dry = RetentionResult.model_validate_json(log.read_text())
    assert house.files() == before
    _, log = house.retain(known)
    result = RetentionResult.model_validate_json(log.read_text())
    assert dry.model_copy(update={"dry_run": False}) == result
    gone = {path for path in before - house.files() if not path.startswith("owners/")}
    assert gone == {path for path in before if path.startswith(tuple(shown))}
    assert (result.deleted, result.anonymised, result.aggregated) == (2, 1, 1)
    assert result.freed_bytes > 0
    assert not owners.all_owned(house.root, owners.DATASETS)
    (row,) = (row for row in stored(engine) if row["created_at"] == long_ago)
    assert (row["input_text"], row["user_id"]) == ("", None)
    engine.dispose()
    written = (house.folder / "retain.log").read_text() + log.read_text()
    assert not [name for name, secret in SECRETS.items() if secret in written]


def test_what_a_run_makes_belongs_to_its_model_and_ages_from_its_collection(house: House) -> None:
    house.age(100)
    house.step(StepName.PREPARE)
    digest = house.inputs[Output.DATASET_SHA256]
    run = owners.owned(house.root, (owners.RUNS, "uid-1"))
    data = owners.owned(house.root, (owners.DATASETS, digest))
    assert run is not None
    assert data is not None
    assert run.owners == data.owners == {"default.arxiv"}
    assert run.since == data.since


@pytest.mark.requirement("SEC-9", "SEC-10", "SEC-11", "PRF-14")
def test_the_bytes_and_versions_of_a_dry_run_are_those_that_are_then_freed_and_moved(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path, datetime.now(UTC))
    known = store.told(*seven_versions(store).values())
    found = retained(store, known.model_dump_json(by_alias=True, exclude_defaults=True))

    verdicts = {row["path"]: (row["verdict"], row["reason"]) for row in found.shown}
    held = {f"{store.models}/{number}": reason for number, reason in HELD.items()}
    assert {path: verdicts[path] for path in held} == held
    assert found.paths("Archive") == {f"{store.models}/v1.0.0"} | {
        f"raw/run-v1.{number}.0" for number in range(7)
    }
    assert_as_shown(found)
    again = retained(store, known.model_dump_json(by_alias=True, exclude_defaults=True))
    assert (again.done.deleted, again.done.archived, again.done.freed_bytes) == (0, 0, 0)
    assert not again.gone | again.moved
